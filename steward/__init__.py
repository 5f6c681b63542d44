"""Steward 管家: the kit every service stands on."""
