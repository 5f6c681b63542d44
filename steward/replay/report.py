"""The table that a replay ends with."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from steward.replay.ledger import Account, percentile

_COUNTED = (
    ("raised", "tickets.raised"),
    ("dispatched", "dispatch.ordered"),
    ("offered to somebody", "dispatch.offered"),
    ("clocks started", "clocks.started"),
    ("clocks warned", "clocks.warned"),
    ("clocks breached", "clocks.breached"),
    ("messages queued", "notify.queued"),
)
_EXAMPLES = 10


def show(console: Console, account: Account, dead: int, unusable: int, refused: int) -> None:
    """Print ``account`` with the numbers of dead letters, of rows of no use and of refused requests."""
    table = Table(title="Replay", show_header=False)
    table.add_row("rows of no use", str(unusable))
    table.add_row("requests refused", str(refused))
    table.add_row("acknowledged (201)", str(account.acknowledged))
    for title, event in _COUNTED:
        table.add_row(title, str(account.events[event]))
    for (channel, result), count in sorted(account.messages.items()):
        table.add_row(f"messages: {channel}, {result}", str(count))
    table.add_row("lost", str(len(account.lost)))
    table.add_row("duplicated", str(len(account.doubled)))
    table.add_row("unexpected", str(len(account.unexpected)))
    table.add_row("not yet published", str(len(account.pending)))
    table.add_row("dead letters", str(dead))
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
        table.add_row(f"201 to last listener's commit, {name}", f"{percentile(account.latencies_s, share):.3f} s")
    console.print(table)
    for title, rows in (("Lost", account.lost), ("Duplicated", account.doubled), ("Unexpected", account.unexpected)):
        for row in rows[:_EXAMPLES]:
            console.print(f"{title}: {row}")
