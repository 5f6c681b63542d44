"""``steward dead``: what no handler could do; look at it, give it to its handler again, or close it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from steward.bus.client import Client
from steward.local.attach import attach
from steward.plugins import installed_services

_ERROR_SHOWN = 70


@click.group()
def command() -> None:
    """Dead letters of all services."""
    attach()


@command.command("list")
@click.option("--service", help="Only of this service.")
def list_(service: str | None) -> None:
    """The letters that wait for a decision."""
    table = Table("service", "letter", "queue", "attempts", "first failed", "error")
    with Client() as client:
        for name, letter in _letters(client, service):
            error = str(letter["error"])[:_ERROR_SHOWN]
            table.add_row(name, letter["id"], letter["queue"], str(letter["attempts"]), letter["first_failed"], error)
    Console().print(table)


@command.command()
@click.argument("service")
@click.argument("letter")
def show(service: str, letter: str) -> None:
    """One letter whole, its stack included."""
    with Client() as client:
        for _, found in _letters(client, service):
            if found["id"] == letter:
                Console().print_json(data=found)
                return
    raise click.ClickException(f"no dead letter {letter} in {service}")


@command.command()
@click.argument("service")
@click.argument("letters", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All letters of the service.")
def replay(service: str, letters: tuple[str, ...], every: bool) -> None:
    """Give LETTERS to their handlers again. Safe to repeat: what has taken effect takes none again."""
    with Client() as client:
        chosen = [letter["id"] for _, letter in _letters(client, service)] if every else letters
        for letter in chosen:
            client.call(service, "replay_dead_letter", letter=letter)
            click.echo(f"{letter} replayed")


@command.command()
@click.argument("service")
@click.argument("letter")
@click.option("--reason", required=True, help="Kept with the letter.")
def discard(service: str, letter: str, reason: str) -> None:
    """Close LETTER for good."""
    with Client() as client:
        client.call(service, "discard_dead_letter", letter=letter, reason=reason)
    click.echo(f"{letter} discarded")


def _letters(client: Client, service: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in [service] if service else installed_services():
        for letter in client.call(name, "dead_letters"):
            yield name, letter
