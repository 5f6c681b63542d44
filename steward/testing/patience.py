"""A caller who comes back: what was answered 503 or 504 is asked for again under the same key, as the API wants it.

On a machine that has too much to do any request may be answered so. Tests of these answers themselves take a plain client.
"""

from __future__ import annotations

import time

import httpx

from steward.ids import new_id

PATIENCE_S = 45.0
_TIMEOUT_S = 40.0
_AWAY = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT)
_PAUSE_S = 1.0


class Patient(httpx.HTTPTransport):
    """Sends the same request until it is answered otherwise or patience is at an end.

    Commands go under an ``Idempotency-Key``, their caller's or one of their own: a 504 may have taken effect.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; the last refusal where there was no other."""
        if request.method == "POST":
            request.headers.setdefault("Idempotency-Key", new_id())
        ends = time.monotonic() + PATIENCE_S
        while True:
            response = super().handle_request(request)
            if response.status_code not in _AWAY or time.monotonic() > ends:
                return response
            response.close()
            time.sleep(_PAUSE_S)


def client(base_url: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """A client who comes back."""
    return httpx.Client(base_url=base_url, headers=headers, transport=Patient(), timeout=_TIMEOUT_S)
