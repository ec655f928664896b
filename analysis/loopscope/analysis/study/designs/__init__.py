"""Designs: which values the parameters take in each run."""
