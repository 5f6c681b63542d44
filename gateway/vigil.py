"""Asking identity what became of sessions: at the start, after a reconnect, and every few seconds."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

import eventlet
from nameko.extensions import SharedExtension

from gateway.house import House
from gateway.sessions import SERVICE, Sessions
from steward.bus.calls import RemoteServices, Replies
from steward.bus.intake import Intake
from steward.bus.tokens import own_token
from steward.errors import StewardError
from steward.ids import new_id
from steward.times import iso, now

_log = logging.getLogger(__name__)
_CALL = "session_watch"
_LOOK_S = 0.05
_AGAIN_S = 1.0


class Vigil(SharedExtension):  # type: ignore[misc]
    """Keeps the gateway's :class:`Sessions` certain, as long as identity answers."""

    house = House()
    intake = Intake()
    replies = Replies()

    def __init__(self) -> None:
        super().__init__()
        self._thread: Any = None
        self._silent = False

    def setup(self) -> None:
        self.intake.on_loss(self.house.front().sessions.lose)

    def start(self) -> None:
        front = self.house.front()
        if SERVICE in front.specs and self._thread is None:
            self._thread = self.container.spawn_managed_thread(lambda: self._run(front.sessions, front.limits.sessions.ask_s))

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.kill()

    def _run(self, sessions: Sessions, every_s: float) -> None:
        while True:
            if self.intake.connected:
                self._ask(sessions)
            ends = monotonic() + (_AGAIN_S if sessions.doubted else every_s)
            while monotonic() < ends and not (sessions.wanted and self.intake.connected):
                eventlet.sleep(_LOOK_S)

    def _ask(self, sessions: Sessions) -> None:
        """What cannot be told now is asked again; that sessions were used is then told when they are used again."""
        body = {"since": sessions.as_of, "used": {session: iso(moment) for session, moment in sessions.used().items()}}
        remote = RemoteServices(self.replies, self.container.service_name, new_id())
        try:
            sessions.learn(remote.call(SERVICE, _CALL, {"body": body}, principal_token=own_token(self.container.service_name)), now())
            self._silent = False
        except StewardError as error:
            sessions.tried()
            if not self._silent:
                _log.warning("identity does not tell what became of sessions: %s", error)
            self._silent = True
