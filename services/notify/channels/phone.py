"""The phone task: a person calls, and records it (handbook §9)."""

from __future__ import annotations

from steward.channels import Channel, Fate, Finding, Hand, Needs, Outcome, Parcel, Result
from steward.settings import Settings


class Phone:
    """An open task for whoever the message is addressed to; nothing leaves the house by itself."""

    name = "phone"
    needs = Needs.NOTHING
    hand = Hand.PERSON

    def send(self, parcel: Parcel) -> Outcome:
        """The task is there as soon as the message is kept."""
        return Outcome(Result.ACCEPTED)

    def look_up(self, parcel: Parcel) -> Finding:
        """Nothing outside can be asked."""
        return Finding(Fate.UNKNOWN)


def CHANNEL(settings: Settings) -> Channel:
    """The phone channel."""
    return Phone()
