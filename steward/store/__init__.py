"""State and events, committed together."""
