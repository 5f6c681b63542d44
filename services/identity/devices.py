"""What kind of program somebody uses, in two words, from its User-Agent: no version, no model, nothing to be traced by."""

from __future__ import annotations

PROGRAMS = (
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""The first that is found counts: browsers also name those that they want to pass for."""
OTHER = "other"


def device_of(agent: str) -> str:
    """Such as ``Firefox, Windows``; ``other`` for what is no browser that is known."""
    program, system = (_first(table, agent) for table in (PROGRAMS, SYSTEMS))
    return ", ".join(word for word in (program, system) if word) or OTHER


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((word for part, word in table if part in agent), "")
