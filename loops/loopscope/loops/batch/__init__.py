"""Scores of many runs, inside the kernel."""
