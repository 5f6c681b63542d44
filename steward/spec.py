"""What a service is, as plain data.

The gateway, the CLI, the relay and the documents read specs without loading the service. Whatever is code is named
by a dotted name ``package.module:attribute`` and loaded with :func:`steward.plugins.load` by whoever runs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

PUBLIC = "public"
"""The permission of calls for which nobody needs to be known."""


@dataclass(frozen=True)
class Event:
    """A fact that the service publishes as ``{service}.{name}``.

    ``schema`` names the marshmallow class of its data; ``seen_with`` the permission that lets a principal see it on
    the live stream (default ``{service}.read``).
    """

    name: str
    schema: str
    summary: str
    version: int = 1
    seen_with: str = ""


@dataclass(frozen=True)
class Retry:
    """What a handler itself says of trying again, in place of the shipped rules of ``steward/bus/policy.toml``.

    What each means stands there; None: as there. A company's policy file has the last word.
    """

    immediate: int | None = None
    conflicts: int | None = None
    delays_s: tuple[int, ...] | None = None
    order_s: tuple[int, ...] | None = None
    away_s: tuple[int, ...] | None = None
    jitter: float | None = None


@dataclass(frozen=True)
class Hears:
    """A handler and the events, as ``service.event``, that wake it.

    ``handler`` is the method's name and, with the service's, the name of its queue: it never changes.
    ``prefetch`` bounds the messages it works on at once in one process; where all handlers together want more than
    the process has workers (``STEWARD_WORKERS``), each gets its fair share of them.
    Who is at one message for longer than ``longest_s`` seconds counts as stuck, and the process as not alive.
    ``any_order``: it makes the same of an aggregate's events in whatever order they come; fault tests then ask for none.
    """

    handler: str
    events: tuple[str, ...]
    prefetch: int = 8
    retry: Retry | None = None
    longest_s: float = 25.0
    any_order: bool = False


@dataclass(frozen=True)
class Call:
    """A method that others may call over RPC.

    ``body``/``query`` name the marshmallow classes of what comes in, ``answer`` of what goes out. ``permission`` is
    required of the caller in the project named by the argument ``project`` (or in any, where there is none);
    it must be given, be it :data:`PUBLIC`. ``company`` names the member of the body that holds the id of a company: where
    there is one, the permission is required in the whole of that company. ``deadline_s``: how long a caller waits, in seconds.
    ``audited="read"``: that it was answered is on record (docs/audit.md). ``subjects`` says of whom it tells: names of arguments,
    or dotted paths into the answer (lists are gone through), that hold ids.
    """

    name: str
    permission: str
    summary: str = ""
    body: str = ""
    query: str = ""
    answer: str = ""
    company: str = ""
    deadline_s: float = 1.8
    audited: Literal["", "read"] = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """An HTTP route under ``/v1`` that leads to a call. ``path`` holds ``{names}`` which become its arguments.

    ``paged``: the answer is ``{"items": [...], "next": cursor}``. ``changes``: honours ``If-Match``.
    ``upload``: takes a file as the raw body (argument ``content``, base64) instead of JSON.
    ``media``: the answer's media type; other than JSON, the call returns ``{"content": base64}``.
    ``pieces``: the file comes in pieces, each a call of its own: it takes ``cursor`` in its query and answers ``{"content", "next"}``;
    the next one is asked for while the one before is being sent.
    ``awaited``: a member of the answer; while it is null, the answer is a 202: what was asked for goes on.
    ``visitor``: the call is also told where the request comes from (argument ``visitor``: ``{"address", "agent"}``).
    ``rate``: counts, besides, against this rate of the gateway's policy (``[rates.NAME]``), for what must not be tried often.
    """

    method: str
    path: str
    call: str
    status: int = 200
    paged: bool = False
    changes: bool = False
    upload: bool = False
    media: str = "application/json"
    pieces: bool = False
    awaited: str = ""
    visitor: bool = False
    rate: str = ""


@dataclass(frozen=True)
class Permission:
    """A right, named ``{service}.{what}``, and the roles that hold it unless a company decides otherwise."""

    name: str
    roles: tuple[str, ...]
    summary: str = ""


@dataclass(frozen=True)
class Index:
    """An index: field names, a leading ``-`` for descending; ``partial`` is a MongoDB partial filter."""

    keys: tuple[str, ...]
    unique: bool = False
    partial: dict[str, Any] | None = None


@dataclass(frozen=True)
class Collection:
    """A collection of the service's own database and the indexes that its queries need.

    ``seals``: where its documents hold what ``self.sealer`` sealed, as dotted names; lists are gone through
    (``phones.text``). What stands there follows every change of the installation's key by itself.
    """

    name: str
    indexes: tuple[Index, ...] = ()
    seals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """A method run again and again by every replica, ``every_s`` seconds apart, to find work that is due.

    ``alone``: by one replica at a time, so that things are done in the order in which they are due.
    """

    method: str
    every_s: float
    alone: bool = False


@dataclass(frozen=True)
class Approved:
    """Something that takes others' agreement 审批, under the rule ``[approvals.NAME]`` of the service's policy (docs/approvals.md).

    ``granted`` and ``refused`` name methods *(work, approval)*, called in the unit of work that decides: what is granted is done in it;
    ``refused`` is for what was refused, withdrawn, or not decided in time.
    """

    name: str
    granted: str = ""
    refused: str = ""


@dataclass(frozen=True)
class ServiceSpec:
    """A service: see ``docs/adding-a-service.md`` for what each part means."""

    name: str
    title: dict[str, str]
    service: str
    publishes: tuple[Event, ...] = ()
    hears: tuple[Hears, ...] = ()
    calls: tuple[Call, ...] = ()
    routes: tuple[Route, ...] = ()
    permissions: tuple[Permission, ...] = ()
    collections: tuple[Collection, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    approvals: tuple[Approved, ...] = ()
    policy: str = ""
    """``package:file.toml`` with the shipped numbers."""
    check: str = ""
    """``package.module:function`` that gets the policy folder (or None) and raises PolicyError, saying where, for what
    cannot be followed there. Asked before the service starts, and by ``steward doctor``."""
    menu: tuple[dict[str, str], ...] = field(default=())

    @cached_property
    def _events(self) -> dict[str, Event]:
        return {event.name: event for event in self.publishes}

    @cached_property
    def _calls(self) -> dict[str, Call]:
        return {call.name: call for call in self.calls}

    @cached_property
    def _handlers(self) -> dict[str, Hears]:
        return {hears.handler: hears for hears in self.hears}

    def event(self, name: str) -> Event:
        """The event called ``name``. Raises KeyError when the service publishes none such."""
        return self._events[name]

    def call(self, name: str) -> Call:
        """The call named ``name``. Raises KeyError when the service offers none such."""
        return self._calls[name]

    def handler(self, name: str) -> Hears:
        """The handler called ``name``. Raises KeyError when there is none such."""
        return self._handlers[name]

    def queues(self) -> Iterator[tuple[str, Hears]]:
        """Each handler's queue name with its declaration."""
        for hears in self.hears:
            yield f"{self.name}.{hears.handler}", hears


GATEWAY = ServiceSpec("gateway", {}, "gateway.service:Gateway", check="gateway.limits:check")
"""What the kit must know of the gateway, which publishes and hears nothing as services do."""
