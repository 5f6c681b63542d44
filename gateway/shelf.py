"""What can be answered at once, without asking anybody: documents, probes and the live view."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from werkzeug.wrappers import Request, Response

from gateway import asyncapi, openapi
from gateway.answering import JSON, dumped
from gateway.operations import Operation
from steward.errors import NotFound
from steward.observe import health
from steward.spec import ServiceSpec

CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Shelf:
    """Ready answers, made when the gateway starts."""

    def __init__(self, specs: Mapping[str, ServiceSpec], operations: Sequence[Operation]) -> None:
        self._documents = {
            "openapi": dumped(openapi.document(operations)).encode(),
            "asyncapi": dumped(asyncapi.document(specs)).encode(),
        }
        self._pages = {page.name: page.read_bytes() for page in files("gateway").joinpath("console").iterdir() if page.is_file()}

    def serve(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        """The answer. Raises NotFound."""
        run: Callable[[Request, Operation, dict[str, str]], Response] = getattr(self, operation.run)
        return run(request, operation, names)

    def document(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        return _cached(request, self._documents[operation.id], JSON)

    def page(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        name = names.get("name", "index.html")
        if name not in self._pages:
            raise NotFound("no such page")
        media = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = _cached(request, self._pages[name], f"{media}; charset=utf-8")
        response.headers["Content-Security-Policy"] = CONSOLE_POLICY
        return response

    def probe(self, request: Request, operation: Operation, names: dict[str, str]) -> Response:
        return Response.from_app(health.application, request.environ, buffered=True)


def _cached(request: Request, body: bytes, media: str) -> Response:
    response = Response(body, content_type=media)
    response.set_etag(hashlib.sha256(body).hexdigest()[:16])
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(request)
