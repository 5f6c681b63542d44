"""What every part of the gateway shares, put together once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nameko.extensions import SharedExtension

from gateway.gatekeeper import Gatekeeper
from gateway.limits import Limits
from gateway.operations import of_services
from gateway.own import OWN, aliases
from gateway.routing import Router
from gateway.sessions import SERVICE, Sessions
from gateway.shelf import Shelf
from steward.plugins import installed_services
from steward.settings import Settings
from steward.spec import ServiceSpec


@dataclass(frozen=True)
class Front:
    """The gateway without anything that runs: what it serves, to whom, and within which limits."""

    specs: Mapping[str, ServiceSpec]
    limits: Limits
    router: Router
    sessions: Sessions
    gatekeeper: Gatekeeper
    shelf: Shelf

    @classmethod
    def build(cls, specs: Mapping[str, ServiceSpec], limits: Limits, key: str) -> Front:
        """Raises BadRoute when a service declares what cannot be served."""
        operations = [*OWN, *aliases(limits.timelines, specs), *of_services(specs, limits.rates)]
        sessions = Sessions(limits.sessions, watched=SERVICE in specs)
        return cls(specs, limits, Router(operations), sessions, Gatekeeper(key, sessions), Shelf(specs, operations))


class House(SharedExtension):  # type: ignore[misc]
    """Holds the front for the extensions of one container."""

    _front: Front | None = None

    def front(self) -> Front:
        """Built when it is first asked for, so that the order of extensions does not matter.

        No property: nameko reads every attribute of an extension while it looks for more of them.
        """
        if self._front is None:
            settings = Settings.from_env()
            self._front = Front.build(installed_services(), Limits.read(settings.policy), settings.token_key)
        return self._front

    def setup(self) -> None:
        self.front()  # a bad route is found before anything is served
