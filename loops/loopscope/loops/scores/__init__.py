"""Methods that say which loop drives a model, one file each; ``record`` is what they return."""
