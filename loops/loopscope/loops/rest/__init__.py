"""Equilibria, their stability, and where it changes."""
