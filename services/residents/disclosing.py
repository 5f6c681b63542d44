"""Telling somebody what is held of them: what is asked of it, and the collecting (docs/privacy.md)."""

from __future__ import annotations

import json
import logging
import zlib

from services.residents.desk import Desk, View, answered, page, save, told
from services.residents.held import sections
from services.residents.model import access
from services.residents.model.access import AccessRequest, AccessState, Part
from services.residents.schemas.access import AccessFile, AccessView
from services.residents.sealing import sought
from services.residents.store import ACCESS
from services.residents.underway import units_of
from steward.errors import NotFound, NotPermitted, StewardError
from steward.ids import new_id
from steward.store.work import Work

log = logging.getLogger(__name__)

HERE = "residents"
_AT_ONCE = 20


class Disclosing:
    """What is asked of access requests, and what is due."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def ask(self, project: str, person: str, body: View) -> View:
        """Begin to collect all that is held of ``person``. Raises NotFound."""
        self._desk.person(project, person)
        rules, stamp = self._desk.policy(project)["retention"], self._desk.stamp
        until = access.until(stamp.at, rules["copy_days"])
        request = AccessRequest(new_id(), project, person, body["reason"], stamp, (HERE, *rules["holders"]), until)
        with self._store.work() as work:
            return answered(work, AccessView, work.apply(ACCESS, access.ask(request)))

    def listed(self, project: str, person: str, query: View) -> View:
        """Who has asked for a copy of what is held of ``person``, the latest first."""
        self._desk.person(project, person)
        found = self._store.read.page(ACCESS, {"project": project, "person": person}, query["cursor"], query["limit"])
        return page(AccessView, found.items, found.next)

    def get(self, project: str, person: str, request: str) -> View:
        """One request."""
        return told(AccessView, self._request(project, person, request))

    def copy(self, project: str, person: str, request: str) -> View:
        """The copy as far as it is. Raises NotPermitted for all but who asked, NotFound once it is gone."""
        state = self._request(project, person, request)
        if state.asked.by != self._desk.context.principal.id:
            raise NotPermitted("only who asked for the copy may have it")
        if state.state is AccessState.ENDED:
            raise NotFound("the copy is kept no longer")
        parts = [{"service": part.service, **self._opened(part)} for part in access.in_order(state)]
        return told(AccessFile, {**vars(state), "missing": state.missing, "parts": parts})

    def _opened(self, part: Part) -> View:
        held: View = json.loads(zlib.decompress(self._desk.sealer.open_bytes(part.content)))
        return held

    def collect(self) -> None:
        """Ask those who have not answered yet; end what is over."""
        now = self._desk.context.now
        for request in self._store.read.due(ACCESS, "ends_at", now, _AT_ONCE):
            with self._store.work(key=f"{self._desk.context.key}:{request.id}", lenient=True) as work:
                state = work.load(ACCESS, request.id)
                save(work, ACCESS, state, access.end(state))
        for request in self._store.read.where(ACCESS, {"state": AccessState.COLLECTING.value}, limit=_AT_ONCE):
            for service in request.missing:
                self._collect_from(request, service)

    def _collect_from(self, request: AccessRequest, service: str) -> None:
        try:
            held = self._held_by(request, service)
        except StewardError as error:
            log.warning("%s does not tell what it holds: %s", service, error.kind)
            return
        part = Part(service, self._desk.sealer.seal_bytes(zlib.compress(json.dumps(held).encode())))
        with self._store.work(key=f"{self._desk.context.key}:{request.id}:{service}", lenient=True) as work:
            state = work.load(ACCESS, request.id)
            save(work, ACCESS, state, access.add(state, part))

    def _held_by(self, request: AccessRequest, service: str) -> View:
        person = self._desk.person(request.project, request.person)
        units = units_of(self._desk, person.project, person.id)
        if service == HERE:
            return {"sections": sections(self._desk, person, units)}
        ask = getattr(self._desk.remote, service).personal_data
        held: View = ask(project=person.project, person=person.id, body=sought(self._desk.sealer, person, units))
        return held

    def _request(self, project: str, person: str, request: str) -> AccessRequest:
        found = self._store.read.get(ACCESS, request, project)
        if found.person != person:
            raise NotFound(f"no access request {request!r} here")
        return found


def end_copies(work: Work, project: str, person: str) -> None:
    """The file is destroyed: copies of what was held go with it."""
    for request in work.where(ACCESS, {"project": project, "person": person}):
        work.apply(ACCESS, access.file_gone(request))
