"""The postboxes of a process, shared by its extensions."""

from __future__ import annotations

from typing import Any

import eventlet
from nameko.extensions import SharedExtension

from steward.bus.postbox import Postbox

_TICK_S = 1.0
"""Often enough to hear soon that the broker takes messages again."""


class _Sending(SharedExtension):
    confirms: bool

    def __init__(self) -> None:
        super().__init__()
        self._postbox: Postbox | None = None
        self._ticking: Any = None

    @property
    def postbox(self) -> Postbox:
        """The postbox; opened at the first message."""
        if self._postbox is None:
            self._postbox = Postbox(self.container.config["AMQP_URI"], self.confirms)
        return self._postbox

    def start(self) -> None:
        if self._ticking is None:
            self._ticking = self.container.spawn_managed_thread(self._tick)

    def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.kill()
        self.postbox.close()

    def _tick(self) -> None:
        while True:
            eventlet.sleep(_TICK_S)
            self.postbox.tick()


class Confirmed(_Sending):
    """For what must arrive: retries and dead letters."""

    confirms = True


class Unconfirmed(_Sending):
    """For calls and answers: whoever waits has a deadline."""

    confirms = False
