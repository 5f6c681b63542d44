"""The calls that every service answers, because the kit answers them."""

from __future__ import annotations

from steward.spec import Call, Permission

STANDARD_CALLS = {
    call.name: call
    for call in (
        Call("timeline", "ops.timeline", "Every event of a matter that this service published"),
        Call("journal_page", "ops.journal", "What this service did in a project, in order", deadline_s=10),
        Call("dead_letters", "ops.dead_letters", "Messages that were given up"),
        Call("replay_dead_letter", "ops.replay", "Give a dead letter to its handler again"),
        Call("discard_dead_letter", "ops.replay", "Close a dead letter with a reason"),
    )
}

STANDARD_PERMISSIONS = (
    Permission("ops.timeline", ("desk", "zone_manager", "supervisor", "manager", "quality", "auditor", "admin")),
    Permission("ops.journal", ("auditor", "admin")),
    Permission("ops.dead_letters", ("admin",)),
    Permission("ops.replay", ("admin",)),
)
