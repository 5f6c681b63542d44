"""Runs the parts of one machine: in order, restarted when they die or wedge, stopped in the reverse order.

One loop in the main thread starts and stops (a leash belongs to the thread that made it); a few threads ask for health.
No eventlet here: this process must stay up and simple when everything around it fails.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from steward.local import logs, roster
from steward.local.child import Child, State
from steward.local.part import Health, Part, Stage
from steward.local.place import Place
from steward.local.processes import spawn

TICK_S = 0.1
EAGER_S, CALM_S = 0.25, 5.0
"""How often health is asked: until a part is ready, and after."""
LOGS_S = 60.0
PROBES = 4

Told = Callable[[str], None]


class Supervisor:
    """Supervises ``parts``. ``told`` gets a line for people at each change; ``when_ready`` is called once, when all are ready."""

    def __init__(
        self,
        place: Place,
        parts: Sequence[Part],
        url: str = "",
        told: Told = lambda line: None,
        when_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.children = [Child(part, self._start) for part in sorted(parts, key=lambda part: part.stage)]
        self._place, self._url, self._told, self._when_ready = place, url, told, when_ready
        self._asked: dict[Child, Future[Health]] = {}
        self._ask_at: dict[Child, float] = {}
        self._stops = 0
        self._began = time.monotonic()
        self._announced = False
        self._logs_at = self._began + LOGS_S

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then stop all parts. A second signal kills what is left."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with ThreadPoolExecutor(PROBES, "probe") as probes:
            while not self._stops:
                if self._round(probes, time.monotonic()):
                    self._write()
                time.sleep(TICK_S)
            self._stop()
        for probe in self._asked.values():
            probe.cancel()

    def stop(self) -> None:
        """End :meth:`run`, as a signal does."""
        self._stops += 1

    def _on_signal(self, number: int, frame: Any) -> None:
        self.stop()

    # one round

    def _round(self, probes: ThreadPoolExecutor, now: float) -> bool:
        changed = False
        for child in self.children:
            changed |= self._look_after(child, probes, now)
        if not self._announced and all(child.state is State.READY for child in self.children):
            self._announced = changed = True
            self._write()
            self._when_ready()
        if now >= self._logs_at:
            self._logs_at = now + LOGS_S
            for child in self.children:
                logs.bound(self._log(child.part))
        return changed

    def _look_after(self, child: Child, probes: ThreadPoolExecutor, now: float) -> bool:
        if child.state is State.WAITING:
            if not self._may_start(child):
                return False
            child.start(now)
            return True
        changed = child.tick(now)
        if changed:
            self._report(child)
            self._asked.pop(child, None)  # an answer about the process before says nothing of this one
            self._ask_at.pop(child, None)
        return self._ask(child, probes, now) or changed

    def _ask(self, child: Child, probes: ThreadPoolExecutor, now: float) -> bool:
        if not child.running:
            return False
        asked = self._asked.get(child)
        if asked is None:
            if now >= self._ask_at.get(child, 0.0):
                self._asked[child] = probes.submit(child.part.probe)
            return False
        if not asked.done():
            return False
        del self._asked[child]
        changed = child.observe(asked.result(), now)
        self._ask_at[child] = now + (CALM_S if child.state is State.READY else EAGER_S)
        if changed:
            self._report(child)
        return changed

    def _may_start(self, child: Child) -> bool:
        """Services need the backends; they do not need one another."""
        last = min(child.part.stage, Stage.FAR_SIDE)
        return all(other.was_ready for other in self.children if other.part.stage < last)

    def _start(self, part: Part) -> Any:
        log = self._log(part)
        logs.bound(log)
        return spawn(part.argv, part.environ, log, part.folder)

    def _log(self, part: Part) -> Any:
        return self._place.logs / f"{part.label}.log"

    # telling

    def _report(self, child: Child) -> None:
        lines = {
            State.READY: f"{child.part.label} ready",
            State.UNREADY: f"{child.part.label} is not ready any more",
            State.BACKOFF: f"{child.part.label} ended ({_exit(child.last_exit)}); it is started again; {self._log(child.part)}",
        }
        if line := lines.get(child.state):
            self._told(f"{time.monotonic() - self._began:7.1f} s  {line}")

    def _write(self) -> None:
        state = "stopping" if self._stops else "ready" if self._announced else "starting"
        roster.write(self._place, state, self._url, self.children)

    # stopping

    def _stop(self) -> None:
        self._write()
        for stage in sorted(Stage, reverse=True):
            self._stop_stage([child for child in self.children if child.part.stage is stage])
        self._write()

    def _stop_stage(self, children: list[Child]) -> None:
        for child in children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + max((child.part.grace_s for child in children), default=0.0)
        patient = self._stops
        while left := [child for child in children if not child.ended()]:
            if time.monotonic() > deadline or self._stops > patient:
                for child in left:
                    self._told(f"{child.part.label} did not stop in time and is killed")
                    child.send(signal.SIGKILL)
                deadline = time.monotonic() + 5
                patient = self._stops
            time.sleep(0.05)


def _exit(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit {code}"
