"""Fitting a case: estimates with their errors, and what the record cannot tell."""
