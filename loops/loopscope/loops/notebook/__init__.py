"""How loops and scores show themselves in a notebook."""
