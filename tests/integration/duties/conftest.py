from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.settings import adopted
from steward.testing.system import System, running_system
from tests.integration.duties.works import Works

POLICY = """
[limits]
least_s = 1

[project.beats.duties.beat]
rule = "FREQ=SECONDLY;INTERVAL=2"
due_s = 3600
role = "security"
handbook = "test"
title = { en = "Beat" }

[project.away.duties.late]
rule = "FREQ=SECONDLY;INTERVAL=3"
due_s = 2
late_s = 600
role = "security"
handbook = "test"
title = { en = "Late" }

[project.away.duties.said]
rule = "FREQ=SECONDLY;INTERVAL=3"
due_s = 2
catch_up = "skip_and_say"
role = "security"
handbook = "test"
title = { en = "Said" }

[project.desk]
reopen = { within_days = 7, due_s = 3600 }

[project.desk.duties.counted]
rule = "FREQ=SECONDLY;INTERVAL=4"
due_s = 3600
role = "security"
evidence = ["count", "figures"]
figures = "keys"
handbook = "test"
title = { en = "Counted, checked; \\"signed\\"", zh-CN = "盘点，复核；签字" }

[project.desk.duties.patrol]
enabled = false

[project.hasty.duties.quick]
rule = "FREQ=SECONDLY;INTERVAL=5"
due_s = 4
role = "cleaner"
evidence = []
handbook = "test"
title = { en = "Quick" }
"""


@pytest.fixture(scope="module")
def two_sweepers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two processes of duties, with residents, clocks and the gateway, and rules that strike every few seconds."""
    folder: Path = tmp_path_factory.mktemp("duties")
    policy = folder / "policy"
    policy.mkdir()
    (policy / "duties.toml").write_text(POLICY, encoding="utf-8")
    services = ["residents", "duties", "clocks"]
    with running_system(folder / "system", {"duties": 2}, services, {"STEWARD_POLICY": str(policy)}) as running, adopted(running.environ):
        yield running


@pytest.fixture(scope="module")
def works(two_sweepers: System) -> Iterator[Works]:
    with Works(two_sweepers) as works:
        yield works
