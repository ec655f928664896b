"""Where the parts of a diagram stand."""
