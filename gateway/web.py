"""The web server: nameko's, with time-outs, one entrypoint for everything, and only what is admitted gets there."""

from __future__ import annotations

import logging
import random
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import eventlet
from eventlet import Timeout, wsgi
from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint, register_entrypoint
from nameko.web.server import BindAddress, WebServer
from werkzeug.wrappers import Request, Response

from gateway import asking, metrics
from gateway.admission import Admission, refused
from gateway.answering import SAFETY, finish
from gateway.crowd import Crowd
from gateway.house import House
from gateway.operations import Operation
from gateway.problems import MEDIA, problem
from gateway.wire import Wire, last_words
from steward.errors import Unavailable
from steward.observe import health
from steward.settings import Settings

KEEP_ALIVE_S = 5
SOCKET_TIMEOUT_S = 30
_LAST_WORDS_S = 5.0
_BREATH_S = 0.1
_GLANCE = 65_536
_UNKNOWN = "unknown"
_REFUSAL = (
    b'{"type": "urn:steward:problem:unavailable", "title": "A part that is needed is away", "status": 503, '
    b'"detail": "more requests than can be worked on", "retry_after_s": %d, "instance": "urn:steward:request:%s"}'
)
_REFUSAL_HEADERS = (("Content-Type", MEDIA), *SAFETY)
_log = logging.getLogger(__name__)


class GatewayServer(WebServer):  # type: ignore[misc]
    """Listens where ``STEWARD_HTTP`` says."""

    house = House()

    def __init__(self) -> None:
        super().__init__()
        self.writing = 0
        self._admission: Admission | None = None
        self._crowd: Crowd | None = None

    def admission(self) -> Admission:
        """What every request must pass. No property: nameko reads every attribute of an extension."""
        if self._admission is None:
            self._admission = Admission(self.house.front().limits)
        return self._admission

    def crowd(self) -> Crowd:
        """The connections that are open. No property, as above."""
        if self._crowd is None:
            self._crowd = Crowd(self.house.front().limits)
        return self._crowd

    @property
    def bind_addr(self) -> BindAddress:
        host, _, port = Settings.from_env().http.rpartition(":")
        return BindAddress(host, int(port))

    def setup(self) -> None:
        metrics.IN_FLIGHT.set_function(lambda: self.admission().in_flight)

    def start(self) -> None:
        super().start()
        health.board.ready("routes", lambda: bool(self._providers))

    def get_wsgi_app(self) -> Application:
        """Everything goes to the one entrypoint there is."""
        return Application(self)

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = Wire, debug: bool = False) -> Any:
        """As nameko's, but no idle client can keep the process from stopping, and what is no request is told so in our words."""
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log=_log,
            log_output=False,
            keepalive=KEEP_ALIVE_S,
            socket_timeout=SOCKET_TIMEOUT_S,
        )

    def run(self) -> None:
        """Takes connections, whatever becomes of taking one: without files to spare, for example."""
        while self._is_accepting:
            try:
                super().run()
            except OSError as error:
                _log.warning("a connection could not be taken: %s", error)
                eventlet.sleep(_BREATH_S)

    def process_request(self, sock: Any, address: Any) -> None:
        """Small writes go out at once: waiting to fill a packet costs a live event 40 ms."""
        if not self.crowd().take(address[0]):
            self._turn_away(sock)
            return
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().process_request(sock, address)
        finally:
            self.crowd().left(address[0])

    def _turn_away(self, sock: Any) -> None:
        metrics.SHED.labels("connections").inc()
        error = refused(self.house.front().limits.load.retry_after_s)
        try:
            sock.settimeout(_BREATH_S)
            with suppress(TimeoutError):
                sock.recv(_GLANCE)  # what is left unread when it is closed would take the answer with it
            sock.sendall(last_words(error))
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            sock.close()

    def stop(self) -> None:
        """Takes no more; waits a moment for answers that are being written."""
        ends = monotonic() + _LAST_WORDS_S
        while self.writing and monotonic() < ends:
            eventlet.sleep(0.02)
        super().stop()

    def entrypoint(self) -> Http:
        """The entrypoint that serves everything. Raises Unavailable once it has stopped."""
        for provider in self._providers:
            return provider  # type: ignore[no-any-return]
        raise Unavailable("the gateway is stopping")


class Application:
    """WSGI: every request ends here, and every failure becomes a problem document."""

    def __init__(self, server: GatewayServer) -> None:
        self._server = server

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = monotonic()
        request = Request(environ)
        environ["steward.request_id"] = request_id = asking.request_id_of(request)
        self._server.writing += 1
        path = _UNKNOWN
        try:
            operation, names = self._server.house.front().router.match(request.method, request.path)
            path = operation.path
            if self._turned_away(request, operation):
                return self._refuse(request_id, start_response)
            response = self._answer(request, operation, names)
        except (Exception, Timeout) as error:  # the edge: nothing may pass it unanswered
            response = problem(error, request_id)
        finally:
            self._server.writing -= 1
        finish(response, request_id)
        metrics.REQUEST_SECONDS.labels(_method(request), path, response.status_code).observe(monotonic() - started)
        return response(environ, start_response)

    def _turned_away(self, request: Request, operation: Operation) -> bool:
        """Whether there is no place for it. Each caller's rate comes first: who asks too much must not crowd out the others.

        Raises Overloaded, NotAuthenticated.
        """
        admission = self._server.admission()
        if not operation.light:
            admission.count(request, operation, self._server.house.front().gatekeeper.identify)
        return admission.turns_away(operation)

    def _refuse(self, request_id: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Like any other problem, but written by hand: when most are refused, refusing must cost next to nothing."""
        retry_after_s = random.randint(*self._server.house.front().limits.load.retry_after_s)
        headers = [*_REFUSAL_HEADERS, ("X-Request-Id", request_id), ("Retry-After", str(retry_after_s))]
        start_response("503 SERVICE UNAVAILABLE", headers)
        return [_REFUSAL % (retry_after_s, request_id.encode())]

    def _answer(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        front = self._server.house.front()
        if operation.light:
            return front.shelf.serve(request, operation, names)
        asking.body(request, operation, front.limits)  # before it takes a place: a slow sender holds up nobody else
        with self._server.admission().place(operation) as visit:
            response = self._server.entrypoint().work(request, operation, names)
            visit.status = response.status_code
        return response


def _method(request: Request) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else _UNKNOWN


class Http(Entrypoint):  # type: ignore[misc]
    """Wakes the service's one method for every request, in a worker."""

    server = GatewayServer()

    def setup(self) -> None:
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.unregister_provider(self)

    def work(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        """What the method returns or raises, once a worker is done with it."""
        done = Signal()
        self.container.spawn_worker(
            self,
            (request, operation, names),
            {},
            context_data={"request_id": request.environ["steward.request_id"]},
            handle_result=partial(self._done, done),
        )
        response: Response = done.wait()
        return response

    def _done(self, done: Signal, worker: Any, response: Any, failed: Any) -> tuple[Any, Any]:
        if failed:
            done.send_exception(failed[1])
        else:
            done.send(response)
        return response, failed

    @classmethod
    def decorator(cls, method: Callable[..., Response]) -> Callable[..., Response]:
        """Marks ``method`` as the one that serves."""
        register_entrypoint(method, cls())
        return method


serves = Http.decorator
