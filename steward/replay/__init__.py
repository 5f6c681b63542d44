"""Replaying a recorded day of requests through the HTTP API, and accounting for what became of each."""
