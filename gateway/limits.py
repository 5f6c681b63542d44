"""The gateway's own numbers, from ``policy.toml`` and what the company says instead."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from gateway.pace import Load
from gateway.rates import Rate
from gateway.sessions import Doubt
from steward.policy import PolicyError, company, merge


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds; what each means stands beside it in ``policy.toml``."""

    max_body: int
    max_upload: int
    max_depth: int
    body_s: float
    in_flight: int
    connections: int
    connections_each: int
    proxies: int
    timeline_s: float
    dead_letters_s: float
    audit_s: float
    approvals_s: float
    stream_ring: int
    stream_queue: int
    stream_clients: int
    stream_clients_each: int
    stream_heartbeat_s: float
    stream_longest_s: float
    stream_ticket_s: int
    load: Load
    sessions: Doubt
    rates: dict[str, Rate]
    timelines: dict[str, str]

    @classmethod
    def read(cls, folder: Path | None = None) -> Limits:
        """The shipped numbers, with those of ``folder/gateway.toml`` in their place.

        Raises TypeError for an unknown one, PolicyError for what is not TOML.
        """
        numbers = tomllib.loads(files("gateway").joinpath("policy.toml").read_text(encoding="utf-8"))
        numbers = merge(numbers, company("gateway", folder)[1])
        load = Load(**numbers.pop("load"))
        rates = {kind: Rate(**rate) for kind, rate in numbers.pop("rates").items()}
        doubt = Doubt(**numbers.pop("sessions"))
        return cls(**numbers, load=load, sessions=doubt, rates=rates)


def check(folder: Path | None) -> None:
    """Raises PolicyError for a file that cannot be understood."""
    try:
        Limits.read(folder)
    except (TypeError, AttributeError) as error:
        raise PolicyError(f"{company('gateway', folder)[0]}: {str(error).rpartition('__init__() ')[2]}") from error
