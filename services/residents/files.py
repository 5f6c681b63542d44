"""Full files: what is asked of them (handbook §1 privacy)."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.residents import sealing
from services.residents.desk import Desk, View, answered, told
from services.residents.model import Person
from services.residents.schemas.people import FullFileView
from services.residents.spec import OWNS_FILES
from steward.trust.approvals import Approval, State

FULL_FILE = "full_file"
"""What it is called where others are asked to agree to it."""


class Files:
    """People's files with nothing masked 业户档案全文: read by a right of one's own, or with approval for some hours (S1/017)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, project: str, person: str, body: View) -> View:
        """The file, or the approval for which it waits, asked for if it was not yet. Raises NotFound."""
        found = self._desk.person(project, person)
        if self._desk.context.principal.may(OWNS_FILES, project):
            return self._told(found, None)
        granted = self._desk.approving.latest(FULL_FILE, person, State.GRANTED)
        if granted and self._desk.context.now < self._until(granted):
            return self._told(found, granted)
        if waiting := self._desk.approving.latest(FULL_FILE, person, State.OPEN):
            return told(FullFileView, {"approval": waiting.id, "readable_until": None, "file": None})
        with self._desk.store.work() as work:
            asked = self._desk.approving.ask(work, project, FULL_FILE, person, body["reason"])
            return answered(work, FullFileView, {"approval": asked.id, "readable_until": None, "file": None})

    def _told(self, person: Person, granted: Approval | None) -> View:
        approval, until = (granted.id, self._until(granted)) if granted else (None, None)
        file = {**sealing.shown(self._desk.sealer, person, clear=True), "approval": approval}
        return told(FullFileView, {"approval": approval, "readable_until": until, "file": file})

    def _until(self, granted: Approval) -> datetime:
        hours = self._desk.policy(granted.project)["full_file"]["readable_hours"]
        return (granted.decided_at or granted.asked_at) + timedelta(hours=hours)
