"""Dead letters over HTTP: what an operator does with many of them at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gateway.asking import Asked
from gateway.everywhere import Everybody, chosen


def many(asked: Asked, installed: Collection[str], everybody: Everybody) -> dict[str, Any]:
    """The same action on many letters, of one service or of all; the operation is named like the call."""
    services, body = chosen(asked.arguments["body"], installed)
    answers, missing = everybody(asked.operation.id, {"body": body}, services)
    sums = {name: sum(done[name] for done in answers.values()) for name in ("matched", "done")}
    return {**sums, "services": answers, "missing": missing}
