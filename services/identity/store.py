"""How users, companies, guards, rolls, sessions, second factors and API keys are kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.identity.model import ApiKey, Company, Factor, Guard, Roll, Session, User
from steward.store.repository import Repository


def _told_until(session: Session) -> Mapping[str, Any]:
    """Until when every gateway has to know of a session that is not as its token says."""
    return {"told_until": session.expires_at if session.changed_at else None}


USERS = Repository("users", User, lambda user: {"companies": sorted(user.estates)})
COMPANIES = Repository("companies", Company)
GUARDS = Repository("guards", Guard)
ROLLS = Repository("rolls", Roll)
SESSIONS = Repository("logins", Session, _told_until)
FACTORS = Repository("factors", Factor)
KEYS = Repository("keys", ApiKey)
