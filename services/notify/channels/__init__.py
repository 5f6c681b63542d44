"""The channels that come with the notify service; each is an entry point of the group ``steward.channels``."""
