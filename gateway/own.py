"""The gateway's own operations, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway import schemas
from gateway.operations import ANYBODY, PREFIX, Operation
from steward.bus import approvalschemas, deadschemas

TRAIL = f"{PREFIX}/projects/{{project}}/audit"
LETTERS = f"{PREFIX}/ops/dead-letters"
APPROVALS = f"{PREFIX}/projects/{{project}}/approvals"

TIMELINE = Operation(
    id="timeline",
    tag="timeline",
    method="GET",
    path=f"{PREFIX}/projects/{{project}}/timeline/{{service}}/{{id}}",
    summary="Every event of a matter, across all services, in order",
    permission=ANYBODY,
    run="timeline",
    answer=schemas.Timeline,
    also=(403, 404),
)

OWN = (
    TIMELINE,
    Operation(
        id="rights",
        tag="rights",
        method="GET",
        path=f"{PREFIX}/projects/{{project}}/rights",
        summary="What the caller may do in a project",
        permission=ANYBODY,
        run="rights",
        answer=schemas.Rights,
        also=(403,),
    ),
    Operation(
        id="stream",
        tag="stream",
        method="GET",
        path=f"{PREFIX}/stream",
        summary="Live events that the caller may see, as server-sent events",
        permission=ANYBODY,
        run="stream",
        query=schemas.StreamQuery,
        media="text/event-stream",
    ),
    Operation(
        id="stream_ticket",
        tag="stream",
        method="POST",
        path=f"{PREFIX}/stream-tickets",
        summary="A ticket for a browser's EventSource, which cannot send a token",
        permission=ANYBODY,
        run="stream_ticket",
        answer=schemas.StreamTicket,
        status=201,
    ),
    Operation(
        id="audit",
        tag="audit",
        method="GET",
        path=TRAIL,
        summary="Who did what, and read what, in a project",
        permission="audit.read",
        run="audit",
        query=schemas.AuditQuery,
        answer=schemas.AuditPage,
    ),
    Operation(
        id="audit_export",
        tag="audit",
        method="GET",
        path=f"{TRAIL}/export",
        summary="The same as a CSV file",
        permission="audit.read",
        run="audit_export",
        query=schemas.AuditExportQuery,
        media="text/csv",
    ),
    Operation(
        id="approvals",
        tag="approvals",
        method="GET",
        path=APPROVALS,
        summary="What others are asked to agree to, of all services",
        permission="approvals.see",
        run="approvals",
        query=schemas.ApprovalsQuery,
        answer=schemas.ApprovalsPage,
        also=(404,),
    ),
    Operation(
        id="approval",
        tag="approvals",
        method="GET",
        path=f"{APPROVALS}/{{service}}/{{approval}}",
        summary="One approval, with who decided in which role",
        permission="approvals.see",
        run="at_one_service",
        answer=approvalschemas.ApprovalView,
    ),
    *(
        Operation(
            id=f"{verb}_asked",
            tag="approvals",
            method="POST",
            path=f"{APPROVALS}/{{service}}/{{approval}}/{verb}",
            summary=summary,
            permission="approvals.vote",
            run="at_one_service",
            body=body,
            answer=approvalschemas.ApprovalView,
            changes=True,
        )
        for verb, summary, body in (
            ("approve", "Agree; the last who must grants it", approvalschemas.Approve),
            ("refuse", "Refuse, with a reason, which ends it", approvalschemas.Refuse),
            ("withdraw", "Withdraw what one asked for oneself", None),
        )
    ),
    Operation(
        id="dead_letters",
        tag="ops",
        method="GET",
        path=LETTERS,
        summary="Messages that no handler could work off",
        permission="ops.dead_letters",
        run="dead_letters",
        query=schemas.DeadLettersQuery,
        answer=schemas.DeadLetters,
        also=(404,),
    ),
    *(
        Operation(
            id=call,
            tag="ops",
            method="POST",
            path=f"{LETTERS}/{verb}",
            summary=summary,
            permission="ops.replay",
            run="many_dead_letters",
            body=body,
            answer=schemas.DoneToMany,
        )
        for call, verb, summary, body in (
            ("replay_dead_letters", "replay", "Give many dead letters to their handlers again, or count them", schemas.ReplayMany),
            ("discard_dead_letters", "discard", "Close many dead letters with a reason, or count them", schemas.DiscardMany),
        )
    ),
    Operation(
        id="dead_letter",
        tag="ops",
        method="GET",
        path=f"{LETTERS}/{{service}}/{{letter}}",
        summary="One dead letter with its stack, its event, and what was done with it",
        permission="ops.dead_letters",
        run="at_one_service",
        answer=deadschemas.WholeLetter,
        also=(422,),
    ),
    *(
        Operation(
            id=call,
            tag="ops",
            method="POST",
            path=f"{LETTERS}/{{service}}/{{letter}}/{verb}",
            summary=summary,
            permission="ops.replay",
            run="at_one_service",
            body=body,
            answer=deadschemas.WholeLetter,
        )
        for call, verb, summary, body in (
            ("replay_dead_letter", "replay", "Give a dead letter to its handler again", None),
            ("edit_dead_letter", "edit", "Correct the event in a dead letter and give it to its handler again", deadschemas.Edit),
            ("discard_dead_letter", "discard", "Close a dead letter, with a reason", deadschemas.Discard),
        )
    ),
    *(
        Operation(id=name, tag="documents", method="GET", path=path, summary=summary, run="document", light=True)
        for name, path, summary in (
            ("openapi", "/openapi.json", "This document"),
            ("asyncapi", "/asyncapi.json", "Every event that is published, as AsyncAPI 3.0"),
        )
    ),
    *(
        Operation(id=name, tag="probes", method="GET", path=path, summary=summary, run="probe", media=media, light=True, also=also)
        for name, path, summary, media, also in (
            ("healthz", "/healthz", "Whether this process makes progress", "application/json", (503,)),
            ("readyz", "/readyz", "Whether it can do its work", "application/json", (503,)),
            ("metrics", "/metrics", "For Prometheus", "text/plain", ()),
        )
    ),
    Operation(id="console", tag="console", method="GET", path="/", summary="The live view", run="page", media="text/html", light=True),
    Operation(
        id="console_file",
        tag="console",
        method="GET",
        path="/console/{name}",
        summary="A part of the live view",
        run="page",
        media="*/*",
        light=True,
    ),
)


def aliases(timelines: dict[str, str], services: Iterable[str]) -> list[Operation]:
    """The shorter paths of timelines, for the services that are installed."""
    installed = set(services)
    return [
        replace(TIMELINE, id=f"timeline.{service}", tag=service, path=PREFIX + path, fixed={"service": service})
        for path, service in timelines.items()
        if service in installed
    ]
