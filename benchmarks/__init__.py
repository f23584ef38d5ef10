"""Benchmarks: ratios measured side by side in one run, and counts of SQL statements. ``make bench``."""
