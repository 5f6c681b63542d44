"""What wakes the service for people's right to their data: copies for them, and the end of their files (docs/privacy.md)."""

from __future__ import annotations

from services.residents.desk import View
from services.residents.disclosing import Disclosing
from services.residents.erasing import Erasing
from services.residents.purging import Purging
from services.residents.service.part import Part
from steward.bus.envelope import Envelope
from steward.service import handles, rpc, sweep
from steward.store.work import Work
from steward.trust.approvals import Approval


class Retention(Part):
    """How long files are kept, and who is told what is in them."""

    @rpc
    def purges(self, project: str, query: View) -> View:
        return Purging(self._desk).listed(project, query)

    @rpc
    def purge(self, project: str, purge: str) -> View:
        return Purging(self._desk).get(project, purge)

    @rpc
    def review_files(self, project: str, body: View) -> View:
        return Purging(self._desk).review(project)

    @rpc
    def holds(self, project: str, person: str) -> View:
        return Purging(self._desk).holds(project, person)

    @rpc
    def place_hold(self, project: str, person: str, body: View) -> View:
        return Purging(self._desk).place(project, person, body)

    @rpc
    def release_hold(self, project: str, person: str, hold: str, body: View) -> View:
        return Purging(self._desk).release(project, person, hold)

    @rpc
    def identities(self, project: str, person: str) -> View:
        return Purging(self._desk).identities(project, person)

    @rpc
    def request_erasure(self, project: str, person: str, body: View) -> View:
        return Erasing(self._desk).ask(project, person, body)

    @rpc
    def erasures(self, project: str, person: str, query: View) -> View:
        return Erasing(self._desk).listed(project, person, query)

    @rpc
    def erasure(self, project: str, person: str, erasure: str) -> View:
        return Erasing(self._desk).get(project, person, erasure)

    @rpc
    def withdraw_erasure(self, project: str, person: str, erasure: str, body: View) -> View:
        return Erasing(self._desk).withdraw(project, person, erasure)

    def erasure_agreed(self, work: Work, approval: Approval) -> None:
        Erasing(self._desk).agreed(work, approval)

    def erasure_not_agreed(self, work: Work, approval: Approval) -> None:
        Erasing(self._desk).not_agreed(work, approval)

    @handles
    def on_forgotten(self, event: Envelope) -> None:
        """{service}.person_forgotten: somebody's data are taken out there."""
        Purging(self._desk).heard(event)

    @sweep
    def purge_due(self) -> None:
        """Destroy files whose time has run out."""
        Purging(self._desk).due()

    @rpc
    def request_access(self, project: str, person: str, body: View) -> View:
        return Disclosing(self._desk).ask(project, person, body)

    @rpc
    def access_requests(self, project: str, person: str, query: View) -> View:
        return Disclosing(self._desk).listed(project, person, query)

    @rpc
    def access_request(self, project: str, person: str, request: str) -> View:
        return Disclosing(self._desk).get(project, person, request)

    @rpc
    def access_copy(self, project: str, person: str, request: str) -> View:
        return Disclosing(self._desk).copy(project, person, request)

    @sweep
    def collect_copies(self) -> None:
        """Collect what is held of those who asked, and end copies whose days are over."""
        Disclosing(self._desk).collect()
