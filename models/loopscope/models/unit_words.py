"""The words in which modellers write units: known units, other names for them, plurals.

Beside every stage.  In: nothing.  Out: tables, and ``singular``, for ``unit_names``.
"""

from __future__ import annotations

from functools import cache

PURE = frozenset(
    {
        "dmnl", "dimensionless", "dimless", "unitless", "fraction", "fractional", "ratio",
        "proportion", "probability", "index", "indices", "none", "radian", "rad",
    }
)  # fmt: skip
"""Words for what has no dimension."""

DEFINITIONS = """
    second = [time]; minute = 60 second; hour = 3600 second; day = 86400 second; week = 7 day
    year = 365.25 day; month = year / 12; quarter = year / 4; decade = 10 year; century = 100 year
    metre = [length]; millimetre = 0.001 metre; centimetre = 0.01 metre; kilometre = 1000 metre
    foot = 0.3048 metre; mile = 1609.344 metre
    hectare = 10000 metre ** 2; acre = 4046.8564224 metre ** 2
    gram = [mass]; milligram = 0.001 gram; kilogram = 1000 gram; tonne = 1000000 gram
    litre = 0.001 metre ** 3; megalitre = 1000 metre ** 3
    joule = [energy]; kilojoule = 1e3 joule; megajoule = 1e6 joule; gigajoule = 1e9 joule
    watt = joule / second; kilowatt = 1e3 watt; megawatt = 1e6 watt; gigawatt = 1e9 watt
    kilowatthour = 3.6e6 joule; megawatthour = 3.6e9 joule; gigawatthour = 3.6e12 joule
    percent = 0.01
    person = [person]; dollar = [dollar]
"""

OTHERWISE = {
    "second": "s sec",
    "minute": "min",
    "hour": "h hr",
    "week": "wk",
    "month": "mo mth",
    "quarter": "qtr",
    "year": "yr annum",
    "decade": "decades",
    "metre": "m meter",
    "millimetre": "mm millimeter",
    "centimetre": "cm centimeter",
    "kilometre": "km kilometer",
    "foot": "feet ft",
    "mile": "miles",
    "hectare": "ha",
    "gram": "g gr gramme",
    "milligram": "mg",
    "kilogram": "kg kilo",
    "tonne": "ton",
    "litre": "l liter",
    "megalitre": "megaliter",
    "joule": "j",
    "kilojoule": "kj",
    "megajoule": "mj",
    "gigajoule": "gj",
    "watt": "w",
    "kilowatt": "kw",
    "megawatt": "mw",
    "gigawatt": "gw",
    "kilowatthour": "kwh",
    "megawatthour": "mwh",
    "gigawatthour": "gwh",
    "percent": "% pct percentage",
    "person": "people capita",
    "dollar": "$ usd",
}
"""Other words for known units; plurals are found without being listed."""

LENGTHS = {"metre", "millimetre", "centimetre", "kilometre", "foot", "mile"}
FACTORS = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_IRREGULAR = {
    "children": "child",
    "men": "man",
    "women": "woman",
    "mice": "mouse",
    "lives": "life",
    "deg": "degree",
}
POWERS = {"square": 2, "sq": 2, "cubic": 3}


@cache
def singular(words: str) -> str:
    """Return lower-case words in the singular, by the rules of English and a few exceptions."""
    return " ".join(_one(word) for word in words.split(" "))


def _one(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    if len(word) > 1 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
