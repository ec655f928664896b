"""The sign of links and loops: proved, observed, or where it changes."""
