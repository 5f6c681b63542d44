"""The gateway's metrics. Labels hold paths as declared, never as typed."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "steward_http_request_seconds",
    "Time to answer a request; for a stream, to open it",
    ["method", "path", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
IN_FLIGHT = Gauge("steward_http_requests_in_flight", "Requests that are worked on now")
PLACES = Gauge("steward_http_places", "Requests to a service that are worked on at once, at most", ["service"])
SHED = Counter(
    "steward_http_requests_shed_total",
    "Requests refused: rate (429, one caller's), full, late (503, no place, or none in time), connections (503, too many open)",
    ["reason"],
)
STREAM_CLIENTS = Gauge("steward_stream_clients", "Live streams that are open")
SESSIONS_KNOWN = Gauge("steward_sessions_told", "Sessions that are known to be other than their tokens say: ended, or with other grants")
