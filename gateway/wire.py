"""HTTP/1.1 as it comes over a connection, until it is a request (RFC 9112). What is none is told so by a problem document.

The server beneath answers such things itself, with nothing in the answer, and is generous: what it takes for the end of
a body, a proxy before us may take for the middle. Here, where a request ends is beyond doubt, or it is refused and the
connection closed; and nobody is waited for without end.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from http import HTTPStatus
from typing import Any, NoReturn

from eventlet import Timeout, wsgi
from nameko.web.server import HttpOnlyProtocol

from gateway.answering import finish
from gateway.problems import FieldsTooLarge, Malformed, TooSlow, UnknownVersion, UriTooLong, problem
from steward.errors import StewardError
from steward.ids import new_id

LINE, HEAD = wsgi.MAX_REQUEST_LINE, wsgi.MAX_TOTAL_HEADER_SIZE
"""Bytes of one line, and of all headers together, that must not be reached."""
HEAD_S = 20.0
"""How long a caller may take to send what comes before the body, once it has begun."""
DISCARD_S = 10.0
"""How long the rest of a body is read of which nobody wants to know, so that its sender gets to read why."""
LINGER_S = 1.0
"""How long a connection that is to be closed is listened to: what is left unread would take the answer with it."""
_GLANCE = 65_536
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~\x80-\xff]+ HTTP/[0-9]+\.[0-9]+\r?\n")
_FORBIDDEN = re.compile(rb"\r(?!\n)|\0")
_LENGTH = re.compile(r"[0-9]{1,15}")
_SIZE_OR_TRAILER = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(;.*)?\r?\n|[!-9;-~]+:.*\r?\n|\r?\n")
_NO_HEADERS = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)
_TOLD: dict[int, type[StewardError]] = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: FieldsTooLarge,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: UnknownVersion,
}
"""What the standard library's reader of requests says of them; else they are malformed."""


class Wire(HttpOnlyProtocol):  # type: ignore[misc]
    """One connection, and the requests that come over it."""

    rfile: Any
    _parting = False

    def handle_one_request(self) -> None:
        """One request, or what is none."""
        try:
            super().handle_one_request()
        except StewardError as error:
            self.wfile.write(last_words(error))
            self.hang_up()

    def hang_up(self) -> None:
        """No more is taken from this connection."""
        self.close_connection, self._parting = True, True

    def finish(self) -> None:
        if self._parting:
            with suppress(OSError):
                self.wfile.flush()
                linger(self.connection)
        super().finish()

    def _read_request_line(self) -> bytes:
        with Timeout(HEAD_S, TooSlow("the request line comes too slowly")):
            line: bytes = super()._read_request_line()
            if line in (b"\r\n", b"\n"):  # some end a body with one too many (RFC 9112 §2.2)
                line = super()._read_request_line()
        if len(line) >= LINE:
            raise UriTooLong(f"at most {LINE - 1} bytes", limit=LINE - 1)
        if line and not _REQUEST_LINE.fullmatch(line):
            raise Malformed("a request begins with its method, where it goes, and HTTP/1.1")
        return line

    def parse_request(self) -> bool:
        """Read the headers. Raises StewardError for what are none."""
        self.rfile = _Head(self.rfile.fp)
        with Timeout(HEAD_S, TooSlow("the headers come too slowly")):
            super().parse_request()
        _check(self.headers)
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> NoReturn:
        """In place of the standard library's page."""
        raise _TOLD.get(code, Malformed)(f"at most {HEAD} bytes in 100 headers" if code in _TOLD else "")

    def get_environ(self) -> dict[str, Any]:
        """As the server's, with a body that ends where it says, and that is not read without end."""
        environ: dict[str, Any] = super().get_environ()
        given = environ["wsgi.input"]
        reader = _Chunks(self.rfile) if given.chunked_input else self.rfile
        body = _Body(reader, given.content_length, self.connection, given.wfile, given.wfile_line, given.chunked_input)
        body.hang_up = self.hang_up
        environ["wsgi.input"] = environ["eventlet.input"] = body
        return environ


class _Head:
    """The lines of a head, each and all of them bounded."""

    def __init__(self, file: Any) -> None:
        self._file, self._size = file, 0

    def readline(self, _: int = -1) -> bytes:
        """The next line. Raises FieldsTooLarge, Malformed."""
        line: bytes = self._file.readline(LINE)
        self._size += len(line)
        if len(line) >= LINE or self._size > HEAD:
            raise FieldsTooLarge(f"at most {LINE - 1} bytes in a line, {HEAD} in all", limit=LINE - 1)
        if not line.endswith(b"\n") or _FORBIDDEN.search(line):
            raise Malformed("the headers end too early, or hold what no header may")
        return line


class _Chunks:
    """The lines between the chunks of a body. After the first that is none, there is nothing to be read."""

    def __init__(self, file: Any) -> None:
        self._file, self._broken = file, False

    def read(self, size: int) -> bytes:
        """Of a chunk, what is there."""
        piece: bytes = self._file.read(size)
        return piece

    def readline(self) -> bytes:
        """The next line. Raises ChunkReadError."""
        line: bytes = b"" if self._broken else self._file.readline(LINE)
        self._broken = not _SIZE_OR_TRAILER.fullmatch(line)
        if self._broken:
            raise wsgi.ChunkReadError("neither the size of a chunk nor what follows the last one")
        return line


class _Body(wsgi.Input):  # type: ignore[misc]
    """The body of one request."""

    hang_up: Callable[[], None]

    def discard(self, buffer_size: int = _GLANCE) -> None:
        """Read what nobody asked for, that the next request may follow; as long as it is a body, and not for ever."""
        try:
            with Timeout(DISCARD_S, TimeoutError()):
                super().discard(buffer_size)
        except (OSError, ValueError):
            self.hang_up()


def last_words(error: StewardError) -> bytes:
    """``error`` as it is told over a connection that is then closed."""
    request_id = new_id()
    response = problem(error, request_id)
    finish(response, request_id)
    response.headers["Connection"] = "close"
    head = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in response.headers)]
    return "\r\n".join([*head, "", ""]).encode() + response.get_data()


def linger(sock: Any) -> None:
    """Say that there is no more to come, and listen a moment longer. Raises OSError."""
    sock.shutdown(socket.SHUT_WR)
    with Timeout(LINGER_S, False):
        while sock.recv(_GLANCE):
            pass


def _check(headers: Message) -> None:
    """Raises Malformed where it is not beyond doubt what is a header, or where the body ends (RFC 9112 §5, §6.3, §11.2)."""
    if any(isinstance(defect, _NO_HEADERS) for defect in headers.defects):
        raise Malformed("a header is a name, a colon and what it says")
    lengths, codings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if len(lengths) + len(codings) > 1:
        raise Malformed("how long the body is, is said once: by Content-Length or by Transfer-Encoding")
    if any(not _LENGTH.fullmatch(length.strip()) for length in lengths):
        raise Malformed("Content-Length is a number of bytes")
    if any(coding.strip().lower() != "chunked" for coding in codings):
        raise Malformed("of Transfer-Encoding, chunked alone is taken")
