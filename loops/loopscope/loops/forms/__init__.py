"""Equations in equivalent forms, and which conclusions change with the form."""
