"""``steward replay``: raise the requests of a CSV through the HTTP API and account for every one."""

from __future__ import annotations

import hashlib
import string
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.cli.demo import OPENED, open_project
from steward.cli.paper import paper
from steward.local.attach import attach
from steward.plugins import installed_services
from steward.replay import report
from steward.replay.feeder import Feeder, Outcome, Progress
from steward.replay.mapping import Mapping, MappingError, Request, Unusable
from steward.replay.settling import settle
from steward.times import parse

_CODE_LETTERS = 4


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How the file's columns become tickets; without it the shipped one for service requests.",
)
@click.option("--project", default="replay", show_default=True, help="The project that the tickets are raised in.")
@click.option("--rate", type=click.FloatRange(min=0.01), help="Requests a second; without it as fast as they go.")
@click.option("--callers", type=click.IntRange(1, 64), default=8, show_default=True, help="Callers at once.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many rows that can be used.")
def command(file: Path, mapping_file: Path | None, project: str, rate: float | None, callers: int, limit: int | None) -> None:
    """Raise the requests in FILE, wait until everything has come to rest, and print what became of them.

    Safe to repeat and to break off: rows that were acknowledged are not raised again.
    """
    console = paper()
    settings = attach()
    try:
        rows = list(Mapping(mapping_file).read(file))
    except MappingError as error:
        raise click.ClickException(str(error)) from error
    requests = [row for row in rows if isinstance(row, Request)][:limit]
    unusable = [row for row in rows if isinstance(row, Unusable)]
    _tell_unusable(console, unusable)
    digest = hashlib.sha256(file.read_bytes() + project.encode()).hexdigest()[:12]
    progress = Progress(settings.data / "replay" / f"{project}-{digest}.jsonl")
    with Client(settings) as client:
        open_project(client, OPENED | {"id": project, "code": code_of(project), "name": "重放", "name_en": "Replay"})
        feeder = Feeder(f"http://{settings.http}", lambda: own_token(OPERATOR), project, digest)
        refused = _feed(console, feeder, progress, requests, callers, rate)
        acknowledged = {o.ticket: parse(o.acknowledged_at) for o in progress.read().values() if o.ticket}
        account = settle(client, project, acknowledged, _raised_before(progress, project))
        dead = sum(1 for service in installed_services() for _ in client.items(service, "dead_letters", project=project))
    report.show(console, account, dead, len(unusable), len(refused))
    sys.exit(0 if account.good and not dead and not refused else 1)


def code_of(project: str) -> str:
    """The code of ticket numbers of a replayed project; another one for another project."""
    digest = hashlib.sha256(project.encode()).digest()
    return "RP" + "".join(string.ascii_uppercase[byte % len(string.ascii_uppercase)] for byte in digest[:_CODE_LETTERS])


def _raised_before(progress: Progress, project: str) -> set[str]:
    """Tickets that came from other files of the same project."""
    others = (Progress(path) for path in progress.path.parent.glob(f"{project}-*.jsonl") if path != progress.path)
    return {outcome.ticket for other in others for outcome in other.read().values() if outcome.ticket}


def _tell_unusable(console: Console, unusable: list[Unusable]) -> None:
    for row in unusable:
        console.print(f"line {row.line} ({row.key or 'no key'}) is not used: {row.reason}")


def _feed(console: Console, feeder: Feeder, progress: Progress, requests: list[Request], callers: int, rate: float | None) -> list[Outcome]:
    done_before = progress.read()
    waiting = [request for request in requests if request.key not in done_before]
    refused: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("raising", total=len(requests), completed=len(requests) - len(waiting))

        def done(outcome: Outcome) -> None:
            progress.add(outcome)
            bar.advance(task)
            if outcome.ticket is None:
                refused.append(outcome)
                bar.console.print(f"line {outcome.line} ({outcome.key}) refused: {outcome.refusal}")

        feeder.feed(waiting, callers, rate, done)
    feeder.close()
    return refused
