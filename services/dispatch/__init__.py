"""Dispatch (派工): who does the work (handbook §4)."""
