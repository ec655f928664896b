"""Text for LaTeX: specials escaped, letters that plain LaTeX lacks written out.

Beside stage 5.  In: any text.  Out: ASCII that pdfLaTeX sets with its own fonts: none of the signs
that it takes from a font of the text companion encoding, which a small installation has to draw.
"""

from __future__ import annotations

import unicodedata

SPECIALS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", '"': "''",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}",
}  # fmt: skip

LIGATURES = ("--", "``", "''", ",,", "?`", "!`")
"""Two letters that LaTeX would set as one."""

ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=",
    "\u0306": r"\u", "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H",
    "\u030c": r"\v", "\u0323": r"\d", "\u0327": r"\c", "\u0331": r"\b",
}  # fmt: skip

LETTERS = {
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "\u0131": r"\i{}", "©": "(c)", "…": r"\ldots{}",
    "\u2013": "--", "\u2014": "---", "\u2018": "`{}", "\u2019": "'{}", "\u201c": "``",
    "\u201d": "''", "\u201e": ",,", "¡": "!`", "¿": "?`", "\u2212": r"\ensuremath{-}",
    "°": r"\ensuremath{^\circ}", "\u03bf": "o", "\u039f": "O",
}  # fmt: skip

SYMBOLS = {
    "$": "mathdollar", "§": "mathsection", "¶": "mathparagraph", "£": "mathsterling",
    "\u00d7": "times", "÷": "div", "±": "pm", "µ": "mu", "·": "cdot", "•": "bullet", "→": "to",
    "←": "gets", "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx", "∞": "infty",
    "∂": "partial", "∑": "sum", "√": "surd", "ς": "varsigma",
}  # fmt: skip
"""In mathematics."""

ROMAN_CAPITALS = {
    "ALPHA": "A", "BETA": "B", "EPSILON": "E", "ZETA": "Z", "ETA": "H", "IOTA": "I", "KAPPA": "K",
    "MU": "M", "NU": "N", "RHO": "P", "TAU": "T", "CHI": "X",
}  # fmt: skip
"""Greek capitals that look like Roman ones: LaTeX has no names for them."""

GREEK = frozenset(
    {
        "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA",
        "LAMDA", "MU", "NU", "XI", "PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI",
        "OMEGA",
    }
)  # fmt: skip


def latex_text(text: str) -> str:
    r"""Return text as plain LaTeX sets it.

    A letter that it has no way to set becomes its nearest ASCII letters, or its number in Unicode.

    Examples
    --------
    >>> print(latex_text("50% of café_\u03b1"))
    50\% of caf\'{e}\_\ensuremath{\alpha}
    >>> print(latex_text("\u4eba"))
    [U+4EBA]
    """
    found, before = "", ""
    for char in unicodedata.normalize("NFC", text):
        found += ("{}" if before + char in LIGATURES else "") + _letter(char)
        before = char
    return found


def is_set_whole(text: str) -> bool:
    """Return whether plain LaTeX can set every letter of a text."""
    return all(_known(char) is not None for char in unicodedata.normalize("NFC", text))


def _letter(char: str) -> str:
    known = _known(char)
    if known is not None:
        return known
    near = "".join(_known(one) or "" for one in unicodedata.normalize("NFKD", char))
    return near or f"[U+{ord(char):04X}]"


def _known(char: str) -> str | None:
    """Return a letter in LaTeX; None where it has none."""
    if char in SPECIALS:
        return SPECIALS[char]
    if char in LETTERS:
        return LETTERS[char]
    if char in SYMBOLS:
        return rf"\ensuremath{{\{SYMBOLS[char]}}}"
    if char.isascii():
        return char if char.isprintable() else None
    base, marks = unicodedata.normalize("NFD", char)[:1], unicodedata.normalize("NFD", char)[1:]
    if base.isascii() and base.isalpha() and marks in ACCENTS:
        return f"{ACCENTS[marks]}{{{base}}}"
    return _greek(char)


def _greek(char: str) -> str | None:
    words = unicodedata.name(char, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER" or words[3] not in GREEK:
        return None
    name = "LAMBDA" if words[3] == "LAMDA" else words[3]
    if words[1] == "SMALL":
        return rf"\ensuremath{{\{name.lower()}}}"
    if words[1] == "CAPITAL":
        return ROMAN_CAPITALS.get(name) or rf"\ensuremath{{\{name.capitalize()}}}"
    return None
