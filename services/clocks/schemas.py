"""The public contract of the clocks service: query in, views out, events out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

from services.clocks.model import Clock, State, Watch
from steward.paging import PageQuery
from steward.shapes import Command, Published, line, moment, text
from steward.validation import instance

MOVES_SHOWN = 50
"""Of the clocks that a preview finds, so many are told one by one."""
BOARD_READS = 1_000
"""Watches that a board chooses from, at most."""
LIVELY = (State.BREACHED.value, State.RUNNING.value, State.PAUSED.value)
SHOWN = (State.RUNNING, State.BREACHED, State.PAUSED, State.STOPPED)


def _roles() -> fields.List[str]:
    return fields.List(fields.String(), required=True, metadata={"description": "roles to be told"})


def _channels() -> fields.List[str]:
    return fields.List(fields.String(), metadata={"description": "how to tell them; none: as is usual"})


class ClocksQuery(PageQuery):
    """Which watches are wanted."""

    state = fields.Enum(State, by_value=True, load_default=None, validate=validate.OneOf(SHOWN), metadata={"enum": list(SHOWN)})
    subject = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[a-z][a-z0-9_]{0,31}/[^/]{1,64}\Z"),
        metadata={"description": "what is watched, as service/id", "maxLength": 97, "example": "tickets/01k9…"},
    )


class ClockView(Schema):
    """One clock. Paused, it has no ``due_at``, and ``left_s`` is what is left to count."""

    id = fields.String()
    rule = fields.String()
    state = fields.String(metadata={"enum": [state.value for state in State if state is not State.ABSORBED]})
    started_at = moment("when it started")
    due_at = moment("when its limit is reached", allow_none=True)
    next_at = moment("when it next warns, breaches or escalates", allow_none=True)
    ended_at = moment("when it was stopped or cancelled", allow_none=True)
    limit_s = fields.Integer(metadata={"description": "in seconds of plain or working time"})
    working = fields.Boolean(metadata={"description": "whether only working time counts"})
    left_s = fields.Float(allow_none=True, metadata={"description": "seconds until due_at; less than 0 when overdue"})
    elapsed_s = fields.Float(allow_none=True, metadata={"description": "seconds counted, once stopped"})
    late = fields.Boolean(metadata={"description": "ended, or still runs, past its limit"})
    breached = fields.Boolean(metadata={"description": "the breach has been told"})
    acknowledged_by = fields.String(allow_none=True, metadata={"description": "who took the breach upon themselves"})
    acknowledged_at = moment("when", allow_none=True)
    provisional = fields.Boolean(metadata={"description": "counts on a year whose holidays are not announced yet"})


class WatchView(Schema):
    """The clocks of one subject."""

    id = fields.String()
    version = fields.Integer()
    project = fields.String()
    subject = fields.String(metadata={"description": "what is watched, as service/id"})
    matter = fields.String()
    state = fields.String(metadata={"enum": [state.value for state in SHOWN]})
    next_at = moment("when something next warns, breaches or escalates", allow_none=True)
    clocks = fields.List(fields.Nested(ClockView))


class Acknowledge(Command):
    """Which clock of the subject."""

    clock = line(128, "the clock's id", required=True)


class SayRules(Command):
    """What shall hold beyond the files: the tables of a policy file, e.g. ``{"clocks": {"desk-accept": {"limit_s": 600}}}``."""

    clocks = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String()), load_default=dict)
    calendar = fields.Dict(keys=fields.String(), load_default=dict)
    note = text(500, "why; it is kept with the version", load_default="")

    @post_load
    def split(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        says = {name: data[name] for name in ("clocks", "calendar") if data[name]}
        return {"says": says, "note": data["note"]}


class Replan(Command):
    """Move running clocks to the rules of now; repeat until ``left`` is 0."""

    note = text(500, "why", required=True)
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500), metadata={"description": "subjects in one go"})


class RuleRow(Schema):
    """One row, as it holds."""

    id = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    handbook = fields.String(metadata={"description": "the rule that the limit comes from"})
    says = fields.Dict(keys=fields.String(), metadata={"description": "the row in the words of a policy file"})


class RulesView(Schema):
    """The rows that hold in a project, and what was said over the API."""

    version = fields.Integer(metadata={"description": "of what was said of the project; 0: nothing was"})
    says = fields.Dict(keys=fields.String())
    note = fields.String()
    by = fields.String(allow_none=True)
    rows = fields.List(fields.Nested(RuleRow))


class MoveView(Schema):
    """A clock that would move."""

    watch = fields.String()
    subject = fields.String()
    clock = fields.String()
    rule = fields.String()
    about = fields.Dict(keys=fields.String(), metadata={"description": "what is known of the subject (policy: subject.carry)"})
    due_before = moment("when its limit is reached as it stands; null while it is paused", allow_none=True)
    due_after = moment("when it would be", allow_none=True)


class MovesView(Schema):
    """What new rules would do to running clocks, if they were moved; without being asked they stay as they are."""

    open = fields.Integer(metadata={"description": "watches with live clocks that were looked at"})
    moved = fields.Integer(metadata={"description": "clocks that would move"})
    items = fields.List(fields.Nested(MoveView), metadata={"description": "the first of them"})


class ReplannedView(Schema):
    """What was moved, and how many watches are left to be."""

    moved = fields.Integer()
    left = fields.Integer()


class BoardQuery(Schema):
    """What a board has room for."""

    class Meta:
        unknown = RAISE

    within_s = fields.Integer(
        load_default=3_600, validate=validate.Range(min=0, max=604_800), metadata={"description": "how far to look ahead, in seconds"}
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class BoardItem(WatchView):
    """A watch with what is known of its subject (policy: subject.carry)."""

    about = fields.Dict(keys=fields.String())


class BoardView(Schema):
    """What runs out soonest, the overdue first."""

    at = moment("when it was true")
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "watches by state"})
    items = fields.List(fields.Nested(BoardItem))


class WorkingDayQuery(Schema):
    """The working day so many working days after ``day``."""

    class Meta:
        unknown = RAISE

    day = fields.Date(required=True)
    after = fields.Integer(required=True, validate=validate.Range(min=1, max=366))


class ReportQuery(Schema):
    """Which month, and what to tell apart."""

    class Meta:
        unknown = RAISE

    month = fields.String(
        required=True, validate=validate.Regexp(r"\d{4}-(0[1-9]|1[0-2])\Z"), metadata={"maxLength": 7, "example": "2026-11"}
    )
    by = fields.String(
        load_default="rule", validate=validate.Regexp(r"[a-z_]{1,32}\Z"), metadata={"description": "rule, or a field that policy names"}
    )


class ReportRow(Schema):
    """What the clocks of one group that ended in the month come to; seconds are those that counted."""

    name = fields.String()
    ended = fields.Integer()
    on_time = fields.Integer()
    late = fields.Integer()
    paused = fields.Integer(metadata={"description": "how many had been paused"})
    share = fields.Float(metadata={"description": "on time, of those that ended"})
    p50_s = fields.Float()
    p90_s = fields.Float()


class ReportView(Schema):
    """How limits were kept in one month."""

    month = fields.String()
    by = fields.String()
    rows = fields.List(fields.Nested(ReportRow))


def view(watch: Watch, now: datetime) -> dict[str, Any]:
    """``watch`` as people see it at ``now``; starts that a running clock absorbed are left out."""
    shown = [_clock(clock, now) for clock in watch.clocks if clock.state is not State.ABSORBED]
    names = ("id", "version", "project", "subject", "matter", "state", "next_at")
    dumped: dict[str, Any] = instance(WatchView).dump({**{name: getattr(watch, name) for name in names}, "clocks": shown})
    return dumped


_SAME = ("id", "rule", "started_at", "next_at", "ended_at", "acknowledged_by", "acknowledged_at", "breached", "provisional")
"""What a view says as the clock does."""


def _clock(clock: Clock, now: datetime) -> dict[str, Any]:
    running = clock.state is State.RUNNING
    return {
        **{name: getattr(clock, name) for name in _SAME},
        "state": clock.shown,
        "due_at": None if clock.state is State.PAUSED else clock.due_at,
        "limit_s": clock.terms.limit_ms // 1000,
        "working": clock.terms.calendar is not None,
        "left_s": clock.left_s(now),
        "elapsed_s": clock.spent_ms / 1000 if clock.ended_at else None,
        "late": clock.late or (running and now > clock.due_at),
    }


class ClockEvent(Published):
    """What every event of a clock says. ``about`` repeats some of the subject's data (policy: subject.carry)."""

    clock = fields.String(required=True)
    rule = fields.String(required=True)
    subject = fields.String(required=True)
    due_at = moment("when the limit is reached", required=True)
    limit_s = fields.Integer(required=True)
    department = fields.String(required=True, allow_none=True)
    about = fields.Dict(keys=fields.String(), required=True)


class Started(ClockEvent):
    """``warn_at``: when the warning is due."""

    warn_at = moment("when the first step is due", required=True)


class Stopped(ClockEvent):
    """``elapsed_s``: what counted."""

    elapsed_s = fields.Float(required=True)
    late = fields.Boolean(required=True)


class Somebody(Published):
    """Who is told in the name of a role."""

    role = fields.String(required=True, metadata={"description": "the role to be told"})
    person = fields.String(required=True, metadata={"description": "the id of a user who was active and not on leave"})
    held = fields.String(
        required=True, data_key="as", metadata={"description": "the role that they hold: a higher one if nobody with the first was there"}
    )


class Told(ClockEvent):
    """What a step of a clock says. ``told_late``: long after its moment, because nobody swept."""

    audience = _roles()
    persons = fields.List(
        fields.Nested(Somebody), metadata={"description": "one for each role, if anybody is there up to the ladder's end"}
    )
    nobody = fields.Boolean(metadata={"description": "for some role nobody is there, up to the ladder's end"})
    channels = _channels()
    told_late = fields.Boolean()


class Warned(Told):
    """The limit comes near. ``step``: which of the warnings, from 1."""

    step = fields.Integer()


class Breached(Told):
    """The limit has passed."""


class Escalated(Told):
    """``step``: the rung of the ladder, from 1."""

    step = fields.Integer(required=True)


class Acknowledged(ClockEvent):
    """Somebody took the breach upon themselves: the ladder is climbed no further."""

    by = fields.String(required=True)


class Replanned(ClockEvent):
    """A running clock was moved to other rules; ``due_at`` is the new limit."""

    due_before = moment("when its limit was reached before", required=True)
    by = fields.String(required=True)
    note = fields.String(required=True)


class RulesChanged(Published):
    """Somebody said other rules over the API: ``says`` is all that they say now, ``rows`` are those it touches."""

    rows = fields.List(fields.String(), required=True)
    says = fields.Dict(keys=fields.String(), required=True)
    by = fields.String(required=True)
    note = fields.String(required=True)


class Cancelled(ClockEvent):
    """The clock lost its purpose."""
