"""A simulated SMS operator that speaks Alibaba Cloud's Dysms interface, to run and test against.

    python -m steward.testing.sms_operator --port 9100 --key demo --secret demo --log var/sms.jsonl

``POST /`` is the operator: it checks signatures, timestamps and nonces as the real one does. ``GET /`` shows what came
in, phones masked; ``GET /received`` gives it as JSON; ``POST /control`` makes it misbehave, see :class:`Conduct`.
What it accepted is appended to ``--log`` before it answers, so a restart forgets nothing.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import eventlet
from eventlet import wsgi
from werkzeug.wrappers import Request, Response

from steward import settings
from steward.ids import new_id
from steward.testing.dysms_signature import signature
from steward.times import iso, now
from steward.trust.sealing import mask_phone

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK_SKEW = timedelta(minutes=15)
_NONCES = 100_000
_PHONE_DIGITS = range(5, 20)
_BODY_BYTES = 65_536
_BACKLOG = 512
_IDLE_S = 30


@dataclass
class Conduct:
    """How it behaves from now on; ``POST /control`` with any of these as JSON changes them.

    ``fail``: code with which every ``SendSms`` is refused (``fail_times`` of them; -1: all). ``delay_s``: before
    every answer. ``lose``: how many messages are accepted without an answer (-1: all). ``cut``: how many messages are cut off
    unread. ``blind``: look-ups fail. ``dedup``: a known ``OutId`` is accepted without sending again (the real one has
    no such thing). ``deliver_after_s``: until receipts say delivered. ``undelivered``: phones that fail, and why.
    """

    fail: str = ""
    fail_times: int = -1
    delay_s: float = 0.0
    lose: int = 0
    cut: int = 0
    blind: bool = False
    dedup: bool = False
    deliver_after_s: float = 1.0
    undelivered: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """One message that it accepted, as it would be sent to a phone."""

    biz_id: str
    out_id: str
    phone: str
    sign_name: str
    code: str
    words: dict[str, str]
    at: str


class Refusal(Exception):
    """An answer other than OK: HTTP status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Cut(Exception):
    """The connection ends here, without an answer."""


class Operator:
    """The operator's state and answers, without HTTP."""

    def __init__(self, key: str, secret: str, log: Path | None = None, conduct: Conduct | None = None) -> None:
        self.conduct = conduct or Conduct()
        self.received: list[Received] = []
        self.requests = 0
        self._key, self._secret, self._log = key, secret, log
        self._nonces: dict[str, None] = {}
        if log and log.is_file():
            lines = log.read_text(encoding="utf-8").splitlines()
            self.received = [Received(**json.loads(line)) for line in lines if line.endswith("}")]

    def answer(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What it says to one signed request. Raises Refusal, or Cut."""
        self.requests += 1
        self._check(parameters)
        eventlet.sleep(self.conduct.delay_s)
        action = {"SendSms": self._send, "QuerySendDetails": self._details}.get(parameters.get("Action", ""))
        if action is None:
            raise Refusal(404, "InvalidAction.NotFound")
        return {"RequestId": new_id(), "Message": "OK", "Code": "OK", **action(parameters)}

    def control(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the conduct. Raises ValueError for what it does not know."""
        unknown = set(changes) - {item.name for item in fields(Conduct)}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self.conduct, name, value)
        return asdict(self.conduct)

    def _check(self, parameters: Mapping[str, str]) -> None:
        if self._key not in ("", parameters.get("AccessKeyId")):
            raise Refusal(404, "InvalidAccessKeyId.NotFound")
        if parameters.get("Signature") != signature("POST", parameters, self._secret):
            raise Refusal(400, "SignatureDoesNotMatch")
        try:
            at = datetime.strptime(parameters.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise Refusal(400, "InvalidTimeStamp.Format") from error
        if abs(now() - at) > CLOCK_SKEW:
            raise Refusal(400, "InvalidTimeStamp.Expired")
        nonce = parameters.get("SignatureNonce", "")
        if not nonce or nonce in self._nonces:
            raise Refusal(400, "SignatureNonceUsed")
        self._nonces[nonce] = None
        if len(self._nonces) > _NONCES:
            self._nonces.pop(next(iter(self._nonces)))

    def _send(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        if self._uses_up("cut"):
            raise Cut
        if self.conduct.fail and self._uses_up("fail_times"):
            raise Refusal(200, self.conduct.fail)
        phone = parameters.get("PhoneNumbers", "")
        if not phone.isdigit() or len(phone) not in _PHONE_DIGITS:
            raise Refusal(200, "isv.MOBILE_NUMBER_ILLEGAL")
        out_id = parameters.get("OutId", "")
        known = next((message for message in self.received if message.out_id == out_id), None)
        if not (self.conduct.dedup and out_id and known):
            known = self._accept(phone, out_id, parameters)
        if self._uses_up("lose"):
            raise Cut
        return {"BizId": known.biz_id}

    def _accept(self, phone: str, out_id: str, parameters: Mapping[str, str]) -> Received:
        try:
            words = json.loads(parameters.get("TemplateParam") or "{}")
        except ValueError as error:
            raise Refusal(200, "isv.INVALID_JSON_PARAM") from error
        if not isinstance(words, dict) or not all(isinstance(value, str) for value in words.values()):
            raise Refusal(200, "isv.INVALID_JSON_PARAM")
        message = Received(
            biz_id=f"{new_id()}^0",
            out_id=out_id,
            phone=phone,
            sign_name=parameters.get("SignName", ""),
            code=parameters.get("TemplateCode", ""),
            words=words,
            at=iso(now()),
        )
        if self._log:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")
        self.received.append(message)
        return message

    def _details(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        if self.conduct.blind:
            raise Refusal(503, "ServiceUnavailable")
        phone, day = parameters.get("PhoneNumber", ""), parameters.get("SendDate", "")
        size, page = int(parameters.get("PageSize", "10")), int(parameters.get("CurrentPage", "1"))
        found = [m for m in reversed(self.received) if m.phone == phone and _sent(m).strftime("%Y%m%d") == day]
        shown = [self._detail(message) for message in found[(page - 1) * size : page * size]]
        return {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}

    def _detail(self, message: Received) -> dict[str, Any]:
        arrived = now() - _sent(message) >= timedelta(seconds=self.conduct.deliver_after_s)
        error = self.conduct.undelivered.get(message.phone, "")
        return {
            "PhoneNum": message.phone,
            "SendStatus": (2 if error else 3) if arrived else 1,
            "ErrCode": error or ("DELIVERED" if arrived else ""),
            "TemplateCode": message.code,
            "Content": text_of(message),
            "SendDate": _sent(message).strftime("%Y-%m-%d %H:%M:%S"),
            "OutId": message.out_id,
        }

    def _uses_up(self, what: str) -> bool:
        """Whether it still has to do ``what``, once less from now on."""
        left: int = getattr(self.conduct, what)
        if left > 0:
            setattr(self.conduct, what, left - 1)
        return left != 0


def text_of(message: Received) -> str:
    """What the phone shows, as far as the operator's template is not known: sign, template, words."""
    return f"【{message.sign_name}】{message.code} " + " ".join(message.words.values())


def _sent(message: Received) -> datetime:
    return datetime.fromisoformat(message.at).astimezone(ZONE)


class Application:
    """The operator over HTTP (WSGI)."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _BODY_BYTES
        routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "/"): self._operate,
            ("GET", "/"): self._page,
            ("GET", "/received"): self._received,
            ("POST", "/control"): self._control,
            ("GET", "/healthz"): self._health,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return Response("not found\n", 404)(environ, start_response)
        try:
            return route(request)(environ, start_response)
        except Cut:
            _hang_up(environ, start_response)
            return []

    def _operate(self, request: Request) -> Response:
        parameters = dict(parse_qsl(request.get_data(as_text=True), keep_blank_values=True))
        try:
            return _json(self._operator.answer(parameters))
        except Refusal as refusal:
            code = {"RequestId": new_id(), "Code": refusal.code, "Message": refusal.code}
            return _json(code, refusal.status)

    def _received(self, _: Request) -> Response:
        return _json({"requests": self._operator.requests, "received": [asdict(m) for m in self._operator.received]})

    def _health(self, _: Request) -> Response:
        return Response("ok\n")

    def _control(self, request: Request) -> Response:
        try:
            return _json(self._operator.control(json.loads(request.get_data() or b"{}")))
        except (ValueError, TypeError, AttributeError) as error:
            return _json({"error": str(error)}, 400)

    def _page(self, _: Request) -> Response:
        rows = "".join(
            f"<tr><td>{escape(m.at)}</td><td>{mask_phone(m.phone)}</td><td>{escape(text_of(m))}</td></tr>"
            for m in reversed(self._operator.received[-200:])
        )
        return Response(_PAGE.format(count=len(self._operator.received), rows=rows), mimetype="text/html")


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>Simulated SMS operator</title>
<style>body{{font:16px system-ui,sans-serif;margin:2rem}}td,th{{padding:.3rem .8rem;text-align:left}}
tr:nth-child(even){{background:#f3f4f6}}</style>
<h1>Simulated SMS operator</h1><p>{count} messages accepted. No real phone gets any of them.</p>
<table><tr><th>Received</th><th>Phone</th><th>Text</th></tr>{rows}</table></html>"""


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, mimetype="application/json")


def _hang_up(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> None:
    """End the connection so that the client sees it cut, not an empty answer."""
    environ["eventlet.input"].get_socket().shutdown(socket.SHUT_RDWR)
    start_response("500 Cut off", [])


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m steward.testing.sms_operator", description="Simulated SMS operator")
    parser.add_argument("--port", type=int, required=True, help="0: any free one")
    parser.add_argument("--key", default="", help="the only account that it knows; without it, any")
    parser.add_argument("--secret", help="without it STEWARD_SMS_SECRET, which no process list shows")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--dedup", choices=("on", "off"), default="off")
    wanted = parser.parse_args()
    operator = Operator(wanted.key, wanted.secret or settings.read("sms_secret"), wanted.log, Conduct(dedup=wanted.dedup == "on"))
    listener = eventlet.listen(("127.0.0.1", wanted.port), backlog=_BACKLOG)
    print(f"simulated SMS operator on http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    wsgi.server(listener, Application(operator), log_output=False, debug=False, socket_timeout=_IDLE_S)


if __name__ == "__main__":
    main()
