"""Compiled kernels of the layout."""
