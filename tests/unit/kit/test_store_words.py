"""What the store says when it fails, in our words."""

from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure

from steward.errors import AlreadyExists, Conflict, StewardError, Unavailable
from steward.store.client import our_words


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        pytest.param(AutoReconnect("gone"), Unavailable, id="away"),
        pytest.param(OperationFailure("internal server error", 1), Unavailable, id="its engine has given up"),
        pytest.param(OperationFailure("no space", 14031), Unavailable, id="disk full"),
        pytest.param(OperationFailure("conflict", 112), Conflict, id="write conflict"),
        pytest.param(DuplicateKeyError("twice", 11000, {"keyPattern": {"name": 1}}), AlreadyExists, id="taken"),
    ],
)
def test_failures_of_the_store_are_typed(failure: Exception, error: type[StewardError]) -> None:
    with pytest.raises(error), our_words():
        raise failure


def test_a_query_that_the_store_refuses_is_a_defect_and_stays_one() -> None:
    with pytest.raises(OperationFailure), our_words():
        raise OperationFailure("bad query", 2)
