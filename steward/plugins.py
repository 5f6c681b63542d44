"""Finding what is installed: services, channels and the rest come through the same entry points, ours included."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from steward.spec import ServiceSpec


def load(dotted: str) -> Any:
    """The object that ``package.module:attribute`` names. Raises ImportError or AttributeError."""
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)


@cache
def installed(group: str) -> dict[str, Any]:
    """Every plug-in of ``group`` (``steward.services``, ``steward.channels``, …) by its name."""
    return {point.name: point.load() for point in sorted(entry_points(group=group), key=lambda point: point.name)}


def installed_services() -> dict[str, ServiceSpec]:
    """The specs of all installed services, by name."""
    return installed("steward.services")


def listeners(service: str) -> dict[str, list[str]]:
    """For each event that ``service`` publishes and an installed service hears: the queues that wait for it."""
    heard: dict[str, list[str]] = {}
    for spec in installed_services().values():
        for queue, hears in spec.queues():
            for event in hears.events:
                source, _, name = event.partition(".")
                if source == service:
                    heard.setdefault(name, []).append(queue)
    return heard
