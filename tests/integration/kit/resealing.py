"""One process of a service that reseals; a test kills it."""

from __future__ import annotations

import sys
import time

from steward.spec import Collection
from steward.store.client import connect
from steward.store.keys import StoredKeys
from steward.store.resealing import Resealing
from steward.times import now
from steward.trust.sealing import Sealer

OLD, NEW = b"o" * 32, b"n" * 32
COLLECTIONS = (Collection("people", seals=("name", "phones.text", "papers.content")),)
PACE_S = 0.02
"""Between pages, so that there is a middle to be killed in."""


def main(uri: str, database: str) -> None:
    db = connect(uri)[database]
    resealing = Resealing(db, COLLECTIONS, Sealer(NEW, OLD, kept=StoredKeys(db, (NEW, OLD))))
    while True:
        resealing.round(now())
        time.sleep(PACE_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
