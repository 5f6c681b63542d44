"""Why the local stack cannot run, each as one plain line for the operator.

LocalError
├── AlreadyRunning    another supervisor works in this folder
├── NotRunning        a command needs the system, and it does not run here
├── BrokerMissing     RabbitMQ is not installed
├── StoreMissing      the embedded store is not installed
└── PlanError         it cannot be run as asked: unknown service, address in use, …
"""

from __future__ import annotations


class LocalError(RuntimeError):
    """The message says what is wrong and what mends it."""


class AlreadyRunning(LocalError):
    """Another supervisor works in this folder."""


class NotRunning(LocalError):
    """The command needs a running system."""


class BrokerMissing(LocalError):
    """RabbitMQ is not installed."""


class StoreMissing(LocalError):
    """The embedded store is not installed."""


class PlanError(LocalError):
    """It cannot be run as asked."""
