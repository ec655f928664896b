"""Eigenvalue methods: modes, and what loops, links and parameters do to them."""
