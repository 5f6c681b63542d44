"""``steward status``."""

from __future__ import annotations

import sys

import click
from rich.table import Table

from steward.cli.paper import paper
from steward.local import attach, roster

MIB = 2**20


@click.command()
def command() -> None:
    """Show what runs on this machine. The exit code is 1 when it does not run or something is not ready."""
    found = roster.read(attach.place())
    console = paper()
    if not found.runs():
        console.print("not running; start it with: steward up")
        sys.exit(1)
    console.print(f"{found.state} at {found.url}")
    console.print(_table(found))
    sys.exit(0 if all(row.state == "ready" for row in found.rows) else 1)


def _table(found: roster.Roster) -> Table:
    memory = {row.label: row.process.rss_bytes() if row.process else 0 for row in found.rows}
    total = sum(memory.values()) + (found.supervisor.rss_bytes() if found.supervisor else 0)
    table = Table("process", "state", "pid", "port", "restarts", "memory MiB", caption=f"{total / MIB:.0f} MiB in all")
    for row in found.rows:
        pid = str(row.process.pid) if row.process else "-"
        table.add_row(row.label, row.state, pid, str(row.port), str(row.restarts), f"{memory[row.label] / MIB:.0f}")
    return table
