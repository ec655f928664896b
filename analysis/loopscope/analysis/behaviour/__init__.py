"""Modes of behaviour: growth, overshoot, oscillation and the others, of one run or of a million."""
