"""Sensitivity indices of a sweep: how much of the spread of each outcome each parameter makes.

``analysing`` has the entry; ``methods`` says which methods there are and what each needs; one file
holds each method.
"""
