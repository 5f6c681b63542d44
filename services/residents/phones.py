"""Phone numbers: checked and brought to one form, so that the same number is found again."""

from __future__ import annotations

import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def normalised(text: str, country: str) -> str | None:
    """``text`` in the form it is kept: as dialled inside ``country`` (digits), else E.164. None when it is no number."""
    plain = unicodedata.normalize("NFKC", text)
    if any(character.isalpha() for character in plain):
        return None
    try:
        number = phonenumbers.parse(plain, country)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.region_code_for_number(number) != country:
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(character for character in national if character.isdigit())


normalised("13800138000", "CN")  # loads the tables of China now, on the importing thread
