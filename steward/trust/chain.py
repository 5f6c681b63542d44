"""The audit chain 审计链: links that seal what a service did in one project, so that nothing of it can be changed unseen.

A link names entries of the journal by id and digest, and the link before it by digest; its MAC is made with a key that the
store does not have. So whoever can write to the store alone can neither change an entry nor leave one out nor make a
link that passes. How a chain is proven is in :mod:`steward.trust.proof`. Pure: documents in, documents out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from steward.times import iso

NOT_COVERED = ("pending",)
"""Members of an entry that change after it was committed: that its events wait to be published."""

_INFO = b"steward audit chain v1"
_KEY_BYTES = 32
_KEY_NAME_DIGITS = 16
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Document = Mapping[str, Any]


class Unreadable(ValueError):
    """A document is no link, or no anchor."""


@dataclass(frozen=True)
class Key:
    """What MACs are made with. ``name`` tells one key from another and nothing else about it.

    ``former`` made them before: theirs are genuine, and none is made any more.
    """

    secret: bytes
    former: tuple[Key, ...] = ()

    @classmethod
    def derived(cls, secret: bytes) -> Key:
        """The key of an installation, from its ``secret``, by HKDF-SHA256 with an info string that nothing else uses."""
        return cls(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO).derive(secret))

    @property
    def name(self) -> str:
        return self.mac("name")[:_KEY_NAME_DIGITS]

    @property
    def names(self) -> set[str]:
        """Its own and those of the former ones."""
        return {self.name, *(key.name for key in self.former)}

    def mac(self, text: str) -> str:
        """The HMAC-SHA256 of ``text``, in hexadecimal."""
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def made(self, text: str, mac: str) -> bool:
        """Whether ``mac`` is the one of ``text``, of this key or a former one; told in constant time."""
        return hmac.compare_digest(self.mac(text), mac) or any(key.made(text, mac) for key in self.former)


@dataclass(frozen=True, order=True)
class Chain:
    """Which chain: there is one for each service and project. ``project`` is empty for what belongs to none."""

    service: str
    project: str

    def __str__(self) -> str:
        return f"{self.service} {self.project or '(no project)'}"


@dataclass(frozen=True)
class Head:
    """Where a chain ends: its last link, and the latest moment of any entry that it has sealed."""

    n: int = 0
    digest: str = ""
    until: datetime = BEGINNING
    at: datetime = BEGINNING


@dataclass(frozen=True)
class Link:
    """One link. ``entries`` are pairs of id and digest; ``since`` and ``until`` bound the moments of what it seals.

    ``n`` counts from 1. ``until`` never goes back from link to link. ``key`` is the name of the key of its ``mac``.
    """

    chain: Chain
    n: int
    previous: str
    at: datetime
    since: datetime
    until: datetime
    entries: tuple[tuple[str, str], ...]
    key: str
    mac: str = ""

    def said(self) -> str:
        """All that the MAC covers."""
        return canonical(
            {
                "service": self.chain.service,
                "project": self.chain.project,
                "n": self.n,
                "previous": self.previous,
                "at": self.at,
                "since": self.since,
                "until": self.until,
                "entries": [list(pair) for pair in self.entries],
                "key": self.key,
            }
        )

    @property
    def digest(self) -> str:
        """What the next link and an anchor name it by."""
        return _sha256(f"{self.said()}{self.mac}")

    @property
    def head(self) -> Head:
        """The chain's end, should this be its last link."""
        return Head(self.n, self.digest, self.until, self.at)

    def to_document(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "_id": f"{self.chain.project}/{self.n}",
            "project": self.chain.project,
            "n": self.n,
            "previous": self.previous,
            "at": self.at,
            "since": self.since,
            "until": self.until,
            "entries": [list(pair) for pair in self.entries],
            "key": self.key,
            "mac": self.mac,
        }


def link_of(chain: Chain, document: Document) -> Link:
    """The link in ``document``. Raises Unreadable; whether it is genuine is another question."""
    try:
        link = Link(
            chain=chain,
            n=document["n"],
            previous=document["previous"],
            at=document["at"],
            since=document["since"],
            until=document["until"],
            entries=tuple((key, digest) for key, digest in document["entries"]),
            key=document["key"],
            mac=document["mac"],
        )
        texts = (link.previous, link.key, link.mac, *(text for pair in link.entries for text in pair))
        moments = (link.at, link.since, link.until)
        if type(link.n) is not int or not all(isinstance(text, str) for text in texts):
            raise Unreadable("a member is of the wrong kind")
        if not all(isinstance(moment, datetime) and moment.tzinfo for moment in moments):
            raise Unreadable("a moment is none")
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    return link


def sealed(key: Key, chain: Chain, head: Head, entries: Sequence[Document], now: datetime) -> Link:
    """The link that follows ``head`` and seals ``entries``, at least one, in their order."""
    dated = [entry["at"] for entry in entries if "writer" in entry]  # others are older than the chain itself
    until = max(head.until, *(entry["at"] for entry in entries))
    link = Link(
        chain=chain,
        n=head.n + 1,
        previous=head.digest,
        at=now,
        since=min(dated, default=until),
        until=until,
        entries=tuple((entry["_id"], digest_of(entry)) for entry in entries),
        key=key.name,
    )
    return Link(**{**vars(link), "mac": key.mac(link.said())})


def digest_of(entry: Document) -> str:
    """SHA-256 of an entry's canonical JSON, in hexadecimal: all of its members but :data:`NOT_COVERED`."""
    return _sha256(canonical({name: value for name, value in entry.items() if name not in NOT_COVERED}))


def canonical(value: Any) -> str:
    """The one text of ``value``: JSON, names in order of their code points, no blanks, nothing escaped that need not be.

    Times are ``{"$at": RFC 3339 in UTC with milliseconds}``, bytes ``{"$bytes": base64}``.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$at": iso(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    return {f"${type(value).__name__}": str(value)}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Anchor:
    """A chain's end at some moment, signed, to be kept where whoever writes to the store cannot reach it."""

    chain: Chain
    n: int
    digest: str
    at: datetime
    mac: str = ""

    def said(self) -> str:
        """All that the MAC covers; it can be mistaken for no link."""
        return canonical({"anchor": [self.chain.service, self.chain.project], "n": self.n, "digest": self.digest, "at": self.at})

    def genuine(self, key: Key) -> bool:
        """Whether this installation signed it."""
        return key.made(self.said(), self.mac)

    def to_line(self) -> str:
        """As it is printed: one line of JSON."""
        told = {"service": self.chain.service, "project": self.chain.project, "n": self.n, "digest": self.digest}
        return json.dumps({**told, "at": iso(self.at), "mac": self.mac}, ensure_ascii=False)


def anchored(key: Key, chain: Chain, head: Head, now: datetime) -> Anchor:
    """The anchor of ``head``."""
    anchor = Anchor(chain, head.n, head.digest, now)
    return Anchor(**{**vars(anchor), "mac": key.mac(anchor.said())})


def anchor_of(line: str) -> Anchor:
    """The anchor that :meth:`Anchor.to_line` wrote. Raises Unreadable."""
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["at"])
        anchor = Anchor(Chain(told["service"], told["project"]), told["n"], told["digest"], at, told["mac"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"no anchor: {error}") from error
    texts = (anchor.chain.service, anchor.chain.project, anchor.digest, anchor.mac)
    if type(anchor.n) is not int or at.tzinfo is None or not all(isinstance(text, str) for text in texts):
        raise Unreadable("no anchor: a member is of the wrong kind")
    return anchor
