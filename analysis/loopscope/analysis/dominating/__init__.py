"""How sure one can be of which loop dominates: probabilities, shifts, causes, flips, boxes."""
