"""A service outside Steward, as an integrator writes one: it registers parcels and counts them by shelf."""
