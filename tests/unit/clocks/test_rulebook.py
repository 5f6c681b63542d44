"""What is said over the API about clocks: versioned, over the files, and never more than what was said last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.clocks import rulebook
from services.clocks.book import Book
from services.clocks.spec import SPEC
from steward.policy import Policies
from tests.unit.clocks.clock_desk import MONDAY


def limit(book: Book, project: str, row: str = "desk-accept") -> int:
    says: Mapping[str, Any] = book.policy(project)["clocks"][row]
    return int(says["limit_s"])


def row(seconds: int) -> dict[str, Any]:
    return {"clocks": {"desk-accept": {"limit_s": seconds}}}


def test_each_version_says_the_whole_and_names_the_rows_that_it_touches() -> None:
    first = rulebook.rewritten(None, "yh", row(900), "two are ill", "user:li", MONDAY)
    assert [(fact.name, fact.data["rows"], fact.data["note"]) for fact in first.facts] == [
        ("rules_changed", ["desk-accept"], "two are ill")
    ]
    second = rulebook.rewritten(first.state, "yh", {}, "back again", "user:li", MONDAY)
    assert second.facts[0].data["rows"] == ["desk-accept"]
    assert rulebook.parsed(second.state.says) == {}


def test_what_is_said_of_a_project_goes_over_what_is_said_of_all() -> None:
    said: dict[str, tuple[int, dict[str, Any]]] = {}
    book = Book(Policies(SPEC, None), lambda project: said.get(project, (0, {})))
    assert limit(book, "yh") == 300
    said["*"] = (1, row(600))
    assert (limit(book, "yh"), limit(book, "hy")) == (600, 600)
    said["yh"] = (1, row(900))
    assert (limit(book, "yh"), limit(book, "hy")) == (900, 600)
    said["yh"] = (2, row(60))
    assert limit(book, "yh") == 60
    assert book.rules("yh").rows["desk-accept"].limit != book.rules("hy").rows["desk-accept"].limit


def test_what_would_be_said_can_be_looked_at_before() -> None:
    book = Book(Policies(SPEC, None))
    assert [layer.where for layer in book.layers("yh", row(60))][-1] == "what was said of yh"
    assert limit(book, "yh") == 300
