"""What wakes the dispatch service."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from services.dispatch import model, schemas
from services.dispatch.spec import SPEC
from services.dispatch.store import CREW, ORDERS, PROJECTS, fillable, load_book
from steward.bus.envelope import Envelope
from steward.errors import BadInput, NotFound, NotPermitted, OutOfOrder
from steward.facts import Decision
from steward.ids import new_id
from steward.service import Service, handles, rpc, sweep
from steward.times import parse

View = dict[str, Any]

MEMBER = schemas.MemberView()
ORDER = schemas.OrderView()
BEGINS = ("accepted", "reopened")


class Dispatch(Service):
    """Crews, and the orders that send them (handbook §4)."""

    spec = SPEC

    @rpc
    def enrol(self, project: str, body: model.Profile) -> View:
        """Put somebody on the crew, or describe them anew. Raises BadInput for what the policy does not know."""
        known = self._find_member(project, body.code)
        with self.store.work() as work:
            member = work.load(CREW, known.id, project) if known else None
            decision = model.enrol(member, new_id(), project, body, self.policy.of(project))
            view = work.answer(_shown(MEMBER, work.apply(CREW, decision)))
        load_book(self.store.database).forget(project)
        return view  # type: ignore[no-any-return]

    @rpc
    def leave(self, project: str, member: str, body: View) -> View:
        return self._change_member(project, member, lambda known: model.leave(known, body["since"] or self.context.now, body["until"]))

    @rpc
    def back(self, project: str, member: str, body: View) -> View:
        return self._change_member(project, member, model.back)

    @rpc
    def list_crew(self, project: str, query: View) -> View:
        page = self.store.read.page(CREW, {"project": project}, query["cursor"], query["limit"])
        return {"items": [_shown(MEMBER, member) for member in page.items], "next": page.next}

    @rpc
    def take(self, project: str, order: str, body: View) -> View:
        engineer = self._acting(project, body["engineer"])
        return self._change_order(project, order, lambda known: model.take(known, engineer, self._by()))

    @rpc
    def refuse(self, project: str, order: str, body: View) -> View:
        engineer = self._acting(project, body["engineer"])
        bench, policy = self._bench(project), self.policy.of(project)
        return self._change_order(
            project,
            order,
            lambda known: model.refuse(known, engineer, body["reason_code"], body["note"], bench, policy, self._by()),
        )

    @rpc
    def assign(self, project: str, order: str, body: View) -> View:
        engineer = self._member(project, body["engineer"]).code
        return self._change_order(project, order, lambda known: model.assign(known, engineer, self._by()))

    @rpc
    def record(self, project: str, order: str, body: model.Line) -> View:
        return self._change_order(project, order, lambda known: model.record(known, body, self._by()))

    @rpc
    def get_order(self, project: str, order: str) -> View:
        return _shown(ORDER, self.store.read.get(ORDERS, order, project))

    @rpc
    def list_orders(self, project: str, query: View) -> View:
        """Newest first."""
        wanted = {name: query[name] for name in ("engineer", "state") if query[name] is not None}
        if query["ticket"] is not None:
            found = self.store.read.where(ORDERS, {"ticket": query["ticket"]})
            wanted |= {"project": project}
            fitting = [order for order in found if all(getattr(order, name) == wanted[name] for name in wanted)]
            newest_first = sorted(fitting, key=lambda order: order.round, reverse=True)
            return {"items": [_shown(ORDER, order) for order in newest_first], "next": None}
        page = self.store.read.page(ORDERS, {"project": project, **wanted}, query["cursor"], query["limit"])
        return {"items": [_shown(ORDER, order) for order in page.items], "next": page.next}

    @handles
    def on_ticket(self, event: Envelope) -> None:
        """tickets.accepted and .reopened begin a round; .done, .closed and .cancelled end it."""
        if not event.data["to_dispatch"]:
            return
        task = self._task(event)
        with self.store.work() as work:
            order = work.find(ORDERS, task.order)
            decision: Decision[model.Order] | None
            if event.name in BEGINS:
                policy = self.policy.of(event.project)
                decision = None if order else model.place(event.project, task, self._bench(event.project), policy, self._by())
            elif order is None:
                raise OutOfOrder(f"{event.type} before the order {task.order}")
            else:
                decision = model.withdraw(order) if event.name == "cancelled" else model.close(order)
            if decision:
                work.apply(ORDERS, decision)
        self._note(decision)

    @handles
    def on_breach(self, event: Envelope) -> None:
        """clocks.breached of the clock that watches whether an offer is answered: the order goes to the next."""
        policy = self.policy.of(event.project)
        if event.data["rule"] not in policy["offers"]["lapse_rules"]:
            return
        with self.store.work() as work:
            order = work.load(ORDERS, event.data["subject"].partition("/")[2])
            decision = model.lapse(order, parse(event.data["due_at"]), self._bench(event.project), policy, self._by())
            if decision:
                work.apply(ORDERS, decision)
        self._note(decision)

    @handles
    def on_project(self, event: Envelope) -> None:
        """residents.project_opened."""
        with self.store.work() as work:
            work.keep(PROJECTS, {"_id": event.data["project"], "timezone": event.data["timezone"]})

    @sweep
    def offer_unfilled(self) -> None:
        """Orders that had nobody go to who is there now, urgent ones first (handbook §4)."""
        crews = self.store.read.where(CREW, {"active": True}, limit=10_000)
        for project, department in sorted({(member.project, member.department) for member in crews}):
            offers = self.policy.of(project)["offers"]
            for urgency in offers["fill_order"]:
                where = {"fillable": fillable(project, department), "urgency": urgency}
                for order in self.store.read.where(ORDERS, where, limit=offers["fill_batch"]):
                    self._fill(order)

    def _fill(self, seen: model.Order) -> None:
        policy, bench = self.policy.of(seen.project), self._bench(seen.project)
        if model.fill(seen, bench, policy, self._by()) is None:
            return
        decision = None
        with self.store.work(key=f"fill:{seen.id}:{seen.version}", lenient=True) as work:
            order = work.load(ORDERS, seen.id)
            decision = model.fill(order, bench, policy, self._by())
            if decision:
                work.apply(ORDERS, decision)
        self._note(decision)

    def _task(self, event: Envelope) -> model.Task:
        data, crew = event.data, self.policy.of(event.project)["crew"]
        return model.Task(
            ticket=event.aggregate,
            matter=event.matter,
            round=data["round"],
            number=data["number"],
            kind=data["kind"],
            urgency=data["urgency"],
            department=data["department"] or crew["otherwise"],
            skill=data["item"] if data["item"] in crew["skills"] else None,
            unit=data["unit"],
            place=data["place"],
        )

    def _bench(self, project: str) -> model.Bench:
        policy, now = self.policy.of(project), self.context.now
        members, loads = load_book(self.store.database).sheet(self.store.read, project, policy, now)
        known = self.store.read.plain(PROJECTS, project)
        zone = known["timezone"] if known else policy["crew"]["timezone"]
        return model.Bench(now.astimezone(ZoneInfo(zone)), members, loads, policy["shifts"])

    def _note(self, decision: Decision[model.Order] | None) -> None:
        if decision and any(fact.name == "offered" for fact in decision.facts):
            order = decision.state
            urgent = order.urgency in self.policy.of(order.project)["offers"]["urgent"]
            load_book(self.store.database).added(order, urgent)

    def _change_member(self, project: str, code: str, decide: Any) -> View:
        known = self._find_member(project, code)
        if known is None:
            raise NotFound(f"no crew member {code!r} here")
        with self.store.work() as work:
            member = work.load(CREW, known.id, project)
            view: View = work.answer(_shown(MEMBER, work.apply(CREW, decide(member))))
        load_book(self.store.database).forget(project)
        return view

    def _change_order(self, project: str, order: str, decide: Any) -> View:
        with self.store.work() as work:
            known = work.load(ORDERS, order, project)
            decision = decide(known)
            view: View = work.answer(_shown(ORDER, work.apply(ORDERS, decision)))
        self._note(decision)
        return view

    def _by(self) -> model.By:
        return model.By(self.context.principal.id, self.context.now)

    def _find_member(self, project: str, code: str) -> model.Member | None:
        found = self.store.read.where(CREW, {"project": project, "code": code}, limit=1)
        return found[0] if found else None

    def _member(self, project: str, code: str) -> model.Member:
        member = self._find_member(project, code)
        if member is None or not member.active:
            raise BadInput.of("engineer", f"no {code!r} on the crew")
        return member

    def _acting(self, project: str, code: str | None) -> str:
        """For whom the caller answers: whom they name, or themselves. Who has a log-in answers alone, but for the desk."""
        principal = self.context.principal
        own = {principal.id, principal.id.rpartition(":")[2]}
        if code is None:
            members = load_book(self.store.database).sheet(self.store.read, project, self.policy.of(project), self.context.now)[0]
            mine = [member.code for member in members if member.user in own]
            if not mine:
                raise BadInput.of("engineer", "say who: your log-in is not on the crew")
            return mine[0]
        member = self._member(project, code)
        if member.user and member.user not in own and not principal.may("dispatch.act_for", project):
            raise NotPermitted("somebody else of the crew", permission="dispatch.act_for")
        return member.code


def _shown(schema: Any, state: model.Member | model.Order) -> View:
    view: View = schema.dump(state)
    return view
