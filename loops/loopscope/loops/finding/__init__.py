"""All loops of a graph: search, totals over all of them, independent sets."""
