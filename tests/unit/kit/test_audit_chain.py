"""Audit chains: an untouched one never complains; whatever is done to one is told, with its place."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from steward.store.proving import OnDisk
from steward.trust.chain import Anchor, Chain, Head, Key, Unreadable, anchor_of, anchored, canonical, digest_of, sealed
from steward.trust.proof import Fault, InMemory, Known, verified

KEY = Key.derived(b"k" * 32)
CHAIN = Chain("tickets", "yh")
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
GRACE = timedelta(minutes=10)
Document = dict[str, Any]
often = settings(max_examples=50, deadline=None)


@dataclass
class Kept:
    """A chain and its entries as a store has them."""

    links: list[Document] = field(default_factory=list)
    entries: list[Document] = field(default_factory=list)
    head: Head = field(default_factory=Head)
    anchors: list[Anchor] = field(default_factory=list)

    def faults(self, *anchors: Anchor, key: Key = KEY, chain: Chain = CHAIN) -> list[Fault]:
        newest = max((link["at"] for link in self.links), default=None)
        found = []
        for named in (InMemory(), OnDisk()):
            known = Known(GRACE, self.head if self.links else None, anchors, newest)
            found.append(list(verified(key, chain, deepcopy(self.links), deepcopy(self.entries), known, named)))
        assert [str(fault) for fault in found[0]] == [str(fault) for fault in found[1]]
        return found[0]

    def kinds(self, *anchors: Anchor) -> set[str]:
        return {fault.kind for fault in self.faults(*anchors)}


def entry(number: int, what: Any = None) -> Document:
    at = START + timedelta(hours=number)
    return {"_id": f"call:{number}", "at": at, "order": number, "project": "yh", "writer": "w", "seq": number, "answer": what, "events": []}


def kept(sizes: list[int], contents: list[Any] | None = None) -> Kept:
    """A chain whose links seal so many entries each; an hour lies between entries."""
    made, number = Kept(), 0
    for size in sizes:
        fresh = [entry(number + place, (contents or [None])[place % len(contents or [None])]) for place in range(size)]
        number += size
        link = sealed(KEY, CHAIN, made.head, fresh, fresh[-1]["at"])
        made.entries += fresh
        made.links.append(link.to_document())
        made.head = link.head
        made.anchors.append(anchored(KEY, CHAIN, link.head, link.at))
    return made


CHAINS = st.lists(st.integers(1, 4), min_size=1, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@often
@given(CHAINS, st.lists(JSON, max_size=4))
def test_an_untouched_chain_never_complains(sizes: list[int], contents: list[Any]) -> None:
    made = kept(sizes, contents)
    assert made.faults(*made.anchors) == []


@often
@given(CHAINS)
def test_entries_that_are_still_to_be_sealed_are_no_fault(sizes: list[int]) -> None:
    made = kept(sizes)
    made.entries.append(entry(sum(sizes)))
    assert made.faults() == []


def test_that_events_were_published_changes_nothing() -> None:
    first = entry(0) | {"pending": True}
    link = sealed(KEY, CHAIN, Head(), [first], START)
    assert Kept([link.to_document()], [entry(0)], link.head).faults() == []


@often
@given(CHAINS, st.data())
def test_an_edited_entry_is_told_with_its_link(sizes: list[int], data: st.DataObject) -> None:
    made = kept(sizes)
    one = data.draw(st.sampled_from(made.entries))
    name = data.draw(st.sampled_from(["at", "project", "answer", "writer", "events", "new"]))
    one[name] = START - timedelta(days=1) if name == "at" else ["changed"]
    (fault,) = made.faults()
    assert fault.kind == "edited" and fault.entry == one["_id"] and fault.link is not None


@often
@given(CHAINS, st.data())
def test_a_removed_entry_is_told_with_its_link(sizes: list[int], data: st.DataObject) -> None:
    made = kept(sizes)
    gone = made.entries.pop(data.draw(st.integers(0, len(made.entries) - 1)))
    (fault,) = made.faults()
    assert (fault.kind, fault.entry) == ("removed", gone["_id"])
    assert any(fault.link == link["n"] and gone["_id"] in dict(link["entries"]) for link in made.links)


@often
@given(CHAINS, st.data())
def test_an_added_entry_is_told_once_later_ones_are_sealed(sizes: list[int], data: st.DataObject) -> None:
    made = kept([*sizes, 1])
    copy = data.draw(st.sampled_from(made.entries[:-1])) | {"_id": "call:copy"}
    made.entries.append(copy)
    assert [(fault.kind, fault.entry) for fault in made.faults()] == [("added", "call:copy")]


def reversed_entries(link: Document) -> None:
    assume(len(link["entries"]) > 1)
    link["entries"].reverse()


EDITS: dict[str, Callable[[Document], Any]] = {
    "time": lambda link: link.update(at=link["at"] - timedelta(days=1)),
    "span": lambda link: link.update(since=START - timedelta(days=1)),
    "until": lambda link: link.update(until=START + timedelta(days=900)),
    "previous": lambda link: link.update(previous="0" * 64),
    "digest": lambda link: link["entries"][0].__setitem__(1, "0" * 64),
    "entry taken out": lambda link: link["entries"].pop(),
    "entry put in": lambda link: link["entries"].append(["call:new", "0" * 64]),
    "order": reversed_entries,
    "mac": lambda link: link.update(mac="0" * 64),
    "key": lambda link: link.update(key="0" * 16),
    "no member": lambda link: link.pop("until"),
    "of another kind": lambda link: link.update(mac=7),
}


@pytest.mark.parametrize("edit", EDITS)
@settings(often, max_examples=25)
@given(sizes=CHAINS, data=st.data())
def test_an_edited_link_is_told_with_its_number(edit: str, sizes: list[int], data: st.DataObject) -> None:
    made = kept(sizes)
    link = data.draw(st.sampled_from(made.links))
    EDITS[edit](link)
    told = [fault for fault in made.faults() if fault.kind.startswith("link-")]
    assert told and {fault.link for fault in told} <= {link["n"]}


@often
@given(CHAINS, st.data())
def test_a_removed_link_is_told_with_its_number(sizes: list[int], data: st.DataObject) -> None:
    made = kept([*sizes, 1])
    place = data.draw(st.integers(0, len(made.links) - 2))
    made.links.pop(place)
    assert ("link-missing", place + 1) in {(fault.kind, fault.link) for fault in made.faults()}


@often
@given(CHAINS, st.data())
def test_links_out_of_their_order_or_doubled_are_told(sizes: list[int], data: st.DataObject) -> None:
    made = kept([*sizes, 1])
    a = data.draw(st.integers(0, len(made.links) - 2))
    if data.draw(st.booleans()):
        made.links[a], made.links[a + 1] = made.links[a + 1], made.links[a]
    else:
        made.links.insert(a + 1, made.links[a])
    assert "link-disordered" in made.kinds()


@often
@given(CHAINS, st.data())
def test_links_that_change_their_numbers_are_told(sizes: list[int], data: st.DataObject) -> None:
    made = kept([*sizes, 1])
    a = data.draw(st.integers(0, len(made.links) - 2))
    one, other = made.links[a], made.links[a + 1]
    one["n"], other["n"] = other["n"], one["n"]
    made.links.sort(key=lambda link: int(link["n"]))
    assert {a + 1, a + 2} <= {fault.link for fault in made.faults() if fault.kind == "link-edited"}


@often
@given(CHAINS)
def test_a_link_made_without_the_key_is_told(sizes: list[int]) -> None:
    made = kept(sizes)
    fresh = entry(sum(sizes))
    forged = sealed(Key(b"guessed"), CHAIN, made.head, [fresh], fresh["at"])
    made.links.append(replace(forged, key=KEY.name).to_document())
    made.entries.append(fresh)
    assert [(fault.kind, fault.link) for fault in made.faults()] == [("link-edited", forged.n)]


@often
@given(CHAINS, st.data())
def test_a_tail_that_was_cut_off_is_told_by_an_anchor(sizes: list[int], data: st.DataObject) -> None:
    made = kept([*sizes, 1])
    left = data.draw(st.integers(0, len(made.links) - 1))
    cut = kept([*sizes, 1][:left])
    kinds = [(fault.kind, fault.link) for fault in cut.faults(made.anchors[-1])]
    assert kinds == [("cut", len(made.links))]


@often
@given(CHAINS)
def test_a_tail_that_was_cut_off_alone_is_told_by_what_it_sealed(sizes: list[int]) -> None:
    made = kept([*sizes, 1, 1])
    del made.links[-2:]
    made.links[-1]["at"] = made.entries[-1]["at"]  # as the service's other chains go on
    assert "cut" in made.kinds()


@often
@given(CHAINS)
def test_a_history_written_anew_with_the_key_is_told_by_an_anchor(sizes: list[int]) -> None:
    made, other = kept(sizes, ["as it was"]), kept(sizes, ["as it shall have been"])
    assert other.faults() == []
    assert {(fault.kind, fault.link) for fault in other.faults(*made.anchors)} == {("rewritten", n + 1) for n in range(len(sizes))}


def test_an_anchor_that_was_edited_is_told() -> None:
    made = kept([2, 2])
    assert made.kinds(replace(made.anchors[0], n=9)) == {"anchor-forged"}


def test_a_chain_of_another_project_or_service_passes_for_none() -> None:
    made = kept([1, 1])
    for other in (Chain("tickets", "other"), Chain("dispatch", "yh")):
        assert {fault.kind for fault in made.faults(chain=other)} == {"link-edited"}


def test_another_key_is_told_as_such() -> None:
    assert {fault.kind for fault in kept([1, 2]).faults(key=Key.derived(b"x" * 32))} == {"link-key"}


def test_entries_without_any_chain_are_told_once() -> None:
    made = kept([1, 2])
    assert [fault.kind for fault in Kept([], made.entries).faults()] == ["unsealed"]


def test_what_was_sealed_late_is_noted_and_no_fault() -> None:
    made = kept([2, 2])
    old = entry(9) | {"at": START - timedelta(days=3)}
    link = sealed(KEY, CHAIN, made.head, [old], START + timedelta(days=1))
    (fault,) = Kept([*made.links, link.to_document()], [*made.entries, old], link.head).faults()
    assert fault.kind == "late" and fault.is_note and fault.link == 3


def test_an_entry_that_two_links_seal_is_told() -> None:
    made = kept([2])
    link = sealed(KEY, CHAIN, made.head, made.entries[:1], START + timedelta(hours=2))
    faults = Kept([*made.links, link.to_document()], made.entries, link.head).faults()
    assert [(fault.kind, fault.link, fault.entry) for fault in faults if not fault.is_note] == [("twice", 2, "call:0")]


def test_an_anchor_comes_back_from_its_line() -> None:
    (anchor,) = kept([3]).anchors
    assert anchor_of(anchor.to_line()) == anchor
    for line in ("", "{}", "[1]", anchor.to_line().replace('"n": 1', '"n": "1"')):
        with pytest.raises(Unreadable):
            anchor_of(line)


@often
@given(JSON, JSON)
def test_two_texts_are_the_same_only_for_the_same_value(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == (repr_of(one) == repr_of(other))


def repr_of(value: Any) -> Any:
    """``value`` so that equality tells 1 from 1.0 and True, and 0.0 from -0.0."""
    if isinstance(value, dict):
        return {name: repr_of(inner) for name, inner in value.items()}
    return [repr_of(inner) for inner in value] if isinstance(value, list) else f"{type(value).__name__} {value!r}"


def test_what_a_digest_covers_is_written_in_one_way() -> None:
    told = {"b": datetime(2026, 1, 2, tzinfo=UTC), "a": [b"\x00", None, "楼"], "pending": True}
    covered = {name: value for name, value in told.items() if name != "pending"}
    assert canonical(covered) == '{"a":[{"$bytes":"AA=="},null,"楼"],"b":{"$at":"2026-01-02T00:00:00.000Z"}}'
    assert digest_of(told) == digest_of(covered)
