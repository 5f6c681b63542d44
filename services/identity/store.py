"""How users and guards are kept and found."""

from __future__ import annotations

from services.identity.model import Guard, User
from steward.store.repository import Repository

USERS = Repository("users", User)
GUARDS = Repository("guards", Guard)
