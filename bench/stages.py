"""Stages: where the time of one ticket goes, from HTTP to the last commit that it sets off.

``python -m bench.stages [--tickets 60] [--flames FOLDER]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.stages``.

Tickets are raised one at a time, so what is measured is the way itself, not waiting for one another. Two tables: how long
each step took and how often a ticket takes it (steps contain one another: a call contains the method, that its commit),
and the processor time that each process spent on a ticket. ``--flames`` draws where the busiest processes spend theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench import ground
from bench.intake import Desk, Run
from bench.load import percentile
from steward.bus.client import Client
from steward.cli.demo import OPENED, open_project
from steward.plugins import installed_services
from steward.testing.system import System

_TRACE = import_module("bench_source.tracing")  # there since ``ground`` was imported
BUSIEST = ("store", "tickets", "clocks", "gateway")
WARM, RATE = 20, 2.0
REST_S = 10.0
SAMPLES_S = 200
Steps = dict[tuple[str, str], tuple[float, float]]
"""By stage and service: how often, and how many seconds altogether."""


@click.command()
@click.option("--tickets", default=60, show_default=True)
@click.option("--flames", type=click.Path(file_okay=False, path_type=Path), help="Folder for flame graphs (SVG), made by py-spy.")
def main(tickets: int, flames: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ground.running(None, env={"BENCH_TRACE": folder}) as system:
        os.environ.update(system.environ)
        with Client() as client:
            open_project(client, OPENED)
            desk = Desk(system.url, client, callers=1)
            desk.run("warm", WARM)
            resting = ground.processor_s(system)
            time.sleep(REST_S)
            idle = {name: (used - resting[name]) / REST_S for name, used in ground.processor_s(system).items()}
            before, used = _steps(Path(folder)), ground.processor_s(system)
            began = time.monotonic()
            with _flames(system, flames, tickets / RATE):
                run = desk.run("stages", tickets, RATE)
            took_s = time.monotonic() - began
            spent = {name: now - used[name] - idle[name] * took_s for name, now in ground.processor_s(system).items()}
            time.sleep(2 * _TRACE.WRITE_S)
            steps = _since(before, _steps(Path(folder)))
    _tell_steps(steps, tickets)
    _tell_processes(spent, idle, tickets, run)


def _steps(folder: Path) -> Steps:
    found: Steps = defaultdict(lambda: (0.0, 0.0))
    for kept in folder.glob("*.json"):
        service = kept.name.partition("-")[0]
        for stage, (times, seconds) in json.loads(kept.read_text()).items():
            before = found[stage, service]
            found[stage, service] = before[0] + times, before[1] + seconds
    return found


def _since(before: Steps, after: Steps) -> Steps:
    return {key: (times - before[key][0], seconds - before[key][1]) for key, (times, seconds) in after.items() if times > before[key][0]}


@contextmanager
def _flames(system: System, folder: Path | None, seconds: float) -> Iterator[None]:
    """Flame graphs of the busiest processes while something runs; none without a folder. Raises OSError without py-spy."""
    spies = [_spy(system.pids(name)[0], folder / f"{name}.svg", seconds) for name in BUSIEST] if folder else []
    yield
    for spy in spies:
        spy.wait()


def _spy(pid: int, picture: Path, seconds: float) -> subprocess.Popen[bytes]:
    picture.parent.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("py-spy"))
    how = ["--duration", f"{seconds:.0f}", "--rate", str(SAMPLES_S), "--nonblocking", "--output", str(picture)]
    return subprocess.Popen([program, "record", *how, "--pid", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _tell_steps(steps: Steps, tickets: int) -> None:
    table = Table(title="The way of one ticket, by step")
    for column, justify in (("step", "left"), ("in", "left"), ("times a ticket", "right"), ("µs each", "right"), ("µs a ticket", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    order = [stage for stage, _ in (*_TRACE.GATEWAY, *_TRACE.EVERYWHERE)]
    for (stage, service), (times, seconds) in sorted(steps.items(), key=lambda step: (order.index(step[0][0]), -step[1][1])):
        table.add_row(stage, service, f"{times / tickets:.1f}", f"{seconds / times * 1e6:.0f}", f"{seconds / tickets * 1e6:.0f}")
    Console(width=120).print(table)


def _tell_processes(spent: Mapping[str, float], idle: Mapping[str, float], tickets: int, run: Run) -> None:
    table = Table(title="Processor time")
    for column in ("process", "ms a ticket", "share", "ms a second at rest"):
        table.add_column(column, justify="right")
    whole = sum(spent.values())
    for name, seconds in sorted(spent.items(), key=lambda row: -row[1]):
        table.add_row(name, f"{seconds / tickets * 1000:.1f}", f"{seconds / whole:.0%}", f"{idle[name] * 1000:.1f}")
    table.add_row("all", f"{whole / tickets * 1000:.1f}", "100%", f"{sum(idle.values()) * 1000:.1f}")
    Console(width=120).print(table)
    latencies = run.account.latencies_s
    shares = ", ".join(f"{name} {percentile(latencies, share) * 1000:.0f} ms" for name, share in (("p50", 0.5), ("p99", 0.99)))
    print(f"from the 201 to the last commit: {shares}; {len(installed_services())} services are installed")


if __name__ == "__main__":
    main()
