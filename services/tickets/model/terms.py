"""The words of a ticket: kinds, items, channels and reasons (handbook §3)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a ticket is about (handbook §3, Kinds)."""

    REPAIR_HOME = "repair_home"
    REPAIR_PAID = "repair_paid"
    RECTIFICATION = "rectification"
    REPAIR_PUBLIC = "repair_public"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    ENQUIRY = "enquiry"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    HELP = "help"
    INCIDENT = "incident"
    FAULT_NOTICE = "fault_notice"


class Item(StrEnum):
    """What is broken or wanting; limits and skills go by it."""

    WATER = "water"
    POWER = "power"
    GAS = "gas"
    LIFT = "lift"
    FIRE = "fire"
    LAMP = "lamp"
    TAP = "tap"
    DRAIN = "drain"
    PIPE = "pipe"
    WIRING = "wiring"
    LOCK = "lock"
    FURNITURE = "furniture"
    DOOR_WINDOW = "door_window"
    PUBLIC_LIGHTING = "public_lighting"
    PLASTER = "plaster"
    CLEANING = "cleaning"
    SECURITY = "security"
    NOISE = "noise"
    OTHER = "other"


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class Difficulty(StrEnum):
    SIMPLE = "simple"
    DIFFICULT = "difficult"


class Channel(StrEnum):
    """How a ticket reached the desk."""

    DESK = "desk"
    PHONE = "phone"
    WEB = "web"
    PATROL = "patrol"
    DEPARTMENT = "department"


class WaitReason(StrEnum):
    """Why work rests (handbook §3, Life)."""

    PARTS = "parts"
    RESIDENT_AWAY = "resident_away"
    THIRD_PARTY = "third_party"
    OTHER = "other"


class CancelReason(StrEnum):
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    MISTAKE = "mistake"
    OUTSIDE_DUTY = "outside_duty"
    OTHER = "other"


class ReopenReason(StrEnum):
    UNSOLVED = "unsolved"
    FAULTY_AGAIN = "faulty_again"
    INCOMPLETE = "incomplete"
    OTHER = "other"


class Satisfaction(StrEnum):
    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
