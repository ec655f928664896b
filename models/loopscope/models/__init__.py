"""From a file to a run: read a stock-and-flow model, write out its equations, simulate it."""

from __future__ import annotations
