"""``steward audit``: prove that nobody has changed the record of who did what; print what to keep elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from steward.local.attach import attach
from steward.plugins import installed_services
from steward.store.client import connect, database
from steward.store.keys import StoredKeys
from steward.store.proving import Records, anchors_of
from steward.times import now
from steward.trust.chain import Anchor, Chain, Key, Unreadable, anchor_of
from steward.trust.proof import Fault, Known

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ALIKE = 20
"""Faults of one kind in one chain that are told one by one."""
_NOTE = "note: "


@click.group()
def command() -> None:
    """The audit trail: prove it, anchor it. Reads the stores themselves; the services need not run."""


def _chosen(what: Callable[..., None]) -> Callable[..., None]:
    """Adds the options by which chains are chosen."""
    what = click.option("--project", help="Only of this project.")(what)
    return click.option("--service", help="Only of this service.")(what)


@command.command()
@_chosen
@click.option("--anchors", "file", type=_FILE, help="Lines that `steward audit anchor` printed, at whatever times.")
@click.option("--grace", default=600, show_default=True, help="Seconds that an entry may be without a link while others have theirs.")
def verify(service: str | None, project: str | None, file: Path | None, grace: int) -> None:
    """Look for every entry and link that was changed, removed, added or moved: a line for each, and exit code 1 if there is any."""
    settings = attach()
    anchors = _read(file)
    known = {*installed_services(), *(anchor.chain.service for anchor in anchors)}
    faults = 0
    with closing(connect(settings.mongo_uri)) as client, _bar() as bar:
        for name in [service] if service else sorted(known):
            db = database(client, name)
            records, key = Records(db, name), StoredKeys(db, settings.field_keys).chain_key()
            for line in _told(_proven(records, key, project, anchors, name, timedelta(seconds=grace), bar)):
                click.echo(line)
                faults += not line.startswith(_NOTE)
            click.echo(f"{name}: {records.links_read} links, {records.entries_read} entries", err=True)
    click.echo(f"faults: {faults}")
    sys.exit(1 if faults else 0)


@command.command()
@_chosen
def anchor(service: str | None, project: str | None) -> None:
    """Print where each chain ends now, signed: to be kept where nobody who can write to the stores gets at it."""
    settings = attach()
    with closing(connect(settings.mongo_uri)) as client:
        for name in [service] if service else installed_services():
            db = database(client, name)
            records, key = Records(db, name), StoredKeys(db, settings.field_keys).chain_key()
            for chain in _chains(records, project):
                try:
                    made = records.anchor(key, chain, now())
                except Unreadable as error:
                    raise click.ClickException(f"{error}: run `steward audit verify`") from error
                if made:
                    click.echo(made.to_line())


def _chains(records: Records, project: str | None, also: Iterable[Chain] = ()) -> list[Chain]:
    return sorted(chain for chain in {*records.chains(), *also} if project in (None, chain.project))


def _proven(
    records: Records, key: Key, project: str | None, anchors: list[Anchor], service: str, grace: timedelta, bar: Progress
) -> Iterator[Fault]:
    newest = records.newest()
    anchored = [anchor.chain for anchor in anchors if anchor.chain.service == service]
    task = bar.add_task(service, total=None)
    for chain in _chains(records, project, anchored):
        bar.update(task, description=str(chain))
        yield from records.prove(key, chain, Known(grace, anchors=anchors_of(chain, anchors), sealing_until=newest))
    bar.remove_task(task)


def _told(faults: Iterator[Fault]) -> Iterator[str]:
    """A line for each; of many alike in one chain, the first ones and how many more there are."""
    counts: Counter[tuple[Any, str]] = Counter()
    for fault in faults:
        alike = (fault.chain, fault.kind)
        counts[alike] += 1
        if counts[alike] <= _ALIKE:
            yield f"{_NOTE if fault.is_note else ''}{fault}"
    for (chain, kind), count in counts.items():
        if count > _ALIKE:
            yield f"{_NOTE if Fault(chain, kind).is_note else ''}{chain}: and {count - _ALIKE} more, {kind}"


def _read(file: Path | None) -> list[Anchor]:
    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    try:
        return [anchor_of(line) for line in lines if line.strip()]
    except Unreadable as error:
        raise click.ClickException(f"{file}: {error}") from error


def _bar() -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True), transient=True)
