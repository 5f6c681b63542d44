"""The kit's metrics. Labels hold names from specs only, never anything a caller typed."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

CALL_SECONDS = Histogram("steward_call_seconds", "Time to answer a call", ["service", "call", "outcome"], buckets=_SECONDS)
CALLS_WAITING = Gauge("steward_calls_waiting", "Calls of this process that wait for their answer", ["service"])
HANDLER_SECONDS = Histogram("steward_handler_seconds", "Time to handle an event", ["service", "handler", "outcome"], buckets=_SECONDS)
EVENT_LAG_SECONDS = Histogram(
    "steward_event_lag_seconds",
    "From an event's time to the end of its handling",
    ["service", "handler"],
    buckets=(*_SECONDS, 30, 60, 300),
)
COMMITTED_TOGETHER = Histogram(
    "steward_units_committed_together", "Units of work that one transaction held", ["service"], buckets=(1, 2, 4, 8, 16, 32)
)
PUBLISHED = Counter("steward_events_published_total", "Events confirmed by the broker", ["service", "event"])
OUTBOX_PENDING = Gauge("steward_outbox_pending", "Journal entries that wait to be published", ["service"])
OUTBOX_AGE = Gauge("steward_outbox_age_seconds", "Age of the oldest entry that waits", ["service"])
UNROUTABLE = Counter("steward_events_unroutable_total", "Events that found no queue and were kept", ["service"])
QUEUES_GONE = Counter("steward_queues_gone_total", "Queues that had been deleted, with what waited in them", ["service"])
UNSEALED_AGE = Gauge("steward_audit_unsealed_age_seconds", "Age of the oldest journal entry that no audit link names", ["service"])
SEALED = Gauge("steward_sealed", "Texts and files seen by the latest passes, by key: current, other or unknown", ["service", "key"])
RETRIES = Counter("steward_retries_total", "Messages sent back for another try", ["service", "handler", "error"])
DEAD = Counter("steward_dead_letters_total", "Messages given up", ["service", "handler", "error"])
BREAKER_OPEN = Gauge("steward_breaker_open", "1 while a handler takes nothing because a part is away", ["service", "handler"])
BREAKER_HELD = Gauge("steward_breaker_held", "Messages in hand that wait for a part to come back", ["service", "handler"])
SWEEP_SECONDS = Histogram("steward_sweep_seconds", "Time of one sweep", ["service", "sweep"], buckets=_SECONDS)
