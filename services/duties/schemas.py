"""What comes in, what goes out, and what is published: the public contract of duties."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.duties import model
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line, moment, text

LANGUAGES = ("zh-CN", "en")
_MOST = 2**53
_FIGURES = 50


class Amount(fields.Float):
    """A number, not a text that looks like one; whole ones stay whole."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > _MOST:
            raise ValidationError("Not a valid number.")
        return int(value) if value == int(value) else value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


def _figures(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=line(48),
        values=Amount(),
        validate=validate.Length(max=_FIGURES),
        metadata={"description": "numbers by name, as the duty asks for; money in fen", "example": {"on_register": 40, "counted": 40}},
        **options,
    )


def _titles(**options: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), metadata=about("by language"), **options)


class Evidence(Command):
    """What shows that it was done."""

    note = text(2_000, load_default=None)
    count = fields.Integer(strict=True, load_default=None, validate=validate.Range(min=0, max=1_000_000_000))
    photos = fields.List(line(200, "a reference to where it is kept"), load_default=list, validate=validate.Length(max=20))
    figures = _figures(load_default=dict)

    @post_load
    def _given(self, data: dict[str, Any], **_: Any) -> model.Given:
        return model.Given(**data | {"photos": tuple(data["photos"])})


class Done(Command):
    evidence = fields.Nested(Evidence, required=True)


class Because(Command):
    reason = text(500, required=True)


class AssignmentQuery(PageQuery):
    """Which assignments. ``from`` and ``to``: when they open by plan."""

    state = choice(model.State, load_default=None)
    role = line(32, load_default=None)
    duty = line(48, load_default=None)
    since = moment("opens by plan not before", load_default=None, data_key="from")
    until = moment("opens by plan not after", load_default=None, data_key="to")


class DutyQuery(Command):
    until = moment("how far ahead; left out: some days", load_default=None)


class DutiesQuery(DutyQuery):
    role = line(32, load_default=None)


class FeedQuery(Command):
    role = line(32, load_default=None)
    language = fields.String(load_default=None, validate=validate.OneOf(LANGUAGES), metadata=about("of the titles"))


class Subscribe(Command):
    """Whose duties: of one role, or all that the project has."""

    role = line(32, load_default=None)
    language = fields.String(load_default=None, validate=validate.OneOf(LANGUAGES), metadata=about("of the titles"))


class FeedView(Schema):
    """A calendar feed. Whoever knows its address may read it."""

    id = fields.String()
    project = fields.String()
    owner = fields.String()
    role = fields.String(allow_none=True, metadata=about("null: all"))
    language = fields.String()
    address = fields.String(
        allow_none=True, metadata=about("path at which calendar programs read it; null when it is another's, or revoked")
    )
    created_at = moment()
    ends_at = moment("when it runs out")
    revoked_at = moment(allow_none=True)
    revoked_by = fields.String(allow_none=True)


class FeedsView(Schema):
    items = fields.List(fields.Nested(FeedView))


class FigureView(Schema):
    name = fields.String()
    type = fields.Enum(model.Type, by_value=True)
    least = fields.Float(allow_none=True)
    most = fields.Float(allow_none=True)
    optional = fields.Boolean()


class AskedView(Schema):
    """What must be shown. ``set`` is the name of the set of figures."""

    kinds = fields.List(fields.Enum(model.Kind, by_value=True))
    set = fields.String()
    figures = fields.List(fields.Nested(FigureView))


class GivenView(Schema):
    note = fields.String(allow_none=True)
    count = fields.Integer(allow_none=True)
    photos = fields.List(fields.String())
    figures = _figures()


class TurnView(Schema):
    command = fields.Enum(model.Command, by_value=True)
    by = fields.String()
    at = moment()
    note = fields.String(allow_none=True)
    reason = fields.Enum(model.Reason, by_value=True, allow_none=True, metadata=about("why it was skipped"))
    given = fields.Nested(GivenView, allow_none=True)
    late = fields.Boolean(allow_none=True)


class AssignmentView(Schema):
    """One occurrence of a duty."""

    id = fields.String()
    version = fields.Integer()
    project = fields.String()
    duty = fields.String()
    number = fields.String(metadata=about("what people call it"))
    title = _titles()
    role = fields.String()
    occurrence = fields.String(metadata=about("the local time at which it opens by plan"))
    state = fields.Enum(model.State, by_value=True)
    opens_at = moment("by plan")
    promised_at = moment("when it should be done")
    due_at = moment("when its clock runs out: later than promised, for what is caught up on after an outage")
    opened_at = moment("when it was opened")
    caught_up = fields.Boolean(metadata=about("opened when its time had passed"))
    late = fields.Boolean(metadata=about("done late, or still open and late"))
    evidence = fields.Nested(AskedView, attribute="asked", metadata=about("what must be shown"))
    turns = fields.List(fields.Nested(TurnView), metadata=about("what was done to it, by whom and when"))
    actions = fields.List(fields.String(), metadata=about("what can be done now"))


class OccurrenceView(Schema):
    occurrence = fields.String(metadata=about("local time"))
    opens_at = moment()
    due_at = moment()


class DutyView(Schema):
    """A duty as policy has it, and when it is next."""

    duty = fields.String()
    title = _titles()
    handbook = fields.String()
    role = fields.String()
    rule = fields.String(metadata=about("RFC 5545, local time: when it opens"))
    opens = fields.String(metadata=about("the hour of a rule that names none"))
    due = fields.String(metadata=about("RFC 5545, local time: when it is due, the first time after that"))
    closes = fields.String(metadata=about("the hour of `due`, if that names none"))
    due_s = fields.Integer(metadata=about("seconds in place of `due`; 0: none"))
    catch_up = fields.Enum(model.CatchUp, by_value=True)
    late_s = fields.Integer()
    evidence = fields.Nested(AskedView, attribute="asked")
    timezone = fields.String()
    next = fields.List(fields.Nested(OccurrenceView))


class DutiesView(Schema):
    until = moment()
    timezone = fields.String()
    items = fields.List(fields.Nested(DutyView))


class DutyEvent(Published):
    """What every event of an assignment says; ``number``, ``kind`` and ``department`` as events of any matter do."""

    duty = fields.String(required=True)
    title = _titles(required=True)
    role = fields.String(required=True)
    opens_at = moment(required=True)
    due_at = moment(required=True)
    occurrence = fields.String(required=True)
    project = fields.String(required=True)
    number = fields.String(required=True)
    kind = fields.String(required=True)
    department = fields.String(required=True, metadata=about("the role"))


class Opened(DutyEvent):
    """``caught_up``: after its time, because nothing ran."""

    audience = fields.List(fields.String(), required=True, metadata=about("roles to be told"))
    caught_up = fields.Boolean(required=True)


class DoneEvent(DutyEvent):
    """Ticked off with evidence. What was noted, and photographs, stay with the assignment."""

    late = fields.Boolean(required=True)
    by = fields.String(required=True)
    count = fields.Integer(required=True, allow_none=True)
    figures = _figures(required=True)


class Skipped(DutyEvent):
    """Not done this time."""

    reason_code = fields.Enum(model.Reason, by_value=True, required=True)


class Reopened(DutyEvent):
    """To be done after all, or again."""


_ASSIGNMENT, _DUTY = AssignmentView(), DutyView()


def assignment_view(assignment: model.Assignment, now: datetime) -> dict[str, Any]:
    """``assignment`` as people see it at ``now``."""
    is_open = assignment.state is model.State.OPEN
    late = now > assignment.promised_at if is_open else bool(assignment.turns[-1].late)
    more = {"number": assignment.number, "late": late, "actions": model.legal(assignment)}
    view: dict[str, Any] = _ASSIGNMENT.dump(vars(assignment) | more)
    return view


def duty_view(duty: str, terms: model.Terms, zone: str, turns: list[model.Occurrence]) -> dict[str, Any]:
    """A duty with the turns that come next."""
    following = [{"occurrence": turn.name, "opens_at": turn.opens_at, "due_at": turn.due_at} for turn in turns]
    view: dict[str, Any] = _DUTY.dump(vars(terms) | {"duty": duty, "timezone": zone, "next": following})
    return view
