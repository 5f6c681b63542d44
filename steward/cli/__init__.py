"""The command line. A command is one module of this package with a click command named ``command``; it is loaded when used."""

from __future__ import annotations

import warnings
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from steward.errors import StewardError
from steward.local.errors import LocalError
from steward.settings import SettingsError

# Known and decided on (eventlet stays at the edge, in steward/ alone); no operator can do anything about it.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

PLAIN = (LocalError, SettingsError, StewardError)
"""What an operator is told in one line, without a traceback."""


class Commands(click.Group):
    """Finds commands by the names of modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PLAIN as problem:
            raise click.ClickException(str(problem)) from problem


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="steward")
def main() -> None:
    """Steward 管家: the service desk of a property company."""
