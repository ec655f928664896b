"""Find and read a study.

In: its name, its path, or its content, and the model if that is known.  Out: a ``Study`` and the
folder it stands in.  Studies that come with a model stand in ``<model>.studies/`` or ``studies/``
beside its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from loopscope.analysis.study.records import Study
from loopscope.models.errors import ReadError, RunError, StudyError, UnknownNameError, did_you_mean
from loopscope.models.names import key
from loopscope.models.scenario import beside, read_toml
from loopscope.models.source import SUFFIXES, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.model import Model

_FORMS = {"all", "table", "declared", "given"}
"""Words that pydantic puts into the place of a mistake, and that no file holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A study and where it comes from.

    Attributes
    ----------
    name
        Of its file, for messages; "study" where there is none.
    folder
        Where files that it names are looked for; None for the working folder.
    model
        The model file that it stands beside; None where it stands beside none.
    """

    study: Study
    name: str = "study"
    folder: Path | None = None
    model: Path | None = None


def studies(model_path: str | Path) -> dict[str, Path]:
    """Return the files of the studies that come with a model, by name, in alphabetical order."""
    return {path.stem: path for path in sorted(beside(model_path, "studies").glob("*.toml"))}


def find(study: Study | Mapping[str, Any] | str | Path, model: Model | str | Path | None) -> Found:
    """Return a study by name, by path or from its content.

    Parameters
    ----------
    study
        A record, a mapping, the name of a study that comes with the model, or a path.  A text with
        the suffix ``.toml``, or with a folder in it, is a path.
    model
        Where to look for a name.

    Raises
    ------
    UnknownNameError
        No study of that name; the message names the nearest, or all.
    ReadError
        No such file, or one that cannot be read as TOML.
    StudyError
        A field that is not as it should be; the message says which.
    """
    if isinstance(study, Study):
        return Found(study=study)
    if not isinstance(study, str | Path):
        return Found(study=checked(study, "study"))
    path = Path(study).expanduser()
    if isinstance(study, str) and path.suffix != ".toml" and len(path.parts) == 1:
        path = _named(study, model)
    return read(path)


def read(path: Path) -> Found:
    """Return the study of a file.

    Raises
    ------
    ReadError, StudyError
        As ``find``.
    """
    if not path.is_file():
        folder = path.parent
        near = [one.name for one in folder.glob("*.toml")] if folder.is_dir() else []
        msg = f"no study file '{path}'{did_you_mean(path.name, near) or '; check the path'}"
        raise ReadError(msg)
    found = checked(read_toml(path), path.name)
    return Found(study=found, name=path.name, folder=path.parent, model=_beside(path))


def checked(content: Mapping[str, Any], file: str) -> Study:
    """Return a checked record of the content of a study.

    Raises
    ------
    StudyError
        A field that is not as it should be.
    """
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        msg = f"{file}: {_fault(error, content)}"
        raise StudyError(msg) from None
    except RunError as error:
        msg = f"{file}: {error}"
        raise StudyError(msg) from None


def schema() -> dict[str, Any]:
    """Return the JSON schema of a study's TOML file, draft 2020-12."""
    found = Study.model_json_schema(by_alias=True)
    found["properties"]["scenario"] = {"type": "string", "description": "The only scenario."}
    for record in (found, *found["$defs"].values()):
        record["description"] = record["description"].partition("\n")[0]
        if "const" in record["properties"].get("kind", {}):
            record["required"] = ["kind", *record.get("required", [])]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | found


def _named(name: str, model: Model | str | Path | None) -> Path:
    if model is None:
        msg = f"'{name}' is a study of which model? Name the model too, or give the study's path"
        raise UnknownNameError(msg)
    where = locate(model)[1] if isinstance(model, str | Path) else Path(model.path)
    known = studies(where)
    for own, path in known.items():
        if key(own) == key(name):
            return path
    hint = did_you_mean(name, known)
    if not hint:
        hint = f"; there are: {', '.join(known)}" if known else "; the model comes with no study"
    msg = f"no study named '{name}'{hint}"
    raise UnknownNameError(msg)


def _beside(path: Path) -> Path | None:
    """Return the model file whose folder of studies a file stands in; None where there is none."""
    folder = path.absolute().parent
    if folder.name.endswith(".studies"):
        stem = folder.name.removesuffix(".studies")
        models = [folder.with_name(stem + suffix) for suffix in SUFFIXES]
    elif folder.name == "studies":
        models = [one for one in sorted(folder.parent.iterdir()) if one.suffix in SUFFIXES]
    else:
        return None
    models = [one for one in models if one.is_file()]
    return models[0] if len(models) == 1 else None


def _fault(error: ValidationError, content: Mapping[str, Any]) -> str:
    """Return the first thing wrong in one line; records in lists by their name."""
    found = error.errors()[0]
    place: list[str] = []
    here: Any = content
    for part in found["loc"]:
        inside = _inside(here, part)
        if inside is None and (part in _FORMS or _is_tag(here, part)):
            continue
        here = inside
        name = here.get("name") if isinstance(part, int) and isinstance(here, dict) else None
        place.append(f"'{name}'" if name else f"'{part}'" if " " in str(part) else str(part))
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        fields = [field.alias or own for own, field in Study.model_fields.items()]
        hint = did_you_mean(str(found["loc"][-1]), fields) if len(place) == 1 else ""
        message = f"not a known field{hint}"
    return f"{'.'.join(place)}: {message}" if place else message


def _inside(here: Any, part: int | str) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    if isinstance(here, list | tuple) and isinstance(part, int) and part < len(here):
        return here[part]
    return None


def _is_tag(here: Any, part: int | str) -> bool:
    """Return whether a part of a place is the kind of a record, which pydantic adds."""
    return isinstance(here, dict) and part in (here.get("kind"), here.get("metric"))
