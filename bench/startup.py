"""How soon after ``steward up`` the first ticket is raised, and how much memory the idle system holds.

``python -m bench.startup``: measured on the second start of an installation, as most starts are.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.cli.demo import OPENED, open_project
from steward.ids import new_id
from steward.local.processes import Process
from steward.replay.feeder import Feeder
from steward.replay.mapping import Request
from steward.testing.system import System, running_system

FIRST_TICKET_AIM_S = 30.0
IDLE_AIM_MB = 900.0
REST_S = 20.0
TICKET = {"kind": "repair_public", "item": "lamp", "channel": "phone", "what": "the lamp is out", "place": "gate"}


@click.command()
def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        with running_system(Path(folder)) as system:
            os.environ.update(system.environ)
            with Client() as client:
                open_project(client, OPENED)
        started = time.perf_counter()
        with running_system(Path(folder)) as system:
            os.environ.update(system.environ)
            feeder = Feeder(system.url, lambda: own_token(OPERATOR), str(OPENED["id"]), new_id())
            if feeder.post(Request(1, "first", TICKET)).ticket is None:
                sys.exit("the first ticket was refused")
            seconds = time.perf_counter() - started
            feeder.close()
            time.sleep(REST_S)
            megabytes = resident_mb(system)
    table = Table(title="Start and rest", show_header=False)
    table.add_row("warm start to the first ticket", f"{seconds:.1f} s (aim < {FIRST_TICKET_AIM_S:.0f})")
    table.add_row("resident memory of all processes, idle", f"{megabytes:.0f} MB (aim < {IDLE_AIM_MB:.0f})")
    Console().print(table)
    sys.exit(0 if seconds < FIRST_TICKET_AIM_S and megabytes < IDLE_AIM_MB else 1)


def resident_mb(system: System) -> float:
    """Resident memory of everything that ``system`` started, its supervisor too, in MB; shared pages count each time."""
    found = system.roster()
    processes: list[Process] = [row.process for row in found.rows if row.process]
    if found.supervisor:
        processes.append(found.supervisor)
    return sum(process.rss_bytes() for process in processes) / 1e6


if __name__ == "__main__":
    main()
