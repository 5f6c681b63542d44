"""A breaker: who finds a part away again and again stops asking for a while, then tries with one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence


class Breaker:
    """Whether it is worth trying now. Times are monotonic seconds, passed in.

    closed ──``failures`` in a row found it away──▶ open ──a probe, or a straggler, found it well──▶ closed
    While open, one probe at a time is let through, each ``probe_s`` after the one before; the last pause is repeated.
    """

    def __init__(self, failures: int, probe_s: Sequence[float]) -> None:
        self._most, self._probe_s = failures, tuple(probe_s)
        self._failures = 0
        self._probes = 0
        self._next_at = 0.0
        self.probing = False
        self.open = False

    def may(self, now: float) -> bool:
        """Whether to try. Where it is open, True makes this the probe: :meth:`away`, :meth:`well` or :meth:`undecided` must follow."""
        if not self.open:
            return True
        if self.probing or now < self._next_at:
            return False
        self.probing = True
        return True

    def wait_s(self, now: float) -> float:
        """How long until :meth:`may` can be True, a probe that is under way left aside."""
        return max(self._next_at - now, 0.0) if self.open else 0.0

    def away(self, now: float) -> None:
        """A try found the part away."""
        self._failures += 1
        if not self.open and self._failures >= self._most:
            self.open, self._probes, self.probing = True, 0, False
            self._pause(now)
        elif self.probing:
            self._probes, self.probing = self._probes + 1, False
            self._pause(now)

    def well(self) -> None:
        """A try found the part there, whatever else became of it."""
        self.open, self.probing, self._failures = False, False, 0

    def undecided(self) -> None:
        """The probe ended without having asked the part: another may follow at once."""
        self.probing = False

    def _pause(self, now: float) -> None:
        self._next_at = now + self._probe_s[min(self._probes, len(self._probe_s) - 1)]
