"""The policy of the notify service, read into types: who is told of what, and the numbers of sending (handbook §9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from steward.ids import derived_id, id_at, time_of

CALLER = "caller"
ROLES = "roles"
ROLE = "role:"
"""How the audience of a message names a role of staff: ``role:supervisor``."""
PERSON = "person:"
"""How the id of a message tells the person whom it is for: the same matter is told to nobody in two roles."""

_ID_CHARACTERS = 26


@dataclass(frozen=True)
class Addressee:
    """Whom a message is for: the caller, or a role, and the user who is to act for it if one was named."""

    audience: str
    person: str | None = None


@dataclass(frozen=True)
class Rule:
    """One row: an event becomes a message. ``policy.toml`` says what each field means."""

    id: str
    events: tuple[str, ...]
    audience: str | tuple[str, ...]
    channels: tuple[str, ...]
    template: str
    quiet: bool
    roles_in: str = "audience"
    essential: bool = True
    per: str = "matter"
    when: Mapping[str, Any] | None = None
    unless: Mapping[str, Any] | None = None
    words: tuple[str, ...] = ()
    stale_s: float | None = None

    def applies(self, event: str, known: Mapping[str, Any]) -> bool:
        """Whether ``event`` with the values ``known`` of it and its matter is to be told."""
        if event not in self.events or not _holds(self.when or {}, known, all):
            return False
        return not (self.unless and _holds(self.unless, known, any))

    def addressees(self, known: Mapping[str, Any]) -> tuple[Addressee, ...]:
        """Who is told: the caller, or one entry a role; of those that an event names a person for, one a person."""
        if self.audience == CALLER:
            return (Addressee(CALLER),)
        if self.audience != ROLES:
            return tuple(Addressee(ROLE + role) for role in dict.fromkeys(self.audience))
        persons = {named["role"]: named for named in known.get("persons") or ()}
        told: dict[str, Addressee] = {}
        for role in sorted(dict.fromkeys(known.get(self.roles_in) or ()), key=lambda role: not _in_person(role, persons)):
            person = persons[role]["person"] if role in persons else None
            told.setdefault(person or ROLE + role, Addressee(ROLE + role, person))
        return tuple(told.values())

    def ways(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """The channels in order of preference: those that the event asks for go before the rule's own."""
        asked = known.get("channels") or () if self.audience == ROLES else ()
        return tuple(dict.fromkeys((*asked, *self.channels)))


@dataclass(frozen=True)
class Announcement:
    """A message that is called for; ``id`` is the same whenever, and however often, it is called for again."""

    id: str
    rule: Rule
    audience: str
    person: str | None = None


@dataclass(frozen=True)
class Quiet:
    """Hours of the project's day in which some channels keep silent."""

    hours: tuple[tuple[time, time], ...]
    zone: ZoneInfo
    channels: frozenset[str]

    def allowed_from(self, channel: str, moment: datetime) -> datetime:
        """The earliest moment from ``moment`` on at which ``channel`` may be used."""
        if channel not in self.channels:
            return moment
        for _ in range(len(self.hours) + 1):
            ends = [self._end(moment, start, end) for start, end in self.hours]
            later = max((end for end in ends if end), default=None)
            if later is None:
                break
            moment = later
        return moment

    def _end(self, moment: datetime, start: time, end: time) -> datetime | None:
        """When the quiet hours that ``moment`` lies in are over; None when it lies in none."""
        local = moment.astimezone(self.zone)
        now, day = local.time(), local.date()
        if start <= end:
            inside = start <= now < end
        else:
            inside = now >= start or now < end
            day += timedelta(days=1) if now >= start else timedelta(0)
        return datetime.combine(day, end, self.zone).astimezone(UTC) if inside else None


@dataclass(frozen=True)
class Terms:
    """The numbers of sending that hold in one project; delays in seconds, the last one repeated."""

    quiet: Quiet
    exempt_urgency: frozenset[str]
    lease_s: float
    retry_delays_s: tuple[float, ...]
    attempts: int
    free_s: float
    contact_delays_s: tuple[float, ...]
    settle_s: float
    look_ups: int
    doubt_delays_s: tuple[float, ...]
    resend: bool
    receipt_delays_s: tuple[float, ...]
    calls: int

    @classmethod
    def of(cls, policy: Mapping[str, Any], zone: str | None = None) -> Terms:
        """The terms in ``policy``; ``zone`` is the project's IANA time zone, if it is known."""
        quiet, retry, doubt = policy["quiet"], policy["send_retry"], policy["doubt"]
        return cls(
            quiet=Quiet(
                hours=tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in quiet["hours"]),
                zone=ZoneInfo(zone or policy["zone"]),
                channels=frozenset(quiet["channels"]),
            ),
            exempt_urgency=frozenset(quiet["exempt_urgency"]),
            lease_s=policy["sending"]["lease_s"],
            retry_delays_s=tuple(retry["delays_s"]),
            attempts=retry["attempts"],
            free_s=policy["away"]["free_s"],
            contact_delays_s=tuple(policy["contact_retry"]["delays_s"]),
            settle_s=doubt["settle_s"],
            look_ups=doubt["look_ups"],
            doubt_delays_s=tuple(doubt["delays_s"]),
            resend=doubt["resend"],
            receipt_delays_s=tuple(policy["receipt"]["delays_s"]),
            calls=policy["channel"]["phone"]["attempts"],
        )


def delay(delays_s: tuple[float, ...], attempt: int) -> timedelta:
    """How long to wait after the ``attempt``-th failure, counted from 1; before the first one counts, as after it."""
    return timedelta(seconds=delays_s[min(max(attempt, 1), len(delays_s)) - 1])


def rules(policy: Mapping[str, Any]) -> Iterator[Rule]:
    """Every rule of ``policy`` that is not switched off."""
    for name, row in policy.get("rule", {}).items():
        if row.get("off"):
            continue
        audience = row["audience"]
        yield Rule(
            id=name,
            events=tuple(row["events"]),
            audience=audience if isinstance(audience, str) else tuple(audience),
            channels=tuple(row["channels"]),
            template=row["template"],
            quiet=row["quiet"],
            roles_in=row.get("roles_in", Rule.roles_in),
            essential=row.get("essential", True),
            per=row.get("per", "matter"),
            when=row.get("when"),
            unless=row.get("unless"),
            words=tuple(row.get("words", ())),
            stale_s=row.get("stale_s"),
        )


def heard(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The events that the service must hear to follow ``policy``."""
    named = [event for rule in rules(policy) for event in rule.events]
    return tuple(dict.fromkeys([*policy["matter"]["events"], *named]))


def announcements(policy: Mapping[str, Any], event: str, event_id: str, matter: str, known: Mapping[str, Any]) -> Iterator[Announcement]:
    """The messages that ``event`` of ``matter`` calls for, where ``known`` is what is known of both."""
    for rule in rules(policy):
        if not rule.applies(event, known):
            continue
        about, once = _topic(rule.per, event_id, matter, known)
        for to in rule.addressees(known):
            yield Announcement(
                message_id(rule.id, about, PERSON + to.person if to.person else to.audience, once), rule, to.audience, to.person
            )


def _topic(per: str, event_id: str, matter: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """What one message is about, and what tells it from others about the same."""
    match per:
        case "matter":
            return matter, ""
        case "event":
            return matter, event_id
        case "hour":
            hour = (_time_in(event_id) or datetime.fromtimestamp(0, UTC)).replace(minute=0, second=0, microsecond=0)
            return str(known.get("project", "")), id_at(hour)
        case field:
            return matter, str(known.get(field, ""))


def message_id(rule: str, matter: str, audience: str, once: str = "") -> str:
    """The id of the one message of ``rule`` about ``matter`` to ``audience``: made of these alone.

    It begins with the time in the matter's id (or in ``once``, if that is one of ours), so that pages are in order.
    """
    moment = _time_in(once) or _time_in(matter.partition("/")[2]) or datetime.fromtimestamp(0, UTC)
    return derived_id(moment, rule, matter, audience, once)


def _time_in(text: str) -> datetime | None:
    try:
        return time_of(text[:_ID_CHARACTERS]) if len(text) >= _ID_CHARACTERS else None
    except (ValueError, OverflowError, OSError):
        return None


def _in_person(role: str, persons: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the person named for ``role`` holds it, and stands in for nobody."""
    return role in persons and persons[role].get("as") == role


def _holds(conditions: Mapping[str, Any], known: Mapping[str, Any], of: Callable[[Iterable[bool]], bool]) -> bool:
    wanted = ((known.get(name), value if isinstance(value, list) else [value]) for name, value in conditions.items())
    return of(value in allowed for value, allowed in wanted)
