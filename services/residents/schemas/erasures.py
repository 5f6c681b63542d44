"""Erasure at somebody's wish, as others see it (docs/privacy.md)."""

from __future__ import annotations

from enum import StrEnum

from marshmallow import Schema, fields

from services.residents.model.erasures import ErasureState, Outcome
from services.residents.model.parts import Part
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.shapes import Command, Published, about, choice, moment, text


class AskErasure(Command):
    """Somebody wishes that what is held of them goes."""

    reason = text(500, "why, and how they showed who they are; for those who must agree", required=True)


class GroundView(Schema):
    """Why something must be kept."""

    name = fields.String(metadata=about("a row of policy, a service in which something is under way, or the ground of a hold"))
    title = fields.Dict(keys=fields.String(), values=fields.String(), metadata=about("in each language"))
    basis = fields.Dict(keys=fields.String(), values=fields.String(), metadata=about("the law or the handbook, in each language"))
    keeps = fields.List(choice(Part))
    until = fields.Date(allow_none=True, metadata=about("the day on which it ends, where that is known"))


class ErasureView(View):
    """A wish to be forgotten: what must be kept, why and until when, what may go, and what became of it."""

    project = fields.String()
    person = fields.String()
    reason = fields.String(metadata=about("empty once the file is gone"))
    asked = fields.Nested(StampView)
    state = choice(ErasureState)
    outcome = choice(Outcome, "how much may go")
    grounds = fields.List(fields.Nested(GroundView))
    goes = fields.List(choice(Part), metadata=about("the parts that may go now"))
    gone = fields.List(choice(Part), metadata=about("those that have gone"))
    keeps = fields.List(choice(Part), metadata=about("those that are kept, and go when no ground is left"))
    kept_until = fields.Date(allow_none=True, metadata=about("the day on which the last ground ends, where that is known"))
    approval = fields.String(allow_none=True, metadata=about("id of what others are asked to agree to"))
    ended_at = moment(allow_none=True)
    erased_at = moment("when the last of it had gone", allow_none=True)


class ErasureAsked(Published):
    """A wish to be forgotten, the names of the grounds against it, and what may go."""

    erasure = fields.String(required=True)
    person = fields.String(required=True)
    outcome = choice(Outcome, required=True)
    grounds = fields.List(fields.String(), required=True)
    parts = fields.List(choice(Part), required=True)


DECIDED = StrEnum("DECIDED", {state.name: state.value for state in ErasureState if state is not ErasureState.KEPT})
"""What is told when it is decided; that something is kept has an event of its own."""


class ErasureDecided(Published):
    """It is agreed to, or will not be done; ``state`` says which."""

    erasure = fields.String(required=True)
    person = fields.String(required=True)
    outcome = choice(Outcome, required=True)
    state = choice(DECIDED, required=True)


class ErasureKept(Published):
    """It is agreed to, and some of it, or all, is kept: on which grounds, and until when, where that is known."""

    erasure = fields.String(required=True)
    person = fields.String(required=True)
    grounds = fields.List(fields.String(), required=True)
    parts = fields.List(choice(Part), required=True)
    until = fields.Date(required=True, allow_none=True)


class ErasureDone(Published):
    """What could go has gone (``partial``), or the last of it (``whole``)."""

    erasure = fields.String(required=True)
    person = fields.String(required=True)
    outcome = choice(Outcome, required=True)
    parts = fields.List(choice(Part), required=True)
