"""Thousands of faults for `scripts/torture.py`: each module makes one row of its table, and pytest collects none."""
