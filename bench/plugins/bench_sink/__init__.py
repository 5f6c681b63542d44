"""A service that hears what the source tells, for benches: one handler, one store write."""
