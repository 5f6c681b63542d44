"""Cards, as others see them (handbook §2)."""

from __future__ import annotations

from marshmallow import fields

from services.residents.model.cards import CardKind, CardState
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line, text


class IssueCard(Command):
    """A card for somebody who belongs to a unit."""

    unit = line(26, required=True)
    person = line(26, required=True)
    printed = line(32, "its number", required=True)


class RequestStaffCard(Command):
    """A card for somebody of the staff."""

    user = line(64, "id of the user", required=True)
    reason = text(500, "for those who must agree", load_default="", least=0)


class HandOutCard(Command):
    """A staff card is given out."""

    printed = line(32, "its number", required=True)


class LoseCard(Command):
    """A card is lost. Of an owner card, whoever says so shows an ID."""

    id_number = line(18, "of the ID that was shown", load_default=None, allow_none=True)


class CardQuery(PageQuery):
    """Which cards to list."""

    unit = line(26, load_default=None)
    holder = line(64, load_default=None)
    printed = line(32, "exactly this number", load_default=None)
    state = choice(CardState, load_default=None)


class CardView(View):
    """A card; ``charge_fen`` is what it costs, in fen."""

    project = fields.String()
    kind = choice(CardKind)
    printed = fields.String(allow_none=True, metadata=about("its number"))
    holder = fields.String(metadata=about("id of a person on file; of a staff card, of a user"))
    unit = fields.String(allow_none=True)
    state = choice(CardState)
    charge_fen = fields.Integer()
    approval = fields.String(allow_none=True, metadata=about("of a staff card: id of what others were asked to agree to"))
    filed = fields.Nested(StampView)
    blocked = fields.Nested(StampView, allow_none=True)
    id_checked = fields.Boolean(allow_none=True, metadata=about("the ID shown was that on file"))
    returned = fields.Nested(StampView, allow_none=True)


class CardTold(Published):
    """A card was asked for, issued, blocked or returned."""

    card = fields.String(required=True)
    kind = choice(CardKind, required=True)
    holder = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    charge_fen = fields.Integer(required=True)
