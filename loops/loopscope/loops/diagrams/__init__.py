"""Causal loop diagrams, and stock-and-flow diagrams, of a model."""
