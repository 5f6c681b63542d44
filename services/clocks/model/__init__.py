"""The domain, pure: clocks, the watch that holds those of one subject, and what events and time do to them."""

from services.clocks.model.clock import ENDED, LIVE, TRANSITIONS, Clock, Kind, Sighting, State, Step, Terms, Turn
from services.clocks.model.explain import Stretch, explained
from services.clocks.model.ladder import addressed, tells, unheard
from services.clocks.model.watch import Watch, acknowledge, fire, observe

__all__ = [
    "ENDED",
    "LIVE",
    "TRANSITIONS",
    "Clock",
    "Kind",
    "Sighting",
    "State",
    "Step",
    "Stretch",
    "Terms",
    "Turn",
    "Watch",
    "acknowledge",
    "addressed",
    "explained",
    "fire",
    "observe",
    "tells",
    "unheard",
]
