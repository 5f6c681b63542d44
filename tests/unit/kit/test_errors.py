from __future__ import annotations

import pytest

from steward.errors import KINDS, BadInput, IllegalTransition, StewardError, Transient, from_wire


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_error_crosses_the_bus_and_stays_itself(kind: str) -> None:
    error = KINDS[kind]("in plain words", field="unit")
    again = from_wire(error.to_wire())
    assert type(again) is type(error)
    assert again.problem() == error.problem()


def test_kinds_are_distinct() -> None:
    def tree(root: type[StewardError]) -> list[type[StewardError]]:
        return [root, *(found for child in root.__subclasses__() for found in tree(child))]

    shipped = [error for error in tree(StewardError) if error.__module__ == "steward.errors"]
    assert len({error.kind for error in shipped}) == len(shipped)


def test_an_unknown_kind_is_an_internal_error() -> None:
    assert from_wire({"kind": "from the future", "detail": "?"}).status == 500


def test_transient_errors_say_when_to_come_back() -> None:
    assert all(error.status in (503, 504) for error in KINDS.values() if issubclass(error, Transient))


def test_bad_input_names_the_field() -> None:
    assert BadInput.of("unit", "is not known").problem()["errors"] == [{"field": "unit", "message": "is not known"}]


def test_an_illegal_transition_lists_the_legal_ones() -> None:
    problem = IllegalTransition.of("close", "raised", ["accept", "cancel"]).problem()
    assert (problem["status"], problem["state"], problem["legal"]) == (409, "raised", ["accept", "cancel"])
