"""A service outside Steward, as an integrator writes one: it registers parcels and counts them by shelf."""

import os
from datetime import datetime, timedelta, tzinfo

from steward import times

AHEAD = timedelta(seconds=float(os.environ.get("PARCELS_CLOCK_S", "0")))
"""By how much the clock of this process, whichever service it runs, goes ahead of the true one. For fault tests."""


class _Wrong(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + AHEAD


if AHEAD:
    vars(times)["datetime"] = _Wrong

if os.environ.get("PARCELS_FAULTS_ANYWHERE"):
    from parcels import faults

    faults.install()
