"""What the parts of the service have in common."""

from __future__ import annotations

from abc import abstractmethod

from services.residents.desk import Desk


class Part:
    """What wakes the service for one part of its spec."""

    @property
    @abstractmethod
    def _desk(self) -> Desk:
        """What every answer is worked out with."""
