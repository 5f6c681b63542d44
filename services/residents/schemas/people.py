"""People, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import LANGUAGES, MAX_UNITS_PER_EVENT
from services.residents.schemas.units import TieView
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, line, moment, text


class RegisterPerson(Command):
    """A new person."""

    name = line(60, required=True)
    phones = fields.List(line(32), load_default=list, validate=validate.Length(max=20))
    language = fields.String(validate=validate.OneOf(LANGUAGES), metadata={"description": "default by policy"})
    id_number = line(18, "resident identity number (GB 11643)", load_default=None, allow_none=True)


class EmergencyContactIn(Command):
    """Whom to call when something happens."""

    name = line(60, required=True)
    relation = line(30, "e.g. daughter", load_default="", least=0)
    phone = line(32, required=True)


class PreferencesIn(Command):
    """How somebody wishes to be told things; all of it is said anew."""

    channels = fields.List(line(32), load_default=list, validate=validate.Length(max=10), metadata={"description": "the best first"})
    quiet_from = line(5, "HH:MM, in the project's zone", load_default=None, allow_none=True)
    quiet_to = line(5, "HH:MM; may lie past midnight", load_default=None, allow_none=True)
    non_essential = fields.Boolean(load_default=True, metadata={"description": "whether what is not essential may be sent"})


class ChangePerson(Command):
    """What is to be otherwise in a file; what is left out stays. Lists are said anew as a whole."""

    name = line(60)
    phones = fields.List(line(32), validate=validate.Length(max=20), metadata={"description": "the first is called first"})
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    preferences = fields.Nested(PreferencesIn)
    emergency_contacts = fields.List(fields.Nested(EmergencyContactIn), validate=validate.Length(max=20))


class CareFor(Command):
    """A household that needs care, visited every so many days; null: no longer."""

    every_days = fields.Integer(required=True, allow_none=True, validate=validate.Range(min=1, max=1_000))


class PersonQuery(PageQuery):
    """Which people to list."""

    phone = line(32, "who has this number", load_default=None)
    care = fields.Boolean(load_default=False, metadata={"description": "only those flagged for visits"})


class PreferencesView(Schema):
    """How somebody wishes to be told things."""

    channels = fields.List(fields.String())
    quiet_from = fields.String(allow_none=True)
    quiet_to = fields.String(allow_none=True)
    non_essential = fields.Boolean()


class EmergencyContactView(Schema):
    """Whom to call when something happens; the phone masked."""

    name = fields.String()
    relation = fields.String()
    phone = fields.String(metadata={"description": "masked"})


class CareView(Schema):
    """A flag for visits."""

    every_days = fields.Integer()
    since = fields.Date()
    visited_on = fields.Date(allow_none=True)


class PersonView(View):
    """A person; phones and identity number masked."""

    project = fields.String()
    name = fields.String()
    phones = fields.List(fields.String(), metadata={"description": "masked"})
    id_number = fields.String(allow_none=True, metadata={"description": "masked"})
    language = fields.String()
    registered_at = moment(allow_none=True)
    preferences = fields.Nested(PreferencesView)
    emergency_contacts = fields.List(fields.Nested(EmergencyContactView))
    care = fields.Nested(CareView, allow_none=True)
    keep_until = fields.Date(allow_none=True, metadata={"description": "until when the file of a former owner is kept"})


class ReadFull(Command):
    """Why somebody's file is to be read with nothing masked; it stays on record."""

    reason = text(500, required=True)


class EmergencyContactInFull(EmergencyContactView):
    """Whom to call when something happens."""

    phone = fields.String()


class PersonInFull(PersonView):
    """A person's file with nothing masked."""

    phones = fields.List(fields.String())
    id_number = fields.String(allow_none=True)
    emergency_contacts = fields.List(fields.Nested(EmergencyContactInFull))
    approval = fields.String(allow_none=True, metadata=about("by which it is read; none: by a right of one's own"))


class FullFileView(Schema):
    """A file, or the approval for which it waits."""

    approval = fields.String(allow_none=True, metadata=about("by which it may be read, or for which it waits"))
    readable_until = moment("by that approval", allow_none=True)
    file = fields.Nested(PersonInFull, allow_none=True, metadata=about("null: it waits for the approval"))


class FileChangeView(Schema):
    """Something in a file was changed; how, is not told."""

    at = moment()
    by = fields.String()
    changed = fields.List(fields.String())
    phones_added = fields.Integer()
    phones_removed = fields.Integer()


class TieOfPersonView(TieView):
    """A tie, with its unit."""

    unit = fields.String()
    label = fields.String()


class HistoryView(Schema):
    """What became of a file, the latest last: ties, former ones too, and changes of what is in it."""

    ties = fields.List(fields.Nested(TieOfPersonView))
    changes = fields.List(fields.Nested(FileChangeView))


class ContactView(Schema):
    """How to reach somebody, unmasked."""

    phone = fields.String(allow_none=True)
    name = fields.String()
    language = fields.String()
    preferences = fields.Nested(PreferencesView)


class UnitContactView(ContactView):
    """Who answers for a unit, unmasked."""

    person = fields.String()


class PersonRegistered(Published):
    """A person is on file."""

    person = fields.String(required=True)


class PeopleRegistered(Published):
    """People are on file, by a roster; or, as ``people_unfiled``, no longer."""

    people = fields.List(fields.String(), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class PersonChanged(Published):
    """What is named in ``changed`` is otherwise in somebody's file; how many phones came and went."""

    person = fields.String(required=True)
    changed = fields.List(fields.String(), required=True)
    phones_added = fields.Integer(required=True)
    phones_removed = fields.Integer(required=True)


class CareChanged(Published):
    """A household is to be visited every so many days; null: no longer."""

    person = fields.String(required=True)
    every_days = fields.Integer(required=True, allow_none=True)
