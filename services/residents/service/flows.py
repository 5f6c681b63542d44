"""What wakes the service for that which goes on with units (handbook §2): cases, cards, contacts, vacancies, parking leases."""

from __future__ import annotations

from services.residents.cards import Cards
from services.residents.cases import Cases
from services.residents.contacts import Contacts
from services.residents.desk import View
from services.residents.service.part import Part
from services.residents.vacancies import Vacancies
from services.residents.vehicles import Vehicles
from steward.bus.envelope import Envelope
from steward.service import handles, rpc, sweep
from steward.store.work import Work
from steward.trust.approvals import Approval


class Flows(Part):
    """What goes on with units, and with whom."""

    @rpc
    def open_case(self, project: str, body: View) -> View:
        return Cases(self._desk).open(project, body)

    @rpc
    def cases(self, project: str, query: View) -> View:
        return Cases(self._desk).listed(project, query)

    @rpc
    def case(self, project: str, case: str) -> View:
        return Cases(self._desk).get(project, case)

    @rpc
    def take_step(self, project: str, case: str, step: str, body: View) -> View:
        return Cases(self._desk).take(project, case, step, body)

    @rpc
    def strike_step(self, project: str, case: str, step: str, body: View) -> View:
        return Cases(self._desk).strike(project, case, step, body)

    @rpc
    def complete_case(self, project: str, case: str, body: View) -> View:
        return Cases(self._desk).complete(project, case)

    @rpc
    def cancel_case(self, project: str, case: str, body: View) -> View:
        return Cases(self._desk).cancel(project, case, body)

    @rpc
    def defect(self, project: str, case: str, defect: str) -> View:
        return Cases(self._desk).defect(project, case, defect)

    @rpc
    def issue_card(self, project: str, body: View) -> View:
        return Cards(self._desk).issue(project, body)

    @rpc
    def request_staff_card(self, project: str, body: View) -> View:
        return Cards(self._desk).request_staff(project, body)

    def staff_card_agreed(self, work: Work, approval: Approval) -> None:
        Cards(self._desk).agreed(work, approval)

    def staff_card_not_agreed(self, work: Work, approval: Approval) -> None:
        Cards(self._desk).not_agreed(work, approval)

    @rpc
    def cards(self, project: str, query: View) -> View:
        return Cards(self._desk).listed(project, query)

    @rpc
    def card(self, project: str, card: str) -> View:
        return Cards(self._desk).get(project, card)

    @rpc
    def hand_out_card(self, project: str, card: str, body: View) -> View:
        return Cards(self._desk).hand_out(project, card, body)

    @rpc
    def lose_card(self, project: str, card: str, body: View) -> View:
        return Cards(self._desk).lose(project, card, body)

    @rpc
    def return_card(self, project: str, card: str, body: View) -> View:
        return Cards(self._desk).give_back(project, card)

    @rpc
    def note_contact(self, project: str, body: View) -> View:
        return Contacts(self._desk).note(project, body)

    @rpc
    def contacts_due(self, project: str, query: View) -> View:
        return Contacts(self._desk).due(project, query)

    @rpc
    def visits_due(self, project: str, query: View) -> View:
        return Contacts(self._desk).visits(project, query)

    @handles
    def on_ticket(self, event: Envelope) -> None:
        """tickets.raised, tickets.called_back: somebody of its unit was reached."""
        Contacts(self._desk).heard(event)

    @rpc
    def end_lease(self, project: str, vehicle: str, body: View) -> View:
        return Vehicles(self._desk).end_lease(project, vehicle, body)

    @rpc
    def vacant_units(self, project: str, query: View) -> View:
        return Vacancies(self._desk).listed(project, query)

    @rpc
    def confirm_vacant(self, project: str, body: View) -> View:
        return Vacancies(self._desk).confirm(project, body)

    @rpc
    def vacancy_counts(self, project: str, query: View) -> View:
        return Vacancies(self._desk).counts(project, query)

    @sweep
    def count_vacancies(self) -> None:
        """Count the vacant units of each project, once a month."""
        Vacancies(self._desk).count_due()
