"""Everything the gateway serves, as one table: what services declare, and what the gateway does itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from marshmallow import Schema

from steward.plugins import load
from steward.spec import Route, ServiceSpec

PREFIX = "/v1"
PUBLIC = "public"
ANYBODY = ""
"""No permission of its own: whoever is known may ask."""
RELAY = "relay"
"""The handler of operations that are one call to a service."""


class BadRoute(ValueError):
    """A service declares a route that cannot be served; the gateway does not start. The message names it."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path.

    ``run`` names the method of :class:`gateway.desk.Desk` that serves it, of :class:`gateway.shelf.Shelf` when it is
    ``light``: answered without a worker, and never shed. ``fixed`` are names that the path does not hold. ``also`` are
    statuses that it can answer with beyond those that follow from its other properties. ``visitor``: the call is told
    where the request comes from. ``rate`` names one against which it counts besides that of its caller. ``awaited``:
    while that member of the answer is null, it is a 202. ``company``: the member of the body that names the company in
    the whole of which the permission must be held.
    """

    id: str
    tag: str
    method: str
    path: str
    summary: str
    permission: str = PUBLIC
    company: str = ""
    run: str = RELAY
    service: str = ""
    call: str = ""
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    answer: type[Schema] | None = None
    status: int = 200
    paged: bool = False
    changes: bool = False
    upload: bool = False
    media: str = "application/json"
    deadline_s: float = 1.8
    fixed: Mapping[str, str] | None = None
    light: bool = False
    also: tuple[int, ...] = ()
    visitor: bool = False
    rate: str = ""
    awaited: str = ""
    pieces: bool = False

    @property
    def metered(self) -> bool:
        """Whether it counts as load: not what is light, and not a stream, which is as good as idle once it is open."""
        return not self.light and self.run != "stream"

    @property
    def public(self) -> bool:
        """Whether nobody needs to be known."""
        return self.permission == PUBLIC


def of_services(specs: Mapping[str, ServiceSpec], rates: Collection[str] = ()) -> list[Operation]:
    """One operation for each route of each service; ``rates`` are the names of those that there are. Raises BadRoute."""
    known = {permission.name for spec in specs.values() for permission in spec.permissions} | {PUBLIC}
    found = [_of(spec, route, known) for spec in specs.values() for route in spec.routes]
    strange = next((one for one in found if one.rate and one.rate not in rates), None)
    if strange:
        raise BadRoute(f"{strange.id}: {strange.method} {strange.path} counts against the rate {strange.rate!r}, of which no policy tells")
    return _distinct(found)


def _of(spec: ServiceSpec, route: Route, known: set[str]) -> Operation:
    try:
        call = spec.call(route.call)
    except KeyError:
        raise BadRoute(f"{spec.name}: {route.method} {route.path} leads to {route.call!r}, which is no call") from None
    if call.permission not in known:
        raise BadRoute(f"{spec.name}: {route.method} {route.path} needs {call.permission!r}, which nobody declares")
    return Operation(
        id=f"{spec.name}.{call.name}",
        tag=spec.name,
        method=route.method,
        path=PREFIX + route.path,
        summary=call.summary,
        permission=call.permission,
        company=call.company,
        service=spec.name,
        call=call.name,
        status=route.status,
        paged=route.paged,
        changes=route.changes,
        upload=route.upload,
        media=route.media,
        awaited=route.awaited,
        pieces=route.pieces,
        visitor=route.visitor,
        rate=route.rate,
        deadline_s=call.deadline_s,
        body=_schema(call.body),
        query=_schema(call.query),
        answer=_schema(call.answer),
    )


def _schema(dotted: str) -> type[Schema] | None:
    return load(dotted) if dotted else None


def _distinct(operations: Iterable[Operation]) -> list[Operation]:
    """Operation ids are unique: a call with several routes gets its path's last word appended."""
    operations = list(operations)
    counts = Counter(operation.id for operation in operations)
    seen: Counter[str] = Counter()
    found = []
    for operation in operations:
        if counts[operation.id] > 1:
            seen[operation.id] += 1
            operation = replace(operation, id=f"{operation.id}.{seen[operation.id]}")
        found.append(operation)
    return found
