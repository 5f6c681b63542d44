"""Benchmarks: each prints figures and their ratio to a limit measured in the same run. ``make bench`` runs them all."""
