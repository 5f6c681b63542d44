"""``steward keys``: change the key that seals what is personal, and see how far that is."""

from __future__ import annotations

import sys

import click
from rich.table import Table

from steward.cli.paper import paper
from steward.local import attach, rotation
from steward.settings import inherited
from steward.trust.sealing import name_of

RESTART = "restart all processes (`steward stop`, `steward up`); then `steward keys status`"


@click.group()
def command() -> None:
    """The key ring: which keys seal and open what is personal. Reads the stores themselves; see docs/privacy.md."""


@command.command()
def status() -> None:
    """Tell how far each service is under the current key. The exit code is 0 once no other key is needed."""
    settings = attach.attach()
    found = list(rotation.progress(settings))
    table = Table("service", "sealed", "moved by the last pass", "unknown", "state")
    for each in found:
        seen, moved = (str(sum(getattr(one, name) for one in each.passes)) for name in ("seen", "moved"))
        table.add_row(each.service, seen, moved, str(each.unknown), each.said)
    paper().print(table)
    done = all(each.done for each in found)
    others = ", ".join(name_of(key) for key in settings.other_field_keys) or "none"
    click.echo(f"current key {name_of(settings.field_key)}; others: {others}{', needed no longer' if done and others != 'none' else ''}")
    sys.exit(0 if done else 1)


@command.command()
def rotate() -> None:
    """Make a new key; the one before opens what it has sealed until `retire`."""
    environ = inherited()
    found = list(rotation.progress(attach.attach()))
    name = rotation.rotate(attach.place().secrets, environ, found)
    click.echo(f"the new key is {name}: {RESTART}")


@command.command()
def retire() -> None:
    """Take former keys out of the ring, once nothing is sealed with them any more."""
    environ = inherited()
    found = list(rotation.progress(attach.attach()))
    rotation.retire(attach.place().secrets, environ, found)
    click.echo(f"one key is left: {RESTART}")
