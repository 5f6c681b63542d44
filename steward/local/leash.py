"""Runs a command that does not outlive the process that started it.

``python -S -E leash.py PARENT command...``: asks Linux for a SIGTERM when the parent ends, however it ends, then becomes the
command. A killed supervisor so takes everything along; the parts still stop in good order, because SIGTERM makes them drain.
A file of its own, imported by nothing: it costs 15 ms a start, where a ``preexec_fn`` in a process with threads may deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
