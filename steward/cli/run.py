"""``steward run``: one service in this process."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Run the service NAME, or the gateway, until SIGTERM.

    Uses the broker, the store and the secrets of the system on this machine where the environment names no others.
    """
    from steward import (
        runner,  # first of all: it prepares Python's standard library for green threads
        settings,
    )
    from steward.local import attach

    settings.adopt(attach.environment(attach.place(), settings.inherited()))
    sys.exit(runner.run(name))
