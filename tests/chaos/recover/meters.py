"""What the processes of a service say of themselves."""

from __future__ import annotations

from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from steward.testing.system import System


def measured(system: System, service: str, metric: str, **labels: str) -> list[float]:
    """The sum of ``metric`` where ``labels`` hold, of each replica of ``service``."""
    found = []
    for row in system.rows(service):
        families = text_string_to_metric_families(httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=30).text)
        samples = [sample for family in families for sample in family.samples if sample.name == metric]
        found.append(sum(sample.value for sample in samples if labels.items() <= sample.labels.items()))
    return found


def readiness(system: System, service: str) -> list[dict[str, Any]]:
    """``/readyz`` of each replica of ``service``."""
    return [httpx.get(f"http://127.0.0.1:{row.port}/readyz", timeout=30).json() for row in system.rows(service)]
