"""Reading long spans of a journal in order, a piece at a time, at the cost of what is read.

The embedded store reads whatever a query matches before it sorts or limits, so a span is read in windows. As far as there
are milestones, a window ends at the next; behind them it widens while there is little in it. On MongoDB the same reads are
short walks along the index. What is held at a time is bounded by entries and by bytes: a commit of a roster's rows has an
entry many times as long as a clock's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from bson import decode
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from steward.store.client import Document, our_words

PAGE = 500
STEP = 250
"""Entries from milestone to milestone: few enough that hardly any are read for nothing at the end of what is asked for."""
MOST_BYTES = 2**20
"""Of entries as they are stored, about, in one piece."""
_BATCH = 100
"""Entries that the store sends at once."""
_WIDTH = 60_000_000
"""Orders (microseconds) that are read at once to begin with."""
_WIDER = 4

Members = Mapping[str, int] | None
"""Which members of entries are wanted, as projections of the store say it; None: all."""


@dataclass
class Piece:
    """Some entries, oldest first; ``size`` is what they have in the store, in bytes."""

    entries: list[Document] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True)
class Walk:
    """What is read of a journal: entries that match ``query``, and their ``members``, of which ``order`` is one.

    ``query`` has equalities alone, with the members that an index has before ``order``, and no more: with a condition that the
    index does not serve, the embedded store reads all that the rest matches, window for window. Other conditions are the
    reader's to judge.
    """

    entries: Collection[Document]
    query: Document
    members: Members = None

    def pieces(self, after: int, until: int, milestones: Iterable[int] = ()) -> Iterator[Piece]:
        """Entries whose order is greater than ``after`` and not greater than ``until``. No order is divided between pieces.

        Raises Unavailable.
        """
        for milestone in milestones:
            if milestone >= until:
                break
            if milestone > after:
                yield from self._windows(after, milestone, milestone - after)
                after = milestone
        yield from self._windows(after, until, _WIDTH)

    def _windows(self, after: int, until: int, width: int) -> Iterator[Piece]:
        while after < until:
            bound = min(after + width, until)
            piece, cut = self._read({"$gt": after, "$lte": bound}, PAGE, MOST_BYTES)
            if cut:
                piece = self._undivided(piece)
                first, bound = piece.entries[0]["order"], piece.entries[-1]["order"]
                width = max(bound - first, 1)
            elif not piece.entries:
                width *= _WIDER
            if piece.entries:
                yield piece
            after = bound

    def _undivided(self, piece: Piece) -> Piece:
        """``piece`` without its last order, of which there may be more; all of that order if there is no other."""
        edge = piece.entries[-1]["order"]
        whole = [entry for entry in piece.entries if entry["order"] < edge]
        return Piece(whole, piece.size) if whole else self._read({"$eq": edge}, 0, None)[0]

    def _read(self, order: dict[str, Any], limit: int, most_bytes: int | None) -> tuple[Piece, bool]:
        """What there is, and whether there may be more."""
        options = self.entries.codec_options
        raw = self.entries.with_options(options.with_options(document_class=RawBSONDocument))
        query, piece = {**self.query, "order": order}, Piece()
        with our_words(), closing(raw.find(query, self.members, batch_size=_BATCH).sort("order", 1).limit(limit)) as found:
            for entry in found:
                piece.entries.append(decode(entry.raw, options))
                piece.size += len(entry.raw)
                if most_bytes and piece.size >= most_bytes:
                    return piece, True
        return piece, len(piece.entries) == limit
