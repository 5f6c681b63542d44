"""How somebody wishes to be told things, as far as sending heeds it (handbook §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from services.notify.rules import Quiet


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


NONE = Wishes()
