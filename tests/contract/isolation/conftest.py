"""Three projects: one's own, one of the same company, and one of another company."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from steward.testing.system import System
from tests.contract.isolation.places import Founder, Place, described, nowhere
from tests.contract.isolation.probing import Visitor


@dataclass(frozen=True)
class World:
    """``own`` is where somebody works, ``others`` where they do not; ``none`` are like those, and do not exist."""

    system: System
    own: Place
    others: tuple[Place, Place]
    none: Place
    visitor: Visitor
    by_company: Visitor


@pytest.fixture(scope="session")
def world(system: System) -> Iterator[World]:
    with ThreadPoolExecutor(3) as founders:
        own, sister, foreign = founders.map(lambda company: Founder(system, described(company)).found(), ("acme", "acme", "bettr"))
    with Visitor(system, own) as visitor, Visitor(system, own, company=own.name) as by_company:
        yield World(system, own, (sister, foreign), nowhere(sister), visitor, by_company)


@pytest.fixture(params=["visitor", "by_company"])
def anybody(world: World, request: pytest.FixtureRequest) -> Visitor:
    """Whoever has all roles in one's own project, by a grant in it or in its company."""
    visitor: Visitor = getattr(world, request.param)
    return visitor
