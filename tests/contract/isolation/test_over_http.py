"""What is another project's is to everybody else as if it did not exist: every route, made from the specs, so new ones too."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from gateway.operations import Operation
from steward.ids import new_id
from steward.plugins import installed_services
from steward.store.client import connect, database
from steward.store.journal import JOURNAL
from steward.testing.samples import sample
from steward.trust.principals import permitted_roles
from tests.contract.isolation.conftest import World
from tests.contract.isolation.places import ULID, described, every_role
from tests.contract.isolation.probing import (
    STRANGER,
    Probe,
    Told,
    Visitor,
    all_of,
    guarded,
    names,
    nothing,
    operations,
    pages,
    plain,
    probe,
    references,
    secret,
)

OPEN_TO_ALL = {
    "identity.log_in": "who one is, is what it finds out",
    "identity.sign_on": "where one goes to log in: the company's own provider",
    "duties.subscribed": "for calendar programs: its address holds a signature, and is the secret",
    "openapi": "the same for everybody",
    "asyncapi": "the same for everybody",
    "console": "the same for everybody",
    "console_file": "the same for everybody",
    "healthz": "of this process alone",
    "readyz": "of this process alone",
    "metrics": "numbers of this process; that no project is in them is tested below",
}
TAKEN = {("identity.add_user", "username"): "one log-in for the whole installation, so a name can be taken by somebody unseen"}
"""Fields in which something of another project is told from nothing, and why that cannot be otherwise."""
FORBIDDEN = 403
OF_CALLERS = ("/v1/users", "/v1/api-keys")


def outside(world: World, operation: Operation) -> list[Probe]:
    return [probe(operation, place) for place in (*world.others, world.none)]


def differing(asked: Probe, told: list[Told], refused: tuple[int, ...]) -> Iterator[str]:
    """What gives it away: ``told`` are the answers for others' things and, last, for what there is not."""
    *others, none = told
    if none.status not in refused:
        yield f"{asked}: {none.status} for what does not exist: {none.text[:200]}"
    yield from (f"{asked}: {one} where there is something, {none} where there is nothing" for one in others if one != none)


def test_nothing_is_open_to_all_but_what_is_meant_to_be() -> None:
    assert {one.id for one in operations() if one.public} - set(OPEN_TO_ALL) == set()


def test_every_route_of_another_project_answers_as_one_of_a_project_that_there_is_not(world: World, anybody: Visitor) -> None:
    def look(operation: Operation) -> Iterator[str]:
        asked = outside(world, operation)
        told = [anybody.told(one, of) for one, of in zip(asked, (*world.others, world.none), strict=True)]
        yield from differing(asked[0], told, (403,))

    nothing(all_of(look, [one for one in guarded() if "{project}" in one.path]))


@pytest.mark.parametrize("if_match", [{}, {"If-Match": '"7"'}], ids=["as it is", "of a version"])
def test_things_of_another_project_are_not_found_in_ones_own(world: World, if_match: dict[str, str]) -> None:
    """Each id of a path on its own, the others being one's own, and all of them."""

    def look(operation: Operation) -> Iterator[str]:
        own = probe(operation, world.own)
        for which in {(name,) for name in secret(operation)} | {tuple(secret(operation))}:
            told = []
            for place in (*world.others, world.none):
                foreign = {name: value for name, value in names(operation, place).items() if name in which}
                asked = replace(own, names={**own.names, **foreign}, headers=if_match if operation.changes else {})
                told.append(world.visitor.told(asked, place))
            yield from differing(own, told, (404, 412) if if_match else (404,))

    nothing(all_of(look, [one for one in guarded() if secret(one) and (one.changes or not if_match)]))


def test_nobody_is_told_of_a_project_in_which_they_have_no_role_whatever_their_role_elsewhere(world: World) -> None:
    def look(operation: Operation) -> Iterator[str]:
        none = world.visitor.told(probe(operation, world.none), world.none)
        for role in every_role():
            one = world.visitor.told(probe(operation, world.others[0]), world.others[0], (role,))
            if one != none:
                yield f"{operation.id} as {role}: {one}"

    nothing(all_of(look, [one for one in guarded() if one.method == "GET" and "{project}" in one.path]))


def test_a_role_without_the_right_gets_no_further_even_at_home(world: World) -> None:
    """Told the same of what one's own project has, of what another has, and of what there is not."""

    def look(operation: Operation) -> Iterator[str]:
        role = next((role for role in every_role() if role not in permitted_roles()[operation.permission]), None)
        own = probe(operation, world.own)
        for place in (world.own, world.others[0], world.none) if role else ():
            asked = replace(own, names={**names(operation, place), **({"project": world.own.name} if "project" in own.names else {})})
            answer = world.visitor.raw(asked, (role or "",))
            if answer.status_code != 403 or answer.json().get("permission") != operation.permission:
                yield f"{asked} as {role}: {answer.status_code} {answer.text[:200]}"

    nothing(all_of(look, [one for one in guarded() if one.permission]))


def test_what_is_done_for_a_company_is_done_by_who_may_in_the_whole_of_it_and_others_learn_nothing_of_it(world: World) -> None:
    """One's own project is of the first company; the second has a project too, and the third is not there."""

    def look(operation: Operation) -> Iterator[str]:
        own = probe(operation, world.own)
        companies = [str(place.said["company"]) for place in (world.own, world.others[1], described(new_id()))]
        for anybody in (world.visitor, world.by_company):
            of = [replace(own, body={**(own.body or {}), operation.company: company}) for company in companies]
            told = [without_name(anybody.told(one, world.own), company) for one, company in zip(of, companies, strict=True)]
            yield from differing(own, told, (403,))
        permitted = replace(own, body={**(own.body or {}), operation.company: world.own.name})
        if world.by_company.raw(permitted).status_code == FORBIDDEN:
            yield f"{own}: who may in the whole company may not"

    named = [one for one in guarded() if one.company]
    assert named, "nothing is done for a company"
    nothing(all_of(look, named))


def without_name(told: Told, company: str) -> Told:
    """``told`` with what names ``company`` taken out."""
    return replace(told, text=told.text.replace(company, "<company>"))


def test_no_list_tells_of_what_is_not_ones_own_nor_how_much_of_it_there_is(world: World, anybody: Visitor) -> None:
    """Every page and every cursor of whatever can be read. Before anybody calls things of their own as others call theirs."""

    def look(operation: Operation) -> Iterator[str]:
        limit = 2
        found = list(pages(anybody, operation, world.own, limit))
        text = "".join(page.text + "".join(cursors(page)) for page in found)
        for place in world.others:
            yield from (f"{operation.id} tells of {name}" for mark, name in place.marks.items() if mark in text)
        if operation.paged and operation.path in OF_CALLERS:
            yield from (f"{operation.id}: a page that is not full" for page in found[:-1] if len(page.json()["items"]) < limit)

    named = anybody is world.visitor  # by a company's grant, what names a project is as it was
    nothing(all_of(look, [one for one in guarded() if one.method == "GET" and (named or "{project}" not in one.path)]))


def cursors(page: httpx.Response) -> Iterator[str]:
    for cursor in re.findall(r'"next":"([^"]+)"', page.text):
        yield base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")


def test_naming_what_is_another_projects_tells_no_more_than_naming_what_there_is_not(world: World) -> None:
    """Each field of bodies and queries that may hold something of a project."""

    def look(operation: Operation) -> Iterator[str]:
        for kind, schema in (("body", operation.body), ("query", operation.query)):
            for name in references(operation, schema, world.own):
                if (operation.id, name) not in TAKEN:
                    yield from named(operation, kind, name)

    def named(operation: Operation, kind: str, name: str) -> Iterator[str]:
        own = probe(operation, world.own, **({"limit": 1} if operation.query and "limit" in operation.query().fields else {}))
        told = []
        for place in (*world.others, world.none):
            value = references(operation, operation.body if kind == "body" else operation.query, place)[name]
            said = {**(own.body or {}), name: value} if kind == "body" else own.body
            asked = replace(own, body=said, query={**own.query, **({name: value} if kind == "query" else {})})
            told.append(made_alike(world.visitor.told(asked, place)))
        yield from (f"{name}: {found}" for found in differing(own, told, (200, 201, 403, 404, 409, 422)))

    nothing(all_of(look, guarded()))


def made_alike(told: Told) -> Told:
    """Of what was done, that it was: what came into being is new each time."""
    text = "" if told.status == 201 else re.sub(r'"version": \d+|\d{4}-\d\d-\d\dT[0-9:.+Z-]+', "", ULID.sub("", told.text))
    return replace(told, text=text, headers=())


def test_no_document_and_no_metric_names_a_project_or_what_is_in_it(world: World) -> None:
    texts = {
        path: httpx.get(f"{world.system.url}{path}", timeout=30).text for path in ("/openapi.json", "/asyncapi.json", "/healthz", "/readyz")
    }
    ports = {row.label: row.port for name in ("gateway", *installed_services()) for row in world.system.rows(name)}
    texts |= {f"metrics of {name}": httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text for name, port in ports.items()}
    found = [
        f"{where}: {name}"
        for where, text in texts.items()
        for place in (world.own, *world.others)
        for mark, name in place.marks.items()
        if mark in text
    ]
    nothing(found)


def test_all_this_was_asked_of_things_that_are_there(world: World) -> None:
    """Those who have roles there are answered otherwise. Last but one: they change things by asking."""
    place = world.others[0]

    def differs(asked: Probe) -> bool:
        absent = replace(asked, names={**names(asked.operation, world.none), "project": place.name})
        answer, none = plain(there.raw(asked), place), plain(there.raw(absent), world.none)
        return answer.status != none.status or answer.text != none.text.replace("<project>", place.name)

    def look(operation: Operation) -> Iterator[str]:
        asked = probe(operation, place)
        least = replace(asked, body=sample(operation.body) if operation.body else None)
        if not (differs(asked) or differs(least)):  # what else it names may have been taken away by another of them
            yield f"{asked}: nothing was asked for that there is"

    with Visitor(world.system, place, user=f"user:{place.one('identity', 'user')}") as there:
        nothing(all_of(look, [one for one in guarded() if secret(one)]))


def test_strangers_left_no_trace_in_the_journals_of_others(world: World) -> None:
    others = [place.name for place in world.others]
    client = connect(world.system.settings.mongo_uri)
    entries = [
        f"{service}: {entry['_id']}"
        for service in installed_services()
        for entry in database(client, service)[JOURNAL.name].find({"project": {"$in": others}})
        if str(entry.get("actor")).startswith(STRANGER) or str(entry.get("behalf")).startswith(STRANGER)
    ]
    client.close()
    nothing(entries)
