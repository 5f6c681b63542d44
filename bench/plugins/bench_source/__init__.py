"""A service that tells things, for benches: one call, one aggregate, one event."""
