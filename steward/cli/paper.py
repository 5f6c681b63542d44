"""What commands print tables on."""

from __future__ import annotations

from rich.console import Console

_WIDE = 200


def paper() -> Console:
    """The terminal; where there is none, a page wide enough that nothing is cut which somebody may want to copy."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)
