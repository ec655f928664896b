"""The report to hand over: chapters made of blocks, rendered as one HTML page and as Markdown."""
