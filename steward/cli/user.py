"""``steward user``: add and list those who log in, and help out who has lost their second factor."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from steward.bus.client import Client
from steward.cli.paper import paper
from steward.local.attach import attach
from steward.settings import inherited

PASSWORD_VARIABLE = "STEWARD_NEW_PASSWORD"
_PAGE = 200


@click.group()
def command() -> None:
    """Add and list users, take away lost second factors."""


@command.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="A role; repeat it for several.")
@click.option("--project", "projects", multiple=True, default=("*",), show_default=True, help="Where; repeat it for several.")
@click.option("--display-name", help="As people see it; without it the user name.")
def add(name: str, roles: tuple[str, ...], projects: tuple[str, ...], display_name: str | None) -> None:
    """Add the user NAME; the password is asked for, or read from STEWARD_NEW_PASSWORD."""
    password = inherited().get(PASSWORD_VARIABLE) or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    grants = {project: list(roles) for project in projects}
    body = {"username": name, "name": display_name or name, "password": password, "grants": grants}
    with Client(attach()) as client:
        user = client.call("identity", "add_user", body=body)
    click.echo(f"added {user['username']} ({user['id']})")


@command.command(name="list")
def list_users() -> None:
    """List all users."""
    table = Table("user name", "name", "grants", "active", "last log-in")
    with Client(attach()) as client:
        for user in _all(client):
            grants = "; ".join(f"{project}: {', '.join(roles)}" for project, roles in sorted(user["grants"].items()))
            last = user["last_login_at"] or "never"
            table.add_row(user["username"], user["name"], grants, "yes" if user["active"] else "no", last)
    paper().print(table)


@command.command(name="reset-factor")
@click.argument("name")
def reset_factor(name: str) -> None:
    """Take away the second factor of the user NAME, who has lost it; ends all their sessions."""
    with Client(attach()) as client:
        found = [user["id"] for user in _all(client) if user["username"] == name]
        if not found:
            raise click.ClickException(f"no user is called {name}")
        client.call("identity", "reset_second_factor", user=found[0])
    click.echo(f"{name} logs in with the password alone")


def _all(client: Client) -> list[dict[str, Any]]:
    users: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"limit": _PAGE, **({"cursor": cursor} if cursor else {})}
        page = client.call("identity", "users", query=query)
        users += page["items"]
        cursor = page["next"]
        if cursor is None:
            return users
