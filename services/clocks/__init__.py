"""Clocks: durable deadlines that start, pause and stop on events (handbook §5)."""
