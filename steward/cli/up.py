"""``steward up``: the whole system on this machine."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping

import click

from steward import settings
from steward.local import attach, logs, plan, roster, stopping
from steward.local.errors import AlreadyRunning, LocalError
from steward.local.place import Place
from steward.local.processes import wait_until
from steward.local.supervisor import Supervisor

SEED = (sys.executable, "-m", "steward", "demo")
"""Run in a process of its own, so that supervision goes on meanwhile."""
READY_S = 180.0


@click.command()
@click.option("--demo", is_flag=True, help="Add a demo company once everything is ready, and show its log-ins.")
@click.option("--replicas", multiple=True, metavar="NAME=N", help="How many processes of a service, or of `all`; may be repeated.")
@click.option("--only", multiple=True, metavar="NAME", help="Only this service beside the gateway; may be repeated. `none`: no service.")
@click.option("--detach", is_flag=True, help="Return once everything is ready; `steward stop` ends it.")
def command(demo: bool, replicas: tuple[str, ...], only: tuple[str, ...], detach: bool) -> None:
    """Run broker, store, every installed service and the gateway on this machine until Ctrl-C."""
    place = attach.place()
    counts = plan.parse_replicas(replicas, plan.chosen(only))
    try:
        place.make()
        if detach:
            _detach(place, demo, _options(replicas, only))
        else:
            _supervise(place, demo, counts)
    except OSError as problem:
        raise LocalError(f"{problem.strerror or problem}: {problem.filename or place.data}") from problem


def _supervise(place: Place, demo: bool, counts: Mapping[str, int]) -> None:
    with roster.hold(place):
        stopping.end_leftovers(place, click.echo)
        planned = plan.make(place, settings.inherited(), counts)

        def announce() -> None:
            click.echo(f"Steward is ready at {planned.url}  (stop: Ctrl-C or `steward stop`)")
            if demo:
                _seed_aside(planned.environ)

        click.echo(f"starting {len(planned.parts)} processes; data and logs in {place.data}")
        Supervisor(place, planned.parts, planned.url, click.echo, announce).run()
        click.echo("stopped")


def _seed_aside(environ: Mapping[str, str]) -> None:
    seeding = subprocess.Popen(SEED, env=dict(environ), stdin=subprocess.DEVNULL)
    threading.Thread(target=seeding.wait, daemon=True).start()


def _options(replicas: tuple[str, ...], only: tuple[str, ...]) -> list[str]:
    return [*(f"--replicas={text}" for text in replicas), *(f"--only={name}" for name in only)]


def _detach(place: Place, demo: bool, options: list[str]) -> None:
    if roster.read(place).runs():
        raise AlreadyRunning(f"Steward already runs from {place.data}: see `steward status`, end it with `steward stop`")
    log = place.logs / "supervisor.log"
    logs.bound(log)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "steward", "up", *options],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip

    def settled() -> bool:
        found = roster.read(place)
        return child.poll() is not None or (found.state == "ready" and found.supervisor is not None and found.supervisor.pid == child.pid)

    in_time = wait_until(settled, READY_S, 0.2)
    if child.poll() is not None:
        raise LocalError(f"it did not start: {logs.tail(log, 1).removeprefix('Error: ')}")
    if not in_time:
        raise LocalError(f"not ready after {READY_S:.0f} s: see `steward status`, `steward doctor` and {place.logs}")
    click.echo(f"Steward is ready at {roster.read(place).url}  (stop: `steward stop`)")
    if demo:
        subprocess.run(SEED, check=False)
