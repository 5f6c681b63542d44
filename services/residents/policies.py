"""Whether a policy folder can be followed, asked at the start and by ``steward doctor``."""

from __future__ import annotations

from pathlib import Path

from services.residents.model import erasures
from services.residents.model.erasures import BadGround
from services.residents.model.plans import BadPlan
from services.residents.model.plans import check as check_plans
from services.residents.spec import SPEC
from steward.policy import PolicyError
from steward.soundness import places, same_kinds


def check(folder: Path | None) -> None:
    """Raises PolicyError, saying where, for a value of another kind than the shipped one, or steps and grounds that cannot be followed."""
    same_kinds(SPEC, folder)
    for where, _, policy in places(SPEC, folder):
        try:
            check_plans(policy)
            erasures.check(policy)
        except (BadPlan, BadGround) as error:
            raise PolicyError(f"{where}: {error}") from error
