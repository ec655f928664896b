"""The part of parsimonious that Loopscope names."""
