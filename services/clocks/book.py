"""Where rows of policy come from: our own, those that other services bring, and what the company decides.

A service brings clocks for its events as ``[clocks.ID]`` tables in the ``policy.toml`` beside its spec, exactly as
ours stand in ours, and other settings of them as ``[profiles.NAME.clocks.ID]``. They are read without loading the
service. A company, and each of its projects, picks them by name (``profile = "S3/10"``, or a list) and overrides what it likes.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from services.clocks import calendars, ways
from services.clocks.refusals import BadPolicy, BadRule, did_you_mean
from services.clocks.rows import LIMITS, Published, parse
from services.clocks.rules import Rules
from services.clocks.ways import Ways
from services.clocks.working import Calendar
from steward import settings
from steward.policy import Policies, company, merge
from steward.trust.principals import EVERYWHERE

POLICY = "policy.toml"
RESERVED = ("reserved_tickets.toml", "reserved_works.toml", "reserved_desk.toml")
"""Our rows for services that are still to come."""
PICKED = "profile"
SAID = "what was said of {project}"
OWN_EVENTS = ("started", "stopped", "warned", "breached", "escalated", "acknowledged", "cancelled", "rules_changed", "replanned")
_BROUGHT = ("clocks", "profiles")

log = logging.getLogger(__name__)


class Edition(NamedTuple):
    """A project's policy at one time; ``project`` is empty for all that say nothing of their own."""

    project: str
    company: int
    own: int


@dataclass(frozen=True)
class Layer:
    """A part of the policy, and the file (and table) in which it stands."""

    where: str
    policy: Mapping[str, Any]


@cache
def shipped() -> dict[str, Any]:
    """Our policy with the rows that installed services bring. Raises BadRule when two claim one id."""
    policy: dict[str, Any] = {}
    for name in (POLICY, *RESERVED):
        policy = merge(policy, _read(__package__, name) or {})
    for package in _packages():
        brought = _read(package) or {}
        if taken := sorted(set(brought.get("clocks", {})) & set(policy["clocks"])):
            raise BadRule(f"clocks.{taken[0]}", "", f"{package} brings a row that exists already")
        policy = merge(policy, {name: brought[name] for name in _BROUGHT if name in brought})
    return policy


@cache
def published() -> Published:
    """The events of all installed services, by their specs."""
    events, unread = {f"clocks.{name}" for name in OWN_EVENTS}, set()
    for point in _points():
        try:
            spec = point.load()
        except Exception:  # whatever is wrong with a plug-in, the clocks of all others run
            log.exception("the spec of %s cannot be read: any event of it is believed", point.name)
            unread.add(point.name)
            continue
        events |= {f"{spec.name}.{event.name}" for event in spec.publishes}
    return Published(frozenset(events), frozenset(unread))


def merged(layers: Iterable[Layer]) -> dict[str, Any]:
    """The policy made of ``layers``, the later over the earlier. Raises BadRule for a profile that there is not.

    A layer's own word goes over the profiles that it picks. A limit said in another way takes the place of the one
    said before.
    """
    policy: dict[str, Any] = {}
    for layer in layers:
        picked = layer.policy.get(PICKED, [])
        for name in [picked] if isinstance(picked, str) else picked:
            policy = _over(policy, _profile(policy, name))
        policy = _over(policy, layer.policy)
    return policy


def check(layers: Iterable[Layer]) -> Rules:
    """The rules of ``layers``. Raises BadRule or BadCalendar, saying in which file, table and key."""
    known = list(layers)
    try:
        policy = merged(known)
        calendars.from_policy(policy["calendar"])
        ways.from_policy(policy[ways.TABLE])
        return parse(policy, published())
    except BadPolicy as error:
        raise error.found_in(_blamed(known, error)) from None


def heard_events() -> tuple[str, ...]:
    """Every event that a row names, in any project of this installation. Raises BadPolicy for what is wrong."""
    return tuple(sorted(frozenset().union(*(check(layers).heard for layers in _everywhere(settings.read("policy"))))))


def check_folder(folder: Path | None) -> None:
    """Raises BadPolicy for what is wrong in the company's ``folder``, for all projects or for one."""
    for layers in _everywhere(folder):
        check(layers)


def zone_event() -> tuple[str, str]:
    """The event that tells a project's own time zone, and the field of its data that does."""
    told = shipped()["calendar"]["project_zone"]
    return told["event"], told["field"]


def standing_event() -> tuple[str, Mapping[str, str]]:
    """The event that tells who can be called upon as what, and the names of its fields."""
    told = shipped()[ways.TABLE]["staff"]
    return told["event"], told


class Book:
    """What holds in each project, parsed once; projects that say nothing of their own share what the company says.

    ``said`` gives what the company (``*``) and each project say over the API: the version, and the tables.
    """

    def __init__(self, policies: Policies, said: Callable[[str], tuple[int, Mapping[str, Any]]] = lambda project: (0, {})) -> None:
        self._policies, self._said = policies, said
        self.heard = frozenset(heard_events())
        self._policy_of = lru_cache(maxsize=4096)(self._policy)
        self._rules_of = lru_cache(maxsize=4096)(self._rules)
        self._calendar_of = lru_cache(maxsize=4096)(self._calendar)
        self._ways_of = lru_cache(maxsize=4096)(self._ways)

    def policy(self, project: str) -> dict[str, Any]:
        """The policy of ``project``."""
        return self._policy_of(self._edition(project))

    def rules(self, project: str) -> Rules:
        """The rows that hold in ``project``."""
        return self._rules_of(self._edition(project))

    def ways(self, project: str) -> Ways:
        """Who is above whom in ``project``."""
        return self._ways_of(self._edition(project))

    def calendar(self, project: str, zone: str | None) -> Calendar:
        """The calendar of ``project``, in its own ``zone`` if it has one."""
        return self._calendar_of(self._edition(project), zone)

    def calendar_if(self, project: str, says: Mapping[str, Any], zone: str | None) -> Calendar:
        """The calendar that ``project`` would have, were ``says`` what it says of its own."""
        return calendars.from_policy(merged(self.layers(project, says))["calendar"], zone)

    def layers(self, project: str, says: Mapping[str, Any] | None = None) -> tuple[Layer, ...]:
        """What holds in ``project`` from the bottom up; with ``says``, as if that were what it says of its own."""
        own, over = self._policies.layers(project)
        files = Layer(POLICY, shipped()), Layer("clocks.toml", own), Layer(f"clocks.toml [project.{project}]", over)
        told = {EVERYWHERE: self._said(EVERYWHERE)[1], project: self._said(project)[1]} | ({} if says is None else {project: says})
        return *files, *(Layer(SAID.format(project=name), tables) for name, tables in told.items() if tables)

    def _edition(self, project: str) -> Edition:
        """What tells apart the policies of two projects, and of one at two times."""
        company, own = self._said(EVERYWHERE)[0], self._said(project)[0]
        return Edition(project if own or self._policies.layers(project)[1] else "", company, own)

    def _policy(self, edition: Edition) -> dict[str, Any]:
        return merged(self.layers(edition.project))

    def _rules(self, edition: Edition) -> Rules:
        return check(self.layers(edition.project))

    def _ways(self, edition: Edition) -> Ways:
        return ways.from_policy(self._policy_of(edition)[ways.TABLE])

    def _calendar(self, edition: Edition, zone: str | None) -> Calendar:
        return calendars.from_policy(self._policy_of(edition)["calendar"], zone)


def _everywhere(folder: Path | None) -> Iterator[tuple[Layer, ...]]:
    """The layers of the company, and those of each of its projects."""
    path, own = company("clocks", folder)
    projects = own.pop("project", {})
    base = (Layer(POLICY, shipped()), Layer(path, own))
    yield base
    for name, over in projects.items():
        yield (*base, Layer(f"{path} [project.{name}]", over))


def _over(policy: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    """``layer`` over ``policy``; a row whose limit it states loses the limit that it had."""
    rows = dict(policy.get("clocks", {}))
    for name, row in layer.get("clocks", {}).items():
        if isinstance(row, Mapping) and name in rows and LIMITS & set(row):
            rows[name] = {key: value for key, value in rows[name].items() if key not in LIMITS}
    return merge({**policy, "clocks": rows}, layer)


def _profile(policy: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    known: Mapping[str, Mapping[str, Any]] = policy.get("profiles", {})
    if name not in known:
        raise BadRule(PICKED, "", f"there is no profile {name!r}{did_you_mean(name, known)}; there is {', '.join(sorted(known))}")
    return known[name]


def _blamed(layers: list[Layer], error: BadPolicy) -> str:
    """The file that holds what ``error`` says: the last to speak of that key, else of that table."""
    path = error.table.split(".")
    keys = [key for key in error.key.split(", ") if key]
    for wanted in [[*path, *key.split(".")] for key in keys] + [path]:
        for layer in reversed(layers):
            if _says(layer.policy, wanted):
                return layer.where
    return layers[0].where


def _says(policy: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(policy, Mapping) or name not in policy:
            return False
        policy = policy[name]
    return True


def _points() -> Iterator[EntryPoint]:
    for point in sorted(entry_points(group="steward.services"), key=lambda point: point.name):
        if point.module.rpartition(".")[0] != __package__:
            yield point


def _packages() -> Iterator[str]:
    for point in _points():
        if package := point.module.rpartition(".")[0]:
            yield package


def _read(package: str, name: str = POLICY) -> dict[str, Any] | None:
    try:
        return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    except (ModuleNotFoundError, FileNotFoundError):
        return None
