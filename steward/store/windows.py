"""Reading long spans of a journal in order, a page at a time, at the cost of what is read.

The embedded store reads whatever a query matches before it sorts or limits, so a span is read in windows. As far as there
are milestones, a window ends at the next; behind them it widens while there is little in it. On MongoDB the same reads are
short walks along the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pymongo.collection import Collection

from steward.store.client import Document, our_words

PAGE = 500
STEP = 250
"""Entries from milestone to milestone: few enough that hardly any are read for nothing at the end of what is asked for."""
_WIDTH = 60_000_000
"""Orders (microseconds) that are read at once to begin with."""
_WIDER = 4


def pages(
    entries: Collection[Document], query: Document, after: int, until: int, milestones: Iterable[int] = ()
) -> Iterator[list[Document]]:
    """Entries that match ``query`` whose order is greater than ``after`` and not greater than ``until``, oldest first.

    ``query`` has equalities alone, with the members that an index has before ``order``, and no more: with a condition that the
    index does not serve, the embedded store reads all that the rest matches, window for window. Other conditions are the
    reader's to judge. No order is divided between pages. Raises Unavailable.
    """
    for milestone in milestones:
        if milestone >= until:
            break
        if milestone > after:
            yield from _walk(entries, query, after, milestone, milestone - after)
            after = milestone
    yield from _walk(entries, query, after, until, _WIDTH)


def _walk(entries: Collection[Document], query: Document, after: int, until: int, width: int) -> Iterator[list[Document]]:
    while after < until:
        bound = min(after + width, until)
        page = _read(entries, query, {"$gt": after, "$lte": bound})
        if len(page) == PAGE:
            page = _whole(entries, query, page)
            bound, width = page[-1]["order"], max(page[-1]["order"] - page[0]["order"], 1)
        elif not page:
            width *= _WIDER
        if page:
            yield page
        after = bound


def _whole(entries: Collection[Document], query: Document, page: list[Document]) -> list[Document]:
    """``page`` without its last order, of which there may be more; all of that order if there is no other."""
    edge = page[-1]["order"]
    return [entry for entry in page if entry["order"] < edge] or _read(entries, query, {"$eq": edge}, 0)


def _read(entries: Collection[Document], query: Document, order: dict[str, Any], limit: int = PAGE) -> list[Document]:
    with our_words():
        return list(entries.find({**query, "order": order}, batch_size=PAGE).sort("order", 1).limit(limit))
