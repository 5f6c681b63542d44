"""A message and its way to somebody (handbook §9).

    queued ──claim──▶ sending ──settle──▶ sent ──receipt──▶ delivered
      ▲  │               │                to_post ──posted──▶ posted
      │  │               │                to_call ──called──▶ delivered
      │  │               ├─ refused, or tried too often ──▶ queued for the next channel, or failed
      └──┼─ surely not ──┤
         │               └─ nobody can tell ──▶ doubtful (or queued again, marked, if policy says so)
         └─ nobody to reach, too late, not wished for ──▶ suppressed

A message is handed to an operator only between a committed ``claim`` and its ``settle``. One that is found
``sending`` was claimed by a process that died or never got an answer: ``take_up`` and ``found`` ask before it is sent
again, so nothing goes out twice unless it is marked ``doubtful``.
"""

from services.notify.model.handing import called, claim, found, hand_over, posted, receipt, settle, take_up
from services.notify.model.message import ALLOWED, HANDED, Earlier, Letterhead, Message, Prepared, State, forget, is_over
from services.notify.model.queueing import expire, postpone, queue, too_early, too_late, unreachable, wait
from services.notify.model.wishes import NO_WISHES, Wishes, heed, open_to_wishes

__all__ = [
    "ALLOWED",
    "HANDED",
    "NO_WISHES",
    "Earlier",
    "Letterhead",
    "Message",
    "Prepared",
    "State",
    "Wishes",
    "called",
    "claim",
    "expire",
    "forget",
    "found",
    "hand_over",
    "heed",
    "is_over",
    "open_to_wishes",
    "posted",
    "postpone",
    "queue",
    "receipt",
    "settle",
    "take_up",
    "too_early",
    "too_late",
    "unreachable",
    "wait",
]
