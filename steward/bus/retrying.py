"""The rules of trying again, read from data: shipped, overridden by a service, by a company, and by either for one handler.

Later layers win: ``steward/bus/policy.toml`` → the company's ``bus.toml`` → the handler's own in its spec → the service's
shipped ``policy.toml`` → the company's ``{service}.toml``; in each, ``[retry.HANDLER]`` before ``[retry]``.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from steward.policy import PolicyError, company, shipped
from steward.spec import Hears, ServiceSpec

LONGEST_S = 604_800
"""A week: what must wait longer than that is better kept as a dead letter."""
_SHIPPED = "steward/bus/policy.toml"

Table = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RetryRules:
    """How often and when one handler tries again; what each means stands beside it in ``policy.toml``."""

    immediate: int
    conflicts: int
    delays_s: tuple[int, ...]
    order_s: tuple[int, ...]
    away_s: tuple[int, ...]
    jitter: float

    def jittered(self, delay_s: int, chance: random.Random) -> int:
        """``delay_s``, or longer by up to the share ``jitter``, in the whole seconds that the broker can count."""
        return int(delay_s * (1 + self.jitter * chance.random()) + chance.random())


@dataclass(frozen=True, kw_only=True)
class BreakerRules:
    """When a handler stops taking because a part is away, and how it finds out that it is back; seconds."""

    failures: int
    probe_s: tuple[float, ...]
    hold_s: float


def _count(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000:
        raise ValueError("a whole number from 1 to 1000")
    return value


def _share(value: Any) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError("a share from 0 to 1")
    return float(value)


def _seconds(value: Any) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= LONGEST_S:
        raise ValueError(f"seconds, more than 0 and at most {LONGEST_S}")
    return float(value)


def _waits(least: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        given = list(value) if isinstance(value, (list, tuple)) else [None]
        if len(given) < least or not all(isinstance(wait, int) and 1 <= wait <= LONGEST_S for wait in given):
            raise ValueError(f"a list of {least or 'no'} or more whole seconds, each from 1 to {LONGEST_S}")
        return tuple(given)

    return check


def _some_seconds(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("a list of one or more numbers of seconds")
    return tuple(_seconds(wait) for wait in value)


FIELDS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "retry": {
        "immediate": _count,
        "conflicts": _count,
        "delays_s": _waits(0),
        "order_s": _waits(0),
        "away_s": _waits(1),
        "jitter": _share,
    },
    "breaker": {"failures": _count, "probe_s": _some_seconds, "hold_s": _seconds},
    "answers": {"kept_days": _count},
}


def retry_rules(spec: ServiceSpec, handler: str, folder: Path | None) -> RetryRules:
    """The rules of ``handler`` in an installation whose policy folder is ``folder``. Raises PolicyError, saying where."""
    return RetryRules(**_merged("retry", spec, handler, folder))


def breaker_rules(spec: ServiceSpec, handler: str, folder: Path | None) -> BreakerRules:
    """The same for the handler's breaker."""
    return BreakerRules(**_merged("breaker", spec, handler, folder))


def kept_days(folder: Path | None) -> int:
    """For how many days a repeated request gets its first answer. Raises PolicyError, saying where."""
    where, everybody = company("bus", folder)
    layers = ((_SHIPPED, _shipped_tables()), (where, everybody))
    found = {name: value for place, tables in layers for name, value in _read(place, "answers", tables.get("answers", {}), set()).items()}
    return int(found["kept_days"])


def check(spec: ServiceSpec, folder: Path | None) -> None:
    """Raises PolicyError, saying where, for the first rule of any of its handlers that makes no sense."""
    kept_days(folder)
    for hears in spec.hears:
        retry_rules(spec, hears.handler, folder)
        breaker_rules(spec, hears.handler, folder)


def _merged(name: str, spec: ServiceSpec, handler: str, folder: Path | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {hears.handler for hears in spec.hears}
    for where, table, handlers in _layers(name, spec, spec.handler(handler), folder):
        found |= _read(where, name, table, handlers & known)
        if handler in handlers and handler in table:
            found |= _read(where, f"{name}.{handler}", table[handler], set())
    return found


def _layers(name: str, spec: ServiceSpec, hears: Hears, folder: Path | None) -> Iterator[tuple[str, Table, set[str]]]:
    """Each layer: where it stands, its table, and the handlers that it may name."""
    handlers = {other.handler for other in spec.hears}
    yield _SHIPPED, _shipped_tables()[name], set()
    where, everybody = company("bus", folder)
    yield where, everybody.get(name, {}), set()
    if name == "retry" and hears.retry:
        own = {field: value for field, value in asdict(hears.retry).items() if value is not None}
        yield f"the spec of {spec.name}.{hears.handler}", own, set()
    yield spec.policy, shipped(spec).get(name, {}), handlers
    where, own = company(spec.name, folder)
    yield where, own.get(name, {}), handlers


def _shipped_tables() -> dict[str, Any]:
    return tomllib.loads(files("steward.bus").joinpath("policy.toml").read_text(encoding="utf-8"))


def _read(where: str, name: str, table: Any, handlers: set[str]) -> dict[str, Any]:
    """The checked fields of ``table``; tables of ``handlers`` in it are passed over."""
    if not isinstance(table, Mapping):
        raise PolicyError(f"{where}: [{name}] is not a table")
    fields = FIELDS[name.partition(".")[0]]
    found = {}
    for field, value in table.items():
        if field in handlers:
            continue
        if field not in fields:
            raise PolicyError(f"{where}: [{name}] {field}: unknown; there is {', '.join([*fields, *sorted(handlers)])}")
        try:
            found[field] = fields[field](value)
        except ValueError as error:
            raise PolicyError(f"{where}: [{name}] {field}: expected {error}") from None
    return found
