"""The entrypoint of time: a method run again and again, to find what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from time import monotonic
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.timeout import Timeout
from nameko.extensions import Entrypoint, register_entrypoint

from steward.bus.intake import STUCK_AFTER_S
from steward.bus.standard import STANDARD_SWEEPS
from steward.context import Context
from steward.errors import StewardError
from steward.ids import new_id
from steward.observe import health, logs, metrics
from steward.spec import ServiceSpec
from steward.store.lease import Lease
from steward.store.provider import SharedStore
from steward.times import now
from steward.trust.principals import service_principal

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=6)
_PAUSE_AFTER_FAILURE_S = 1.0


class Sweeper(Entrypoint):
    """Runs a method every ``every_s`` seconds (spec's ``Sweep``), in every replica or in one, never twice at once in one.

    Whatever it raises is logged, and the next sweep comes: sweeps find work by what is due, so nothing is lost.
    """

    store = SharedStore()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._stop = Signal()
        self._lease: Lease | None = None
        self._thread: Any = None
        self._progress = monotonic()

    @classmethod
    def decorator(cls, method: Callable[[Any], None]) -> Callable[[Any], BaseException | None]:
        """Marks ``method`` as the sweep of its name."""

        @wraps(method)
        def run(service: Any) -> BaseException | None:
            logs.bind(correlation=service.context.correlation)
            try:
                with metrics.SWEEP_SECONDS.labels(service.name, method.__name__).time():
                    method(service)
            except BaseException as error:  # also eventlet's: a sweep must never end for good
                return error
            return None

        register_entrypoint(run, cls())
        return run

    def setup(self) -> None:
        spec: ServiceSpec = self.container.service_cls.spec
        self._sweep = next(sweep for sweep in (*spec.sweeps, *STANDARD_SWEEPS) if sweep.method == self.method_name)
        self._principal = service_principal(spec.name)
        health.board.alive(f"sweep {self.method_name}", self._turns)

    def _turns(self) -> bool:
        # Not yet started is not stuck: the service waits for its store. Nor is a sweep that is made less often.
        return self._thread is None or monotonic() - self._progress < self._sweep.every_s + 2 * STUCK_AFTER_S

    def start(self) -> None:
        self._progress = monotonic()
        self._thread = self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        self._stop.send()
        self._thread.wait()
        try:
            if self._lease:
                self._lease.give_back()
        except StewardError:
            log.info("the lease runs out by itself")

    def _run(self) -> None:
        while not self._stop.ready():
            self._progress = monotonic()
            pause = self._sweep.every_s
            error = self._sweep_if_ours()
            if error is not None:
                expected = isinstance(error, StewardError)
                log.log(
                    logging.WARNING if expected else logging.ERROR,
                    "sweep %s: %s",
                    self.method_name,
                    error,
                    exc_info=None if expected else error,
                )
                pause = max(pause, _PAUSE_AFTER_FAILURE_S)
            with Timeout(pause, False):
                self._stop.wait()

    def _sweep_if_ours(self) -> BaseException | None:
        try:
            return self._sweep_once() if self._ours() else None
        except StewardError as error:
            return error

    def _ours(self) -> bool:
        if self._sweep.alone and self._lease is None:
            self._lease = Lease(self.store.database, f"sweep {self.method_name}", LEASE)
        return self._lease is None or self._lease.hold()

    def _sweep_once(self) -> BaseException | None:
        ended = Signal()
        sweep_id = new_id()
        context = Context(
            principal=self._principal, now=now(), correlation=sweep_id, key=f"sweep:{sweep_id}", how="sweep", doing=self.method_name
        )

        def done(worker: Any, error: BaseException | None, failed: Any) -> tuple[Any, Any]:
            ended.send(failed[1] if failed else error)
            return None, None

        self.container.spawn_worker(self, (), {}, context_data={"steward": context}, handle_result=done)
        outcome: BaseException | None = ended.wait()
        eventlet.sleep(0)
        return outcome
