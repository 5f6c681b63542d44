"""Serving one request: understand it, ask the services, answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from eventlet import GreenPool
from werkzeug.wrappers import Request, Response

from gateway import asking, deadletters, everywhere, hub, timeline, trail
from gateway.answering import JSON, answer, dumped
from gateway.asking import Asked
from gateway.house import Front
from gateway.hub import Hub
from gateway.operations import Operation
from steward.bus.calls import RemoteServices
from steward.bus.tokens import own_token
from steward.errors import NotFound, NotPermitted, Transient
from steward.times import now
from steward.trust.principals import permitted_roles

_EVENTLET_CHUNK = "eventlet.minimum_write_chunk_size"


class Desk:
    """Serves the operations that are not light, one method each way of serving."""

    def __init__(self, front: Front, remote: RemoteServices, live: Hub) -> None:
        self._front, self._remote, self._live = front, remote, live

    def serve(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        """The answer. Raises StewardError."""
        asked = asking.read(request, operation, names, self._front.gatekeeper.identify, self._front.limits)
        run: Callable[[Request, Asked], Response] = getattr(self, operation.run)
        return run(request, asked)

    def relay(self, request: Request, asked: Asked) -> Response:
        """One call to the service that declares the route."""
        operation = asked.operation
        value = self._call(asked, operation.service, operation.call, asked.arguments)
        return self._file(asked, value) if operation.pieces else answer(request, asked, value)

    def _file(self, asked: Asked, first: Mapping[str, Any]) -> Response:
        """A file whose first piece is here; the others are asked for while it is being sent. It breaks off rather than lack one."""
        operation = asked.operation
        headers = {"Content-Disposition": f"attachment; filename={operation.path.rpartition('/')[2]}"}
        return Response(self._pieces(asked, first), operation.status, headers, content_type=operation.media)

    def _pieces(self, asked: Asked, piece: Mapping[str, Any]) -> Iterator[bytes]:
        yield base64.b64decode(piece["content"])
        while piece["next"]:
            query = {**asked.arguments.get("query", {}), "cursor": piece["next"]}
            piece = self._call(asked, asked.operation.service, asked.operation.call, {**asked.arguments, "query": query})
            yield base64.b64decode(piece["content"])

    def rights(self, request: Request, asked: Asked) -> Response:
        """What the caller's roles permit. Whoever has none in a project is told no more than that."""
        project = asked.arguments["project"]
        held = [permission for permission in sorted(permitted_roles()) if asked.principal.may(permission, project)]
        if not held:
            raise NotPermitted("needs a role")
        return Response(dumped({"roles": sorted(asked.principal.roles(project)), "permissions": held}), content_type=JSON)

    def timeline(self, request: Request, asked: Asked) -> Response:
        """Asks every service at once; those that do not answer in time are named as missing."""
        names = dict(asked.arguments)
        project, service = names.pop("project"), names.pop("service")
        (about,) = names.values()
        if service not in self._front.specs:
            raise NotFound(f"no service {service!r}")
        asked.principal.require(f"{service}.read", project)
        matter = f"{service}/{about}"
        which = {"project": project, "matter": matter}
        found, missing = self._everybody(asked, "timeline", which, self._front.limits.timeline_s, self._front.specs, as_us=True)
        events = timeline.visible((event for told in found.values() for event in told), asked.principal, project, self._front.specs)
        if not events and service not in missing:
            raise NotFound(f"nothing is known of {matter!r} here")
        items = [timeline.entry(event) for event in timeline.ordered(events)]
        return Response(dumped({"matter": matter, "items": items, "missing": missing}), content_type=JSON)

    def stream(self, request: Request, asked: Asked) -> Response:
        """Opens the live stream; what follows is written after this worker is done."""
        query, limits, specs = asked.arguments["query"], self._front.limits, self._front.specs

        def wants(event: hub.Event) -> bool:
            if query.get("project", event["project"]) != event["project"]:
                return False
            if query.get("matter", event["matter"]) != event["matter"]:
                return False
            return asked.principal.may(timeline.seen_with(specs, event["type"]), event["project"])

        after = request.headers.get("Last-Event-ID") or query.get("last_event_id")
        client, complete = self._live.join(wants, asked.principal.id, after, asked.principal.session)
        request.environ[_EVENTLET_CHUNK] = 1
        body = hub.lines(self._live, client, complete, limits.stream_heartbeat_s, limits.stream_longest_s)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(body, headers=headers, content_type="text/event-stream", direct_passthrough=True)

    def stream_ticket(self, request: Request, asked: Asked) -> Response:
        """A short-lived ticket for the stream."""
        lifetime_s = self._front.limits.stream_ticket_s
        ticket = self._front.gatekeeper.ticket(asked.principal, now(), lifetime_s)
        return Response(dumped({"ticket": ticket, "expires_in": lifetime_s}), 201, content_type=JSON)

    def audit(self, request: Request, asked: Asked) -> Response:
        """A page of what is on record of a project."""
        found = trail.page(asked, self._front.specs, partial(self._auditors, asked))
        return Response(dumped(found), content_type=JSON)

    def audit_export(self, request: Request, asked: Asked) -> Response:
        """The first page is asked for here, so that what goes wrong is told; the others while the file is being written."""
        lines = trail.export(asked, self._front.specs, partial(self._auditors, asked))
        begun = [next(lines), next(lines, b"")]
        headers = {"Content-Disposition": "attachment; filename=audit.csv"}
        return Response(chain(begun, lines), headers=headers, content_type="text/csv; charset=utf-8")

    def dead_letters(self, request: Request, asked: Asked) -> Response:
        """A page of those of one service, or of all."""
        found = everywhere.page(asked, self._front.specs, partial(self._operators, asked))
        return Response(dumped(found), content_type=JSON)

    def approvals(self, request: Request, asked: Asked) -> Response:
        """A page of those of one service, or of all that have any."""
        services = [name for name, spec in self._front.specs.items() if spec.approvals]
        ask = partial(self._everybody, asked, within_s=self._front.limits.approvals_s)
        found = everywhere.page(asked, services, lambda call, kwargs, chosen: ask(call, kwargs, services=chosen))
        return Response(dumped(found), content_type=JSON)

    def many_dead_letters(self, request: Request, asked: Asked) -> Response:
        """Replays or discards what a filter finds."""
        done = deadletters.many(asked, self._front.specs, partial(self._operators, asked))
        return Response(dumped(done), content_type=JSON)

    def at_one_service(self, request: Request, asked: Asked) -> Response:
        """One call to the service that the path names; the operation is named like the call."""
        kwargs = dict(asked.arguments)
        service = kwargs.pop("service")
        if service not in self._front.specs:
            raise NotFound(f"no service {service!r}")
        return answer(request, asked, self._call(asked, service, asked.operation.id, kwargs))

    def _auditors(self, asked: Asked, call: str, kwargs: dict[str, Any], services: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        return self._everybody(asked, call, kwargs, self._front.limits.audit_s, services)

    def _operators(self, asked: Asked, call: str, kwargs: dict[str, Any], services: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        return self._everybody(asked, call, kwargs, self._front.limits.dead_letters_s, services)

    def _call(self, asked: Asked, service: str, call: str, kwargs: dict[str, Any]) -> Any:
        """The one place where the gateway calls a service for somebody."""
        return self._remote.call(
            service,
            call,
            kwargs,
            principal_token=asked.token or None,
            correlation=asked.request_id,
            key=asked.key,
            fingerprint=asked.fingerprint,
            if_match=asked.if_match,
        )

    def _everybody(
        self, asked: Asked, call: str, kwargs: dict[str, Any], within_s: float, services: Collection[str], as_us: bool = False
    ) -> tuple[dict[str, Any], list[str]]:
        """What each of ``services`` answers to a call that all have, by name, and those that did not answer.

        ``as_us`` asks in the gateway's own name, where the gateway itself decides what the caller gets to see.
        """
        token = own_token("gateway") if as_us else asked.token
        found: dict[str, Any] = {}
        missing: list[str] = []

        def ask(service: str) -> None:
            try:
                found[service] = self._remote.call(
                    service, call, kwargs, principal_token=token, correlation=asked.request_id, deadline_s=within_s
                )
            except Transient:
                missing.append(service)

        pool = GreenPool(len(self._front.specs) or 1)
        asks = [pool.spawn(ask, service) for service in services]
        for answered in asks:
            answered.wait()
        return found, sorted(missing)
