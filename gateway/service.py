"""The gateway as a nameko service: one method for all requests."""

from __future__ import annotations

from typing import Any

from eventlet import Timeout
from nameko.extensions import DependencyProvider
from werkzeug.wrappers import Request, Response

from gateway.desk import Desk
from gateway.house import Front, House
from gateway.hub import Hub
from gateway.operations import Operation
from gateway.problems import problem
from gateway.stream import Stream
from gateway.web import serves
from steward.bus.calls import Remote, RemoteServices


class FrontOf(DependencyProvider):  # type: ignore[misc]
    """Gives a worker the front."""

    house = House()

    def get_dependency(self, worker: Any) -> Front:
        return self.house.front()


class Gateway:
    """HTTP in, calls out. Holds no state beyond open connections, so there may be any number of it."""

    name = "gateway"

    front: Front = FrontOf()
    remote: RemoteServices = Remote()
    live: Hub = Stream()

    @serves
    def serve(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        """One request; failures come back as problem documents, so that no worker ever fails."""
        try:
            return Desk(self.front, self.remote, self.live).serve(request, operation, names)
        except (Exception, Timeout) as error:  # the edge: nothing may pass it unanswered
            return problem(error, request.environ["steward.request_id"])
