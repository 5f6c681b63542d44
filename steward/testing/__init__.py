"""What services and integrators test with."""
