"""When two names mean the same variable.

Every stage.  In: a name as somebody wrote it.  Out: the form by which names are compared.
"""

from __future__ import annotations

import re


def key(name: str) -> str:
    """Return the form of a name in which case, spaces, underscores and quotes do not matter.

    Examples
    --------
    >>> key("Teacup_Temperature") == key('"teacup  temperature"')
    True
    """
    return re.sub(r"[\s_]+", " ", name.replace("\\n", " ").replace('"', "")).strip().casefold()
