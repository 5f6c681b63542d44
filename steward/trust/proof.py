"""Proving an audit chain: every fault of it, each with its place. Pure: what is read is handed in, piece by piece."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from steward.trust.chain import BEGINNING, Anchor, Chain, Head, Key, Link, Unreadable, digest_of, link_of

FAULTS: Mapping[str, str] = {
    "edited": "the entry is not as it was sealed",
    "removed": "the entry is gone",
    "added": "the entry is in no link, though later ones are",
    "twice": "the entry was sealed before",
    "link-unreadable": "the link cannot be read",
    "link-edited": "the link was edited, or made without the key",
    "link-key": "the link was made with another key",
    "link-missing": "the link is gone",
    "link-disordered": "the link is out of its order",
    "link-foreign": "the link does not follow the one before it",
    "cut": "the chain ends before this link",
    "rewritten": "the link is another one than at that time",
    "headless": "there are links, and nothing says where they end",
    "anchor-forged": "the anchor was edited, or made without the key",
    "unsealed": "there are entries, and no chain",
    "late": "the link seals entries much older than those sealed before: a wrong clock, a process held up, or they came in afterwards",
}
"""Kinds of faults, and what each means."""
NOTES = frozenset({"late"})
"""What happens without anybody's doing; an auditor wants to know of it all the same."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: ``link`` is its number, ``entry`` the entry's key in the journal."""

    chain: Chain
    kind: str
    link: int | None = None
    entry: str | None = None
    note: str = ""

    @property
    def is_note(self) -> bool:
        """Whether it is told and does not count as a fault."""
        return self.kind in NOTES

    def __str__(self) -> str:
        place = [str(self.chain)]
        place += [f"link {self.link}"] if self.link is not None else []
        place += [f"entry {self.entry}"] if self.entry is not None else []
        return f"{', '.join(place)}: {FAULTS[self.kind]}{f' ({self.note})' if self.note else ''}"


class Named(Protocol):
    """What links name, by the entry's id: kept while a chain is proven, in memory or on disk."""

    def add(self, id: str, n: int, digest: str) -> int | None:
        """Link ``n`` names ``id``. The link that named it before, if one did; then nothing changes."""

    def take(self, id: str) -> tuple[int, str] | None:
        """The link and digest of ``id``, which has been met; None when no link names it."""

    def left(self) -> Iterator[tuple[str, int]]:
        """Ids that were not met, with their links."""


@dataclass
class InMemory:
    """:class:`Named` for chains of a size that memory bears."""

    _links: dict[str, tuple[int, str]] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)

    def add(self, id: str, n: int, digest: str) -> int | None:
        if id in self._links:
            return self._links[id][0]
        self._links[id] = (n, digest)
        return None

    def take(self, id: str) -> tuple[int, str] | None:
        self._met.add(id)
        return self._links.get(id)

    def left(self) -> Iterator[tuple[str, int]]:
        return ((key, n) for key, (n, _) in self._links.items() if key not in self._met)


@dataclass(frozen=True)
class Known:
    """What is known of a chain from elsewhere.

    ``head``: its end as the store says, read before the links. ``anchors``: ends of the past. ``sealing_until``: the
    moment of the service's newest link in any project; None: it has none. ``grace``: an entry may be without a link, or
    be sealed after later ones, for so long.
    """

    grace: timedelta
    head: Head | None = None
    anchors: tuple[Anchor, ...] = ()
    sealing_until: datetime | None = None


def verified(
    key: Key,
    chain: Chain,
    links: Iterable[Mapping[str, Any]],
    entries: Iterable[Mapping[str, Any]],
    known: Known,
    named: Named | None = None,
) -> Iterator[Fault]:
    """Every fault of ``chain``. ``links`` come in their order and are read to the end before the first of ``entries``."""
    met: Named = InMemory() if named is None else named
    walk = _Walk(key, chain, known, met)
    yield from walk.forged_anchors()
    for document in links:
        yield from walk.link(document)
    yield from walk.end()
    for entry in entries:
        yield from walk.entry(entry)
    for key_of_entry, n in met.left():
        yield Fault(chain, "removed", n, key_of_entry)


class _Walk:
    """One pass over a chain and then over the entries of its project."""

    def __init__(self, key: Key, chain: Chain, known: Known, named: Named) -> None:
        self._key, self._chain, self._known, self._named = key, chain, known, named
        self._n, self._until = 0, BEGINNING
        self._digest: str | None = ""
        """Of the link before; None where that cannot be trusted or is not there."""
        self._newest = known.sealing_until or BEGINNING
        self._any = known.sealing_until is not None
        self._told_unsealed = False
        self._wanted: dict[int, list[tuple[str, str]]] = {}
        for anchor in known.anchors:
            if anchor.n and anchor.genuine(key):
                self._wanted.setdefault(anchor.n, []).append((anchor.digest, f"anchored {anchor.at:%Y-%m-%d %H:%M}"))
        if known.head is not None and known.head.n:
            self._wanted.setdefault(known.head.n, []).append((known.head.digest, "the store's own head"))

    def forged_anchors(self) -> Iterator[Fault]:
        for anchor in self._known.anchors:
            if not anchor.genuine(self._key):
                yield Fault(self._chain, "anchor-forged", anchor.n)

    def link(self, document: Mapping[str, Any]) -> Iterator[Fault]:
        try:
            link = link_of(self._chain, document)
        except Unreadable as error:
            yield Fault(self._chain, "link-unreadable", self._n + 1, note=str(error))
            self._n, self._digest = self._n + 1, None
            return
        if link.n <= self._n:
            yield Fault(self._chain, "link-disordered", link.n, note=f"after link {self._n}")
            return
        yield from self._gap(link)
        genuine = yield from self._own(link)
        yield from self._anchors(link, genuine)
        for entry, digest in link.entries:
            earlier = self._named.add(entry, link.n, digest)
            if earlier is not None:
                yield Fault(self._chain, "twice", link.n, entry, f"in link {earlier}")
        self._n, self._digest = link.n, link.digest if genuine else None
        self._until, self._newest, self._any = max(self._until, link.until), max(self._newest, link.at), True

    def _gap(self, link: Link) -> Iterator[Fault]:
        missing = link.n - self._n - 1
        if missing:
            yield Fault(self._chain, "link-missing", self._n + 1, note=f"and {missing - 1} after it" if missing > 1 else "")
            self._digest = None

    def _own(self, link: Link) -> Generator[Fault, None, bool]:
        """Whether it is genuine is what it returns."""
        genuine = self._key.made(link.said(), link.mac)
        if not genuine:
            yield Fault(self._chain, "link-edited" if link.key in self._key.names else "link-key", link.n)
        elif self._digest is not None and link.previous != self._digest:
            yield Fault(self._chain, "link-foreign", link.n)
        if genuine and link.since < self._until - self._known.grace:
            yield Fault(self._chain, "late", link.n, note=f"from {link.since:%Y-%m-%d %H:%M:%S}")
        return genuine

    def _anchors(self, link: Link, genuine: bool) -> Iterator[Fault]:
        for digest, whence in self._wanted.pop(link.n, ()):
            if genuine and digest != link.digest:
                yield Fault(self._chain, "rewritten", link.n, note=whence)

    def end(self) -> Iterator[Fault]:
        for n, wanted in sorted(self._wanted.items()):
            for _, whence in wanted:
                yield Fault(self._chain, "cut" if n > self._n else "link-missing", n, note=whence)

    def entry(self, entry: Mapping[str, Any]) -> Iterator[Fault]:
        name = entry["_id"]
        found = self._named.take(name)
        if found is not None:
            n, digest = found
            if digest != digest_of(entry):
                yield Fault(self._chain, "edited", n, name)
        elif not self._any:
            if not self._told_unsealed:
                yield Fault(self._chain, "unsealed")
            self._told_unsealed = True
        elif not isinstance(entry.get("at"), datetime) or entry["at"] < self._newest - self._known.grace:
            yield Fault(self._chain, "added", None, name)
