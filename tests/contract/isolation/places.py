"""Projects of which nobody outside may learn anything, each with one of everything that services keep."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from steward.bus.envelope import Envelope
from steward.bus.standard import DEAD_LETTERS
from steward.ids import new_id
from steward.plugins import installed_services
from steward.store.client import Document, connect, database
from steward.testing.bus import teller
from steward.testing.samples import Unfillable
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import COMPANY, EVERYWHERE, SYSTEM_ROLE, Principal, permitted_roles, sign

Json = dict[str, Any]
ULID = re.compile(r"[0-9a-z]{26}")
PASSWORD = "a password for tests 1"
ONE_OF = {
    "roster_runs": "run",
    "people": "person",
    "crew": "member",
    "logins": "session",
    "watches": "watch",
    "away": "absence",
    "plan": "step",
    "access_requests": "request",
}
"""What one of them is called in paths, where that is not the plural without its s."""
SHARED = ("service", "duty", "company", "password", "roles", "step")
"""Names of what several projects have in common, which is no secret."""
ROSTER = "楼栋,单元,房号,面积,姓名,电话,关系,入住日期,身份证\nR,1,101,60,,,,,\n".encode()
FAILED = 400
_BEFORE = timedelta(hours=26)
"""So much earlier duties heard of the project: some have been due since."""


def every_role() -> tuple[str, ...]:
    """All roles that people can hold."""
    return tuple(sorted(frozenset().union(*permitted_roles().values()) - {SYSTEM_ROLE, "enrolling"}))


@dataclass(frozen=True)
class Place:
    """One project. ``ids`` are those of what it has, by service and by what paths call it; ``said`` what was said of it."""

    name: str
    said: Mapping[str, Any]
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def one(self, service: str, name: str) -> str:
        """The id of its ``name``, of those of ``service`` if that has any. Raises Unfillable."""
        if name == "project":
            return self.name
        for known, called in (*(pair for pair in self.ids if pair[0] == service), *self.ids):
            if called == name:
                return self.ids[known, called]
        raise Unfillable(f"{service}: nobody knows a {name!r}: tests/contract/isolation/places.py must make one")

    def values(self, service: str) -> dict[str, Any]:
        """What a body or a query of ``service`` may say of it, by the names of fields."""
        own = {name: self.one(service, name) for _, name in self.ids}
        ticket = f"tickets/{self.one('tickets', 'ticket')}"
        by = [f"user:{self.one('identity', 'user')}", f"key:{self.one('identity', 'key')}"]
        return {**own, **self.said, "project": self.name, "id": self.name, "subject": ticket, "matter": ticket, "by": by}

    @property
    def marks(self) -> dict[str, str]:
        """Every text that tells of it, and what it is."""
        ids = {value: "<id>" for (_, name), value in self.ids.items() if name not in SHARED}  # a clock may have that of its order
        said = {value: f"<{name}>" for name, value in self.said.items() if isinstance(value, str) and name not in SHARED}
        return {**said, **ids, self.name: "<project>"}

    def token(self, key: str, roles: tuple[str, ...], user: str, company: str = "") -> str:
        """A token of ``user``, who has ``roles`` here, or in ``company``, and nowhere else."""
        grants = {self.name: roles} | ({f"{COMPANY}{company}": roles} if company else {})
        return sign(Principal(user, "somebody", grants), key, now(), timedelta(minutes=20))


def _letters(count: int) -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))


def described(company: str) -> Place:
    """A project that is not there yet, or never will be."""
    name, tag = f"iso{secrets.token_hex(5)}", _letters(8)
    return Place(
        name,
        {
            "label": f"L-{tag}",
            "building": f"B-{tag}",
            "plate": f"京{_letters(1)}{secrets.randbelow(10**5):05d}",
            "phone": f"139{secrets.randbelow(10**8):08d}",
            "q": f"{secrets.choice('赵钱孙周吴郑')}{chr(0x4E00 + secrets.randbelow(0x2000))}{chr(0x4E00 + secrets.randbelow(0x2000))}",
            "engineer": f"E-{tag}",
            "code": f"E-{tag}",
            "username": f"iso.{tag.lower()}",
            "number": f"{_letters(6)}-2611-00001",
            "company": company,
            "password": PASSWORD,
            "roles": ["desk"],
            "grants": {name: ["desk"]},
        },
    )


def nowhere(like: Place) -> Place:
    """A project of the same shape that does not exist, nor does anything in it."""
    other = described(str(like.said["company"]))
    known: dict[str, str] = {}

    def unheard_of(id: str) -> str:
        return ULID.sub(lambda found: known.setdefault(found[0], new_id()), id).replace(like.name, other.name)

    ids = {name: unheard_of(one) for name, one in like.ids.items()}
    return Place(other.name, other.said, ids | {("dispatch", "member"): other.said["code"]})


class Founder:
    """Makes a place over HTTP, as somebody who may do everything."""

    def __init__(self, system: System, place: Place) -> None:
        self._system, self.place = system, place
        bearer = sign(
            Principal(f"user:{place.name}", "founder", {EVERYWHERE: every_role()}), system.settings.token_key, now(), timedelta(hours=1)
        )
        self._http = httpx.Client(base_url=f"{system.url}/v1", headers={"Authorization": f"Bearer {bearer}"}, timeout=30)

    def post(self, path: str, body: Json) -> Json:
        """What came of it, however busy the machine."""

        def ask() -> Json | None:
            answer = self._http.post(path.replace("~", f"/projects/{self.place.name}"), json=body, headers=key)
            assert answer.is_success or answer.status_code in (429, 503, 504), answer.text
            return answer.json() if answer.is_success else None

        key = {"Idempotency-Key": secrets.token_hex(8)}
        return eventually(ask, path) or {}

    def some(self, path: str) -> Json:
        """The first of a list, once there is one."""

        def ask() -> Json | None:
            answer = self._http.get(path.replace("~", f"/projects/{self.place.name}"))
            items = answer.json().get("items") if answer.is_success else None
            return items[0] if items else None

        return eventually(ask, f"something at {path}") or {}

    def found(self) -> Place:
        """The place, with all that it has."""
        self._told_of_before()
        said = self.place.said
        self.post("/projects", {"id": self.place.name, "code": _letters(6), "name": "云海", "name_en": "Sea", "company": said["company"]})
        self._estate()
        self._staff()
        number = self._ticket()
        self._letter()
        self.some("~/assignments")
        place = Place(self.place.name, {**said, "number": number})
        place.ids.update(harvest(self._system, self.place.name))
        place.ids["dispatch", "member"] = said["code"]
        place.ids["residents", "step"] = "identity"
        place.ids["duties", "duty"] = self.some("~/assignments")["duty"]
        self._http.close()
        return place

    def _estate(self) -> None:
        said = self.place.said
        zone = self.post("~/zones", {"code": "Z"})
        self.post("~/buildings", {"code": said["building"], "zone": zone["id"]})
        self.unit = self.post("~/units", {"label": said["label"], "building": said["building"]})["id"]
        person = self.post("~/people", {"name": said["q"], "phones": [said["phone"]]})["id"]
        self.post(f"~/units/{self.unit}/ties", {"person": person, "role": "owner"})
        self.post("~/vehicles", {"plate": said["plate"], "person": person, "unit": self.unit})
        self.post("~/cases", {"kind": "handover", "unit": self.unit, "person": person})
        self.post("~/cards", {"unit": self.unit, "person": person, "printed": said["label"]})
        self.post("~/staff-cards", {"user": "user:wang", "reason": said["label"]})
        self._former_owner()
        self.post("~/parcels", {"shelf": said["label"]})
        path = f"/projects/{self.place.name}/roster?filename=a.csv"
        eventually(lambda: self._http.post(path, content=ROSTER).status_code < FAILED, "a roster is taken")

    def _former_owner(self) -> None:
        """Whose file is held though its time has run out."""
        person = self.post("~/people", {"name": "欧阳修", "phones": []})["id"]
        unit = self.post("~/units", {"label": f"{self.place.said['label']}-F"})["id"]
        self.post(f"~/people/{person}/holds", {"ground": "arrears"})
        self.post(f"~/units/{unit}/ties", {"person": person, "role": "owner", "from": "2015-03-01", "to": "2018-03-01"})
        self.post(f"~/people/{person}/access-requests", {"reason": "asked at the desk"})
        self.post(f"~/people/{person}/erasure-requests", {"reason": "asked at the desk"})
        self.post("~/purge-reviews", {})
        self.some("~/purges")

    def _staff(self) -> None:
        said = self.place.said
        self.post("~/crew", {"code": said["code"], "name": "张工", "department": "engineering"})
        user = {"username": said["username"], "password": PASSWORD, "name": "李娜", "grants": said["grants"]}
        path = f"/users/{self.post('/users', user)['id']}"
        begins = now() + timedelta(days=1)
        self.post(f"{path}/absences", {"from": begins.isoformat(), "until": (begins + timedelta(days=1)).isoformat()})
        self.post("/auth/token", {"username": said["username"], "password": PASSWORD})
        ends = (now() + timedelta(days=30)).isoformat()
        self.post("/api-keys", {"name": "iso", "grants": said["grants"], "expires_at": ends})
        self.post("~/duty-feeds", {})

    def _ticket(self) -> str:
        said = self.place.said
        probe = {"kind": "enquiry", "channel": "web", "what": "?", "unit": self.unit}
        path = f"/projects/{self.place.name}/tickets"
        eventually(lambda: self._http.post(path, json=probe).is_success, "tickets know of the unit")
        leak = {"kind": "repair_home", "channel": "phone", "what": "tap drips", "unit": self.unit, "item": "tap"}
        raised = self.post("~/tickets", {**leak, "caller_name": said["q"], "caller_phone": said["phone"]})
        for path in (f"~/orders?ticket={raised['id']}", f"~/clocks?subject=tickets/{raised['id']}", "~/messages"):
            self.some(path)
        return str(raised["number"])

    def _told_of_before(self) -> None:
        data = dict.fromkeys(("code", "name", "name_en", "company"), "x") | {"project": self.place.name, "timezone": "Asia/Shanghai"}
        self._publish("duties.on_project", self._event("residents.project_opened", data))

    def _letter(self) -> None:
        self._publish("parcels.on_received", self._event("parcels.received", {"shelf": 7}))
        self.some(f"/ops/dead-letters?service=parcels&project={self.place.name}")

    def _event(self, type: str, data: Json) -> Envelope:
        subject = f"{type.partition('.')[0]}/{new_id()}"
        common = {"project": self.place.name, "matter": subject, "version": 1, "actor": "service:residents", "correlation": new_id()}
        return Envelope(id=new_id(), type=type, subject=subject, time=now() - _BEFORE, data=data, **common)  # type: ignore[arg-type]

    def _publish(self, queue: str, event: Envelope) -> None:
        with teller(self._system.environ) as producer:
            producer.publish(json.dumps(event.to_wire()).encode(), exchange="", routing_key=queue, message_id=event.id)


def harvest(system: System, project: str) -> dict[tuple[str, str], str]:
    """The ids of what services keep of ``project``: one of each kind."""
    found: dict[tuple[str, str], str] = {}
    client = connect(system.settings.mongo_uri)
    users: list[str] = []
    for service, spec in installed_services().items():
        db = database(client, service)
        for collection in (*spec.collections, DEAD_LETTERS):
            ways: tuple[Json, ...] = ({"project": project}, {f"grants.{project}": {"$exists": True}}, {"holder": {"$in": users}})
            documents = _first(lambda way, of=db[collection.name]: of.find(way).limit(20), ways)  # type: ignore[misc]
            users += [f"user:{document['_id']}" for document in documents if (service, collection.name) == ("identity", "users")]
            for document in documents:
                found.update({(service, name): one for name, one in _named(collection.name, document)})
    client.close()
    return found


def _first(read: Callable[[Json], Any], ways: tuple[Json, ...]) -> list[Document]:
    return next((documents for way in ways if (documents := list(read(way)))), [])


def _named(collection: str, document: Document) -> Iterator[tuple[str, str]]:
    yield ONE_OF.get(collection, collection.removesuffix("s")), str(document["_id"])
    yield from (("letter", str(document["_id"])) for _ in range(collection == DEAD_LETTERS.name))
    for name, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and ULID.search(str(value[0].get("id"))):
            yield ONE_OF.get(name, name.removesuffix("s")), str(value[0]["id"])
