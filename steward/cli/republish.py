"""``steward republish``: publish events of the past again, when a queue was lost or a listener came late."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

from steward.bus.client import Client
from steward.local.attach import attach
from steward.times import iso, now, parse

_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A point in time: RFC 3339 with a zone, or how long ago: ``30m``, ``2h``, ``1d``."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if ago := _AGO.fullmatch(value):
            return now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            return parse(value)
        except ValueError as error:
            self.fail(f"neither a time such as 2026-03-02T08:00:00+08:00 nor 30m, 2h or 1d: {error}", param, ctx)


MOMENT = Moment()


@click.command()
@click.argument("service")
@click.option("--since", type=MOMENT, required=True, help="RFC 3339 with a zone, or how long ago: 30m, 2h, 1d.")
@click.option("--until", type=MOMENT, help="As --since; without it, all up to now.")
@click.option("--event", "events", multiple=True, help="Only events of this name; may be repeated.")
@click.option("--to", "queue", help="Only to this handler's queue, e.g. clocks.on_event.")
@click.option("--project", help="Only of this project.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def command(
    service: str, since: datetime, until: datetime | None, events: tuple[str, ...], queue: str | None, project: str | None, dry_run: bool
) -> None:
    """Publish again what SERVICE published in a span of time.

    Safe to repeat: events keep their ids, and whoever has handled one does nothing again.
    """
    attach()
    end = until or now()  # fixed: what is published meanwhile needs no second time
    span = {"since": iso(since), "until": iso(end), "events": list(events), "queue": queue, "dry_run": dry_run}
    with Client() as client:
        projects = [project] if project else client.call(service, "journal_projects")
        counts = {name: _republish(client, service, name, span) for name in projects}
    for name, count in counts.items():
        click.echo(f"{name}: {count} events {'would be ' if dry_run else ''}published again")


def _republish(client: Client, service: str, project: str, span: dict[str, Any]) -> int:
    count, after = 0, 0
    while after is not None:
        page = client.call(service, "republish", project=project, body={**span, "after": after})
        count, after = count + page["events"], page["next"]
    return count
