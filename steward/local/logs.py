"""Log files of bounded size: the last one, and the one before."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LIMIT_BYTES = 10 * 2**20


def bound(path: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Move what ``path`` holds to ``path.1`` once it is larger than ``limit_bytes``; True when it was.

    The file itself stays, since its process appends to it; what is written during the copy may be lost.
    """
    if not path.exists() or path.stat().st_size <= limit_bytes:
        return False
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)
    return True


def tail(path: Path, lines: int = 20) -> str:
    """The last ``lines`` lines of ``path``, "" when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 400 * lines))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
