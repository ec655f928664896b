"""Outcomes split among mechanisms: what each switch of a loop adds to a run."""
