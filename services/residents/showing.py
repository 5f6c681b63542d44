"""An ID that is shown at the desk, beside the one on file (handbook §2)."""

from __future__ import annotations

from services.residents import gb11643, model, sealing
from services.residents.desk import Desk
from services.residents.store import PEOPLE
from steward.errors import BadInput
from steward.store.work import Work


def matches(desk: Desk, work: Work, project: str, person: str, id_number: str) -> bool | None:
    """Whether ``id_number`` is that of the file of ``person``; None when there is none on it.

    Raises BadInput (id_number) where none is on file and what was shown is none, NotFound.
    """
    number, known = gb11643.normalised(id_number), work.load(PEOPLE, person, project).id_number
    if known is not None:
        return known.fingerprint == desk.sealer.fingerprint(number)
    if not gb11643.is_valid(number, desk.today(project)):
        raise BadInput.of("id_number", "is not a valid resident identity number")
    return None


def put_on_file(desk: Desk, work: Work, project: str, person: str, id_number: str) -> None:
    """File an identity number that :func:`matches` found valid, and the file without any."""
    number = sealing.sealed(desk.sealer, gb11643.normalised(id_number))
    work.apply(PEOPLE, model.add_id_number(work.load(PEOPLE, person, project), number))
