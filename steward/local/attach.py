"""How an operator's command finds the system that runs on this machine without being told anything."""

from __future__ import annotations

from collections.abc import Mapping

from steward import settings
from steward.local import roster
from steward.local.errors import NotRunning
from steward.local.place import Place, read_env
from steward.settings import Settings


def place() -> Place:
    """The data folder that the environment names. Raises SettingsError."""
    return Place(settings.read("data", settings.inherited()))


def attach() -> Settings:
    """The settings of the running system, also taken over into this process's environment.

    Raises NotRunning when nothing runs here and no broker and store are given, and SettingsError.
    """
    here = place()
    settings.adopt(environment(here, settings.inherited()))
    found = Settings.from_env() if here.secrets.exists() or settings.inherited().get("STEWARD_TOKEN_KEY") else None
    if found is None or not found.amqp_uri or not found.mongo_uri:
        raise NotRunning(
            f"Steward does not run from {here.data}: start it with `steward up`, or set STEWARD_AMQP_URI and STEWARD_MONGO_URI"
        )
    return found


def environment(place: Place, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` with what this installation adds: its secrets and, while it runs, the addresses of its parts."""
    added = read_env(place.secrets)
    if roster.read(place).runs():
        added |= read_env(place.uris)
    return fill(environ, added)


def fill(environ: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """``environ``, and of ``added`` what it is silent about or holds empty."""
    silent = {name: value for name, value in added.items() if not environ.get(name)}
    return {**environ, **silent}
