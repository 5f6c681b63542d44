"""How somebody wishes to be told things, and what that changes about a message (handbook §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from services.notify.model.message import Message, require
from services.notify.model.queueing import queued, suppressed
from services.notify.rules import Quiet, Terms
from steward.facts import Decision


@dataclass(frozen=True)
class Wishes:
    """Channels, the best first (empty: as the company has it); hours to be left in peace; whether more than the essential may come."""

    channels: tuple[str, ...] = ()
    quiet: tuple[time, time] | None = None
    non_essential: bool = True

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Wishes:
        """The wishes of whoever ``said`` this to residents; none where nothing was said."""
        hours = said.get("quiet_from"), said.get("quiet_to")
        return cls(
            channels=tuple(said.get("channels") or ()),
            quiet=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours[0] and hours[1] else None,
            non_essential=said.get("non_essential", True),
        )

    def ordered(self, channels: tuple[str, ...]) -> tuple[str, ...]:
        """``channels``, those wished for first: nobody is told in a way that the company has no words for."""
        wished = [name for name in self.channels if name in channels]
        return tuple(dict.fromkeys((*wished, *channels)))

    def allowed_from(self, channel: str, moment: datetime, company: Quiet) -> datetime:
        """The earliest moment from ``moment`` on at which ``channel`` is welcome: those that the company's quiet hours are about wait."""
        return replace(company, hours=(self.quiet,) if self.quiet else ()).allowed_from(channel, moment)


NO_WISHES = Wishes()


def open_to_wishes(message: Message) -> bool:
    """Whether any wishes could change what becomes of ``message``.

    What is essential goes out at once, and its channels are settled where there is one alone, or one was tried.
    """
    return not message.essential or (len(message.channels) > 1 and not _tried(message))


def heed(message: Message, wishes: Wishes, now: datetime, terms: Terms) -> Decision[Message] | None:
    """What ``wishes`` of its recipient change before it goes out (handbook §9); None: nothing.

    What is not essential is not sent to those who want no more than that, and waits for the end of their quiet hours.
    The channel that they like best comes first, until one was tried.
    """
    require("heed", message)
    if not (message.essential or wishes.non_essential):
        return suppressed(message, "opted_out", now)
    channels = wishes.ordered(message.channels)
    if channels != message.channels and not _tried(message):
        return Decision(queued(replace(message, channels=channels), now, terms))
    welcome = now if message.essential else wishes.allowed_from(message.channel, now, terms.quiet)
    return Decision(replace(message, not_before=welcome, next_at=welcome, reason_code="own_quiet_hours")) if welcome > now else None


def _tried(message: Message) -> bool:
    return bool(message.attempts or message.earlier)
