"""Who somebody is, what they may do, and what shows it. Pure: state, command, policy, time in; decision out."""

from services.identity.model.companies import Company
from services.identity.model.factors import Factor
from services.identity.model.guards import Guard, attempt, clear, forgive
from services.identity.model.keys import ApiKey
from services.identity.model.sessions import Session
from services.identity.model.users import (
    ENROLLING,
    EVERYWHERE,
    ROLES,
    Absence,
    Member,
    Roll,
    User,
    add_absence,
    add_user,
    check_password,
    deputised,
    end_absence,
    enrolled,
    grant,
    keep_filled,
    logged_in,
    roll_of,
    set_active,
    set_password,
    unlink,
    widen,
    with_second_factor,
)

__all__ = [
    "ENROLLING",
    "EVERYWHERE",
    "ROLES",
    "Absence",
    "ApiKey",
    "Company",
    "Factor",
    "Guard",
    "Member",
    "Roll",
    "Session",
    "User",
    "add_absence",
    "add_user",
    "attempt",
    "check_password",
    "clear",
    "deputised",
    "end_absence",
    "enrolled",
    "forgive",
    "grant",
    "keep_filled",
    "logged_in",
    "roll_of",
    "set_active",
    "set_password",
    "unlink",
    "widen",
    "with_second_factor",
]
