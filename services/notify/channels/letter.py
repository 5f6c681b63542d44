"""The letter: checked for printability, put on the desk's print list (handbook §9)."""

from __future__ import annotations

from services.notify import letters
from steward.channels import Channel, Fate, Finding, Hand, Needs, Outcome, Parcel, Result
from steward.settings import Settings


class LetterBox:
    """A letter is accepted once it can be printed without losing a character; the desk posts it."""

    name = "letter"
    needs = Needs.UNIT
    hand = Hand.POST

    def send(self, parcel: Parcel) -> Outcome:
        """Refused when the font lacks a character; later when the font or the engine is missing."""
        page = of(parcel)
        try:
            missing = letters.missing_glyphs(page, parcel.rules)
        except letters.FontMissing:
            return Outcome(Result.LATER, "font_missing")
        if missing:
            return Outcome(Result.REFUSED, "missing_glyphs:" + ",".join(f"U+{ord(c):04X}" for c in missing[:8]))
        try:
            letters.pdf(page, parcel.rules)
        except RuntimeError:  # what the engine raises for text it cannot set
            return Outcome(Result.REFUSED, "not_printable")
        return Outcome(Result.ACCEPTED)

    def look_up(self, parcel: Parcel) -> Finding:
        """Nothing outside can be asked."""
        return Finding(Fate.UNKNOWN)


def of(parcel: Parcel) -> letters.Letter:
    """The page that ``parcel`` becomes."""
    return letters.letter(
        parcel.text,
        number=parcel.words.get("number", parcel.key),
        to=parcel.contact.name,
        unit_label=parcel.contact.unit_label,
        company=parcel.company,
        place=parcel.place,
        language=parcel.language,
        at=parcel.first_at,
        zone=parcel.zone,
        family=parcel.rules["family"],
    )


def CHANNEL(settings: Settings) -> Channel:
    """The letter channel."""
    return LetterBox()
