"""A study: what to sweep, how, and what to keep of each run; read, checked and settled."""
