"""``steward dead``: what no handler could do; look at it, give it to its handler again, correct it, or close it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from steward.bus.client import Client
from steward.bus.deadschemas import BULK_MOST, STATES
from steward.cli.paper import paper
from steward.local.attach import attach
from steward.plugins import installed_services
from steward.times import iso, now, parse

_ERROR_SHOWN = 70
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MOMENT = "UTC, as 2026-11-23T04:00:00Z"
_FILTERS = (
    click.option("--handler", help="Only of this handler, e.g. on_ticket."),
    click.option("--type", help="Only events of this type, e.g. tickets.raised."),
    click.option("--project", help="Only of this project."),
    click.option("--error", help="Only whose error holds this text."),
    click.option("--since", callback=lambda _, option, value: _moment(option, value), help=f"Filed then or later; {_MOMENT}."),
    click.option("--until", callback=lambda _, option, value: _moment(option, value), help=f"Filed before then; {_MOMENT}."),
)


def _moment(option: click.Parameter, value: str | None) -> str | None:
    try:
        return iso(parse(value)) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from error


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options by which letters are chosen; they arrive as keyword arguments."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@click.group()
def command() -> None:
    """Dead letters of all services. Every action is safe to repeat."""


@command.command("list")
@click.option("--service", help="Only of this service.")
@click.option("--state", type=click.Choice(STATES), default="dead", show_default=True)
@click.option("--limit", default=200, show_default=True, help="At most so many of each service.")
@filtered
def list_(service: str | None, state: str, limit: int, **options: Any) -> None:
    """The letters that wait for a decision, or those that were closed."""
    table = Table("service", Column("letter", no_wrap=True), "handler", "event", "project", "attempts", "last failed", "error")
    with Client(attach()) as client:
        for name, letter in _letters(client, service, limit, _given(options) | {"state": state}):
            handler, error = letter["queue"].partition(".")[2], letter["error"][:_ERROR_SHOWN]
            last = letter["last_failed"]
            table.add_row(name, letter["id"], handler, letter["type"], letter["project"], str(letter["attempts"]), last, error)
    paper().print(table)


@command.command()
@click.argument("service")
@click.argument("letter")
def show(service: str, letter: str) -> None:
    """One letter whole: its stack, its event, and what was done with it."""
    with Client(attach()) as client:
        paper().print_json(data=client.call(service, "dead_letter", letter=letter))


@command.command()
@click.argument("service")
@click.argument("letters", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All letters of the service.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@filtered
def replay(service: str, letters: tuple[str, ...], every: bool, dry_run: bool, **options: Any) -> None:
    """Give LETTERS, or those that the options find, to their handlers again. What has taken effect takes none again."""
    with Client(attach()) as client:
        if letters:
            _each(letters, options, every, dry_run, "replayed", lambda one: client.call(service, "replay_dead_letter", letter=one))
        else:
            _many(client, service, "replay_dead_letters", _given(options) | {"all": every}, dry_run, "replayed")


@command.command()
@click.argument("service")
@click.argument("letter")
@click.option("--event", "file", type=_FILE, help="A file with the event as it shall be; without it an editor opens.")
@click.option("--reason", required=True, help="Kept with the letter, as are the old and the new event.")
def edit(service: str, letter: str, file: Path | None, reason: str) -> None:
    """Correct the event in LETTER and give it to its handler again. Its id stays."""
    with Client(attach()) as client:
        text = file.read_text(encoding="utf-8") if file else _edited(client.call(service, "dead_letter", letter=letter))
        try:
            event = json.loads(text)
        except ValueError as error:
            raise click.ClickException(f"not JSON: {error}") from error
        client.call(service, "edit_dead_letter", letter=letter, body={"event": event, "reason": reason})
    click.echo(f"{letter} corrected and replayed")


@command.command()
@click.argument("service")
@click.argument("letters", nargs=-1)
@click.option("--reason", required=True, help="Kept with the letter.")
@click.option("--all", "every", is_flag=True, help="All letters of the service.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@filtered
def discard(service: str, letters: tuple[str, ...], reason: str, every: bool, dry_run: bool, **options: Any) -> None:
    """Close LETTERS, or those that the options find, for good."""
    with Client(attach()) as client:
        body = {"reason": reason}
        if letters:
            close = lambda one: client.call(service, "discard_dead_letter", letter=one, body=body)  # noqa: E731
            _each(letters, options, every, dry_run, "discarded", close)
        else:
            _many(client, service, "discard_dead_letters", _given(options) | body | {"all": every}, dry_run, "discarded")


def _each(letters: tuple[str, ...], options: dict[str, Any], every: bool, dry_run: bool, done: str, act: Callable[[str], Any]) -> None:
    if every or _given(options):
        raise click.UsageError("name letters, or say which by options, not both")
    for letter in letters:
        if not dry_run:
            act(letter)
        click.echo(f"{letter} {'would be ' if dry_run else ''}{done}")


def _many(client: Client, service: str, call: str, body: dict[str, Any], dry_run: bool, done: str) -> None:
    """All that ``body`` finds, as many at once as the service takes.

    ``all`` needs no further word, for the time that is added here would pass for a filter.
    """
    if len(body) == (2 if "reason" in body else 1) and not body["all"]:
        raise click.UsageError("name letters, or say which by options, or give --all")
    body = {"until": iso(now()), **body}  # those that die again meanwhile are not taken again
    matched: int = client.call(service, call, body=body | {"dry_run": True})["matched"]
    count = 0
    while not dry_run and count < matched:
        part = client.call(service, call, body=body | {"limit": min(BULK_MOST, matched - count)})["done"]
        if not part:
            break
        count += part
        click.echo(f"{count} of {matched} {done}")
    if dry_run or not matched:
        click.echo(f"{matched} would be {done}" if dry_run else "none found")


def _edited(letter: dict[str, Any]) -> str:
    text = json.dumps(letter["event"] or {}, ensure_ascii=False, indent=2)
    changed = click.edit(text, extension=".json")
    if changed is None:
        raise click.ClickException("nothing was changed")
    return changed


def _letters(client: Client, service: str | None, limit: int, query: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in [service] if service else installed_services():
        for number, letter in enumerate(client.items(name, "dead_letters", **query)):
            if number == limit:
                break
            yield name, letter
