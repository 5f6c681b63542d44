"""``steward settings``."""

from __future__ import annotations

import click
from rich.table import Table

from steward import settings
from steward.cli.paper import paper


@click.command()
@click.option("--markdown", is_flag=True, help="As the table of docs/settings.md.")
def command(markdown: bool) -> None:
    """List every setting: its variable, default, meaning, and whether the environment sets it."""
    if markdown:
        click.echo(settings.markdown_table(), nl=False)
        return
    environ = settings.inherited()
    table = Table("variable", "default", "meaning", "set")
    for row in settings.TABLE:
        default = "required" if row.default is None else row.default
        table.add_row(row.name, default, row.meaning, "yes" if environ.get(row.name) else "")
    paper().print(table)
