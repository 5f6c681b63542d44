"""Waiting until everything that was set off has come to rest."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import datetime

from steward.bus.client import Client
from steward.errors import Unavailable
from steward.plugins import installed_services
from steward.replay.ledger import Account, account, read_journals

SETTLE_S = 300.0
_LOOK_AGAIN_S = 1.0
_QUIET_POLL_S = 0.25


def settle(
    client: Client,
    project: str,
    acknowledged: Mapping[str, datetime],
    others: Collection[str] = (),
    within_s: float = SETTLE_S,
) -> Account:
    """The account of ``acknowledged`` (ticket → when the 201 came) once nothing is missing, or as it is ``within_s`` later.

    ``others``: tickets of the project that were raised before and are not asked about. Raises Unavailable when a part is
    away for all that time.
    """
    deadline = time.monotonic() + within_s
    pending_before: set[str] = set()
    while True:
        wait_for_quiet(client, deadline)
        try:
            found = account(read_journals(client, project), acknowledged, others)
        except Unavailable:  # a store that has much to do may take longer than it is waited for
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
            continue
        pending = found.pending
        # Clocks go on meanwhile, so something is always just being published; what is stuck is found again.
        found.pending = pending & pending_before if pending_before else pending
        if found.good or time.monotonic() > deadline:
            return found
        pending_before = pending
        time.sleep(_LOOK_AGAIN_S)


def wait_for_quiet(client: Client, deadline: float) -> None:
    """Wait until no handler's queue holds a message: reading the journals costs the store much, asking for depths nothing."""
    queues = [queue for spec in installed_services().values() for queue, _ in spec.queues()]
    while any(client.depth(queue) for queue in queues) and time.monotonic() < deadline:
        time.sleep(_QUIET_POLL_S)
