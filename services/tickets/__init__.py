"""Tickets (报事): from the first word of a resident to the closed matter (handbook §3)."""
