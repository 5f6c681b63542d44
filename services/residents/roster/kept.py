"""Files of runs as they are kept for a while: packed, sealed, in pieces."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime

from services.residents.model import Run
from services.residents.store import FILES
from steward.store.client import Document
from steward.store.provider import StoreOf
from steward.store.work import Work
from steward.trust.sealing import Sealer

UPLOAD, CORRECTIONS = "upload", "corrections"
_PIECE = 4 * 1024 * 1024
"""Bytes in one document, well below what a document may hold."""


def keep(work: Work, sealer: Sealer, run: Run, kind: str, content: bytes, until: datetime | None = None) -> None:
    """Keep ``content`` as the ``kind`` of file of ``run``; :func:`drop_old` drops it after ``until``."""
    packed = zlib.compress(content)
    for number, start in enumerate(range(0, len(packed), _PIECE)):
        piece = sealer.seal_bytes(packed[start : start + _PIECE])
        document: Document = {"_id": _id(run.id, kind, number), "project": run.project, "data": piece}
        work.keep(FILES, document | ({"until": until} if until else {}))


def read(store: StoreOf, sealer: Sealer, run: str, kind: str) -> bytes | None:
    """The file, None when it is kept no longer."""
    packed = b"".join(sealer.open_bytes(document["data"]) for document in _pieces(store, run, kind))
    return zlib.decompress(packed) if packed else None


def drop(work: Work, store: StoreOf, run: str, kind: str) -> None:
    """Keep it no longer."""
    for document in _pieces(store, run, kind):
        work.drop(FILES, document["_id"])


def drop_old(store: StoreOf, key: str, now: datetime) -> None:
    """Keep none longer than it was to be."""
    old = store.read.plain_where(FILES, {"until": {"$lte": now}})
    if old:
        with store.work(key=key, lenient=True) as work:
            for document in old:
                work.drop(FILES, document["_id"])


def _pieces(store: StoreOf, run: str, kind: str) -> Iterator[Document]:
    number = 0
    while document := store.read.plain(FILES, _id(run, kind, number)):
        yield document
        number += 1


def _id(run: str, kind: str, number: int) -> str:
    return f"{run}:{kind}:{number:03d}"
