"""Which roles there are, and whether what policy says of them can be followed."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from services.identity.model import ROLES
from services.identity.spec import SPEC
from steward.policy import PolicyError
from steward.soundness import places, same_kinds
from steward.trust import roles

OF_ROLES = (("staffing", "never_empty"), ("second_factor", "roles"))
"""Where policy lists roles."""


def known_roles() -> tuple[str, ...]:
    """The shipped ones, and those of the company's own."""
    return tuple(dict.fromkeys((*ROLES, *roles.named())))


def check(folder: Path | None) -> None:
    """Raises PolicyError for values of the wrong kind, and for roles that there are not."""
    same_kinds(SPEC, folder)
    known = {*ROLES, *roles.named_in(folder)}
    for where, _, policy in places(SPEC, folder):
        for table, key in OF_ROLES:
            for role in policy[table][key]:
                if role not in known:
                    close = get_close_matches(str(role), known, 1, 0.6)
                    meant = f": did you mean {close[0]}?" if close else ""
                    raise PolicyError(f"{where}: {table}.{key}: no role is called {role!r}{meant}")
