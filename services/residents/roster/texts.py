"""Reading CSV in the encodings that Chinese offices use."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from services.residents.roster.tables import Row, refused

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"


def decoded(content: bytes) -> str:
    """``content`` as text: UTF-8 (a byte order mark is fine) or GB 18030, which includes GBK. Raises BadInput."""
    if content.startswith(_UTF16):
        raise refused("encoding", "is UTF-16; save it as UTF-8 or GBK")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise refused("encoding", "is neither UTF-8 nor GBK text")


def rows(content: bytes, limits: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of a CSV file; comma, semicolon or tab, whichever its first line has most. Raises BadInput."""
    text = decoded(content)
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > limits["max_columns"]:
                raise refused("too_wide", f"has more than {limits['max_columns']} columns in row {number}")
            yield Row(number, tuple(cells))
    except csv.Error as error:
        raise refused("format", f"is not CSV: {error}") from error
