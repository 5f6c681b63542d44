"""What of an outbox is held back, because an event of it found no queue, and when that is tried again.

Only the aggregates whose events could not be delivered wait, so that their events stay in order; all others go past them.
In memory alone: another relay finds out by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from steward.store.client import Document

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""How long is waited before the next pass over what is held back, pass after pass."""


class HeldBack:
    """Chooses, page by page, which entries of an outbox are sent now.

    The outbox is read in order, from :attr:`after` on. While nothing is held back that is its beginning. Otherwise the
    reading goes on behind what is held back, and begins anew when its time has come: with one event of each aggregate
    that is held back, for if that finds a queue, the others may follow, else they would overtake it.
    """

    def __init__(self) -> None:
        self.after: int | None = None
        """Entries of this order and before have been looked at in this pass."""
        self.oldest: datetime | None = None
        """Since when the oldest event waits that is held back."""
        self._subjects: set[str] = set()
        self._refused: set[str] = set()
        self._passes = 0
        self._again_at = 0.0

    def __len__(self) -> int:
        """How many aggregates are held back."""
        return len(self._subjects)

    def due(self, moment: float) -> bool:
        """Whether what is held back is to be tried again; then a new pass begins. ``moment``: monotonic seconds."""
        if not self._subjects or moment < self._again_at:
            return False
        self._again_at = moment + PAUSES_S[min(self._passes, len(PAUSES_S) - 1)]
        self._passes += 1
        self._refused.clear()
        self.after = self.oldest = None
        return True

    def wait_s(self, moment: float) -> float:
        """How long until the next pass."""
        return max(self._again_at - moment, 0.0)

    def choose(self, entries: Iterable[Document]) -> list[Document]:
        """Those of ``entries``, in order, that are to be sent now."""
        chosen: list[Document] = []
        behind = set(self._refused)
        for entry in entries:
            subjects = subjects_of(entry)
            if behind.isdisjoint(subjects):
                chosen.append(entry)
                behind |= subjects & self._subjects  # whether they have a queue again is not known yet
            else:
                behind |= subjects
        return chosen

    def note(self, entries: Sequence[Document], chosen: Sequence[Document], refused: Sequence[Document], moment: float) -> None:
        """Of ``entries``, ``chosen`` were sent, and of these ``refused`` found no queue. ``moment``: monotonic seconds."""
        stuck = {subject for entry in refused for subject in subjects_of(entry)}
        sent = {subject for entry in chosen for subject in subjects_of(entry)}
        released = (self._subjects & sent) - stuck
        if stuck and not self._subjects:
            self._passes, self._again_at = 1, moment + PAUSES_S[0]
        self._subjects = (self._subjects - released) | stuck
        self._refused |= stuck
        if not self._subjects:
            self._forget()
            return
        done = {entry["_id"] for entry in chosen} - {entry["_id"] for entry in refused}
        waiting = [entry["at"] for entry in entries if entry["_id"] not in done]
        self.oldest = min([*waiting, *([self.oldest] if self.oldest else [])], default=None)
        if entries and not released:
            self.after = entries[-1]["order"]

    def _forget(self) -> None:
        self._refused.clear()
        self.after = self.oldest = None
        self._passes, self._again_at = 0, 0.0


def subjects_of(entry: Document) -> set[str]:
    """The aggregates that the events of ``entry`` are about."""
    return {event["subject"] for event in entry["events"]}
