"""Statements about a model, and whether they hold: one file for each kind of statement."""
