"""The broker, the embedded store and the supervisor of one machine."""
