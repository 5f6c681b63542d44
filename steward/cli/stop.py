"""``steward stop``."""

from __future__ import annotations

import click

from steward.local import attach, stopping


@click.command()
def command() -> None:
    """Stop the system on this machine and wait until nothing of it runs."""
    ran = stopping.stop(attach.place(), click.echo)
    click.echo("stopped" if ran else "nothing was running")
