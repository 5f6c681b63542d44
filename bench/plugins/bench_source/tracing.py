"""Where time goes: wraps the steps on a ticket's way and writes down, once a second, how often each was taken and how long it took.

Switched on by the environment variable BENCH_TRACE, the folder to write into; otherwise nothing is changed.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

FOLDER = os.environ.get("BENCH_TRACE", "")
WRITE_S = 1.0
GATEWAY = (
    ("gateway: the whole request", "gateway.web:Application.__call__"),
    ("gateway: read, permit, validate", "gateway.asking:read"),
    ("gateway: wait for a place", "gateway.admission:Gate.enter"),
)
EVERYWHERE = (
    ("call: there and back", "steward.bus.calls:Replies.call"),
    ("call: the method, with its commit", "steward.bus.serving:_once"),
    ("work: load one", "steward.store.work:Work.find"),
    ("work: commit", "steward.store.committing:Committer.commit"),
    ("relay: read the outbox", "steward.store.outbox:OutboxReader.page"),
    ("relay: publish, with confirms", "steward.bus.postbox:Postbox.send_all"),
    ("relay: take off the outbox", "steward.store.journal:Journal.published"),
    ("handler: decode and check", "steward.bus.handlers:Handler._receive"),
    ("handler: the method, with its commit", "steward.bus.handlers:_outcome"),
    ("handler: acknowledge", "steward.bus.intake:Delivery.ack"),
)
_taken: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])


def install() -> None:
    """Wrap the steps of this process, if it was asked for and it is a service or the gateway."""
    if FOLDER and "run" in sys.argv and not _taken:
        for stage, dotted in (*EVERYWHERE, *(GATEWAY if "gateway" in sys.argv else ())):
            _wrap(stage, dotted)
        import eventlet

        eventlet.spawn(_write_down)


def _wrap(stage: str, dotted: str) -> None:
    module, _, path = dotted.partition(":")
    owner: Any = import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _timed(stage, getattr(owner, name)))
    _taken[stage]


def _timed(stage: str, step: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(step)
    def timed(*args: Any, **more: Any) -> Any:
        started = perf_counter()
        result = None
        try:
            result = step(*args, **more)
            return result
        finally:
            if result != []:  # an empty page of the outbox is no step of any ticket
                _taken[stage][0] += 1
                _taken[stage][1] += perf_counter() - started

    return timed


def _write_down() -> None:
    import eventlet

    kept = Path(FOLDER) / f"{sys.argv[sys.argv.index('run') + 1]}-{os.getpid()}.json"
    while True:
        eventlet.sleep(WRITE_S)
        fresh = kept.with_suffix(".fresh")
        fresh.write_text(json.dumps(_taken))
        fresh.replace(kept)
