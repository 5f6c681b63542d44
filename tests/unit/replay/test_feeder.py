"""Feeding goes on until it is answered, and ends at once when it is broken off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from steward.cli.replay import code_of
from steward.replay.feeder import Feeder, Outcome
from steward.replay.mapping import Request


@contextmanager
def desk(*statuses: int) -> Iterator[tuple[str, list[str]]]:
    """A desk that answers with ``statuses`` one after the other, the last one for ever; gives its URL and the keys that it saw."""
    left, keys = list(statuses), []

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            keys.append(self.headers["Idempotency-Key"])
            body = b'{"id": "t1"}'
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fed(url: str, count: int, done: object = None, rate: float | None = None) -> list[Outcome]:
    feeder = Feeder(url, lambda: "token", "p", "prefix")
    outcomes: list[Outcome] = []
    try:
        feeder.feed([Request(n, f"k{n}", {}) for n in range(count)], 2, rate, done or outcomes.append)  # type: ignore[arg-type]
    finally:
        feeder.close()
    return outcomes


def test_a_request_is_posted_with_the_same_key_until_it_is_acknowledged() -> None:
    with desk(503, 504, 201) as (url, keys):
        [outcome] = fed(url, 1)
    assert (outcome.ticket, outcome.tries, keys) == ("t1", 3, ["prefix-k0"] * 3)


def test_a_refusal_ends_it() -> None:
    with desk(422) as (url, _):
        [outcome] = fed(url, 1)
    assert (outcome.ticket, outcome.tries, outcome.refusal[:3]) == (None, 1, "422")


def test_broken_off_it_does_not_post_the_rest() -> None:
    def break_off(_: Outcome) -> None:
        raise KeyboardInterrupt

    with desk(201) as (url, keys):
        with pytest.raises(KeyboardInterrupt):
            fed(url, 10_000, break_off, rate=20)
        assert len(keys) < 100


def test_each_project_has_a_code_of_its_own() -> None:
    codes = {code_of(f"p{number}") for number in range(100)}
    assert len(codes) == 100
    assert all(code.isalpha() and code.isupper() and len(code) == 6 for code in codes)
