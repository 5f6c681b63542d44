"""Work that is run again at once: how often, after what, and that what is done already is no failure."""

from __future__ import annotations

import pytest

from steward.bus.attempts import attempt
from steward.context import Tries
from steward.errors import Conflict, IllegalTransition, NotFound, OutOfOrder, Unavailable
from steward.store.committing import AlreadyDone

TRIES = Tries(conflicts=3, immediate=2)
DONE = AlreadyDone({"_id": "key", "answer": 7})


class Work:
    """Fails with ``errors`` one by one, then ends well."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.runs = list(errors), 0

    def __call__(self) -> str:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def never() -> None:
    return None


def done() -> AlreadyDone:
    return DONE


@pytest.mark.parametrize("errors", [[Conflict()], [Conflict(), OutOfOrder()], [ValueError()], [Conflict(), Conflict(), ValueError()]])
def test_what_passes_is_got_over_at_once(errors: list[Exception]) -> None:
    assert attempt(Work(*errors), never, TRIES) == "done"


@pytest.mark.parametrize(
    ("error", "runs"),
    [
        pytest.param(Conflict(), 3, id="another writer is first"),
        pytest.param(OutOfOrder(), 3, id="an event is missing"),
        pytest.param(ValueError(), 2, id="a defect"),
        pytest.param(Unavailable(), 1, id="a part is away"),
        pytest.param(NotFound(), 1, id="refused"),
        pytest.param(IllegalTransition(), 1, id="not possible"),
        pytest.param(KeyboardInterrupt(), 1, id="told to stop"),
    ],
)
def test_each_kind_of_failure_is_tried_so_often_at_once(error: BaseException, runs: int) -> None:
    work = Work(*[error] * 9)
    with pytest.raises(type(error)):
        attempt(work, never, TRIES)
    assert work.runs == runs


@pytest.mark.parametrize("error", [Conflict(), OutOfOrder(), ValueError(), IllegalTransition()])
def test_a_failure_of_what_was_done_before_is_none(error: Exception) -> None:
    with pytest.raises(AlreadyDone) as found:
        attempt(Work(*[error] * 9), done, TRIES)
    assert found.value.answer == 7


def test_calls_are_not_tried_again_after_a_defect() -> None:
    work = Work(ValueError(), ValueError())
    with pytest.raises(ValueError):
        attempt(work, never)
    assert work.runs == 1
