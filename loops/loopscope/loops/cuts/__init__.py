"""Loops cut, by a private link or a switch, and runs without them."""
