"""What comes over a connection and is no request, on real sockets: told so as a problem document, and the next is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import eventlet
import pytest

from gateway import wire
from gateway.web import GatewayServer
from tests.unit.gateway.example import front
from tests.unit.gateway.listening import connect, listening

KIB = 1024
HOURS = b"GET /v1/parcel-hours HTTP/1.1\r\nHost: x\r\n"
"""Open to all, and read with its body."""
CHUNKED = HOURS + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n"
WRONG: dict[str, tuple[bytes, int]] = {
    "too long a request line": (b"GET /" + b"a" * 9 * KIB + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a request line without end": (b"GET /" + b"a" * 300 * KIB, 414),
    "too long a header": (GET + b"Authorization: Bearer " + b"a" * 9 * KIB + b"\r\n\r\n", 431),
    "a header without end": (GET + b"X: " + b"a" * 300 * KIB, 431),
    "too many headers": (GET + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n", 431),
    "too large headers": (GET + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 4 * KIB) for number in range(20)) + b"\r\n", 431),
    "a garbage request line": (b"\x16\x03\x01\x02\x00\x01\n", 400),
    "one word": (b"HELLO\r\n\r\n", 400),
    "no version": (b"GET /openapi.json\r\n", 400),
    "another version": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a version that is none": (b"GET / HTTP/one\r\n\r\n", 400),
    "a header without a colon": (GET + b"nonsense\r\n\r\n", 400),
    "a blank before the colon": (GET + b"Content-Length : 5\r\n\r\nhello", 400),
    "a header that hides another": (GET + b"X: 1\rContent-Length: 5\r\n\r\n", 400),
    "a bad Content-Length": (HOURS + b"Content-Length: many\r\n\r\n", 400),
    "a signed Content-Length": (HOURS + b"Content-Length: +2\r\n\r\n{}", 400),
    "a negative Content-Length": (HOURS + b"Content-Length: -1\r\n\r\n", 400),
    "two Content-Lengths": (HOURS + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400),
    "a length and chunks": (HOURS + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "another coding": (HOURS + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks that are garbage": (CHUNKED + b"hello\r\nworld\r\n", 400),
    "a chunk of a negative size": (CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk that is longer than it says": (CHUNKED + b"2\r\n{}{}\r\n0\r\n\r\n", 400),
    "the size of a chunk without end": (CHUNKED + b"1" * 300 * KIB, 400),
}
CUT: dict[str, bytes] = {
    "in its request line": b"GET /openapi.json HT",
    "in a header": GET + b"Accept: */*",
    "after a header": GET,
    "in a chunk": CHUNKED + b"5\r\nhel",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    monkeypatch.setattr(wire, "LINGER_S", 0.05)
    with listening(front(), monkeypatch) as server:
        yield server


def answered(connection: Any) -> tuple[int, dict[str, str], bytes]:
    """The next answer: its status, headers and body."""
    response = HTTPResponse(connection)
    with eventlet.Timeout(5):
        response.begin()
        return response.status, dict(response.headers), response.read()


def closed(connection: Any) -> bool:
    with eventlet.Timeout(5):
        return bytes(connection.recv(1)) == b""


def told(connection: Any, status: int) -> dict[str, Any]:
    got, headers, body = answered(connection)
    document: dict[str, Any] = json.loads(body)
    assert (got, document["status"], headers["Content-Type"]) == (status, status, "application/problem+json")
    assert document["instance"] == f"urn:steward:request:{headers['X-Request-Id']}" and document["detail"]
    return document


@pytest.mark.parametrize(("sent", "status"), WRONG.values(), ids=WRONG)
def test_what_is_no_request_is_told_so_and_others_are_served(server: GatewayServer, sent: bytes, status: int) -> None:
    connection, other = connect(server), connect(server)
    connection.sendall(sent)
    told(connection, status)
    assert closed(connection), "whatever follows might be taken for another request"
    other.sendall(GET + b"\r\n")
    assert answered(other)[0] == 200
    with eventlet.Timeout(5):
        while len(server.crowd()) > 1:
            eventlet.sleep(0.01)


@pytest.mark.parametrize("sent", CUT.values(), ids=CUT)
def test_a_request_that_is_cut_off_is_none(server: GatewayServer, sent: bytes) -> None:
    connection = connect(server)
    connection.sendall(sent)
    connection.shutdown(1)
    told(connection, 400)
    assert closed(connection)


@pytest.mark.parametrize("slow", [b"GET /openapi", GET + b"Accept: "], ids=["a request line", "a header"])
def test_who_sends_a_byte_now_and_then_is_not_waited_for(server: GatewayServer, monkeypatch: pytest.MonkeyPatch, slow: bytes) -> None:
    monkeypatch.setattr(wire, "HEAD_S", 0.2)
    connection = connect(server)
    connection.sendall(slow)
    dripping = eventlet.spawn(drip, connection)
    told(connection, 408)
    dripping.kill()


def drip(connection: Any) -> None:
    while True:
        eventlet.sleep(0.05)
        connection.sendall(b"a")


def test_what_is_a_request_goes_on_over_the_same_connection(server: GatewayServer) -> None:
    connection = connect(server)
    for sent, status in (
        (GET + b"\r\n", 200),
        (b"\r\n" + GET + b"Accept:  */*\r\n\tfolded\r\n\r\n", 200),
        (GET + b"Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhe\r\n0\r\nT: 1\r\n\r\n", 200),
        (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", 503),
        (HOURS + b"Content-Length: 2\r\n\r\n{}", 503),
        ("GET /楼 HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 404),
    ):
        connection.sendall(sent)
        assert answered(connection)[0] == status


def test_a_body_that_nobody_wants_is_not_read_for_ever(server: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "DISCARD_S", 0.2)
    connection = connect(server)
    connection.sendall(HOURS + b"Content-Length: 9000000000\r\n\r\n{")
    told(connection, 413)
    assert closed(connection)
