"""What a run did, as it is told."""

from __future__ import annotations

from functools import cache
from importlib.resources import files as resources
from tomllib import loads

from services.residents.desk import Desk, View, told
from services.residents.model import Run
from services.residents.schemas.rosters import RunView
from services.residents.store import PROBLEMS, STAYS
from steward.store.provider import StoreOf


def problems(store: StoreOf, run: str, of_batches: bool = False) -> list[tuple[int, str, str]]:
    """Row, column and code of each problem of ``run`` that is on record, in order of the rows.

    ``of_batches``: only what showed when rows met what is on file, not what is wrong with the file by itself.
    """
    documents = store.read.plain_where(PROBLEMS, {"run": run})
    chosen = [document for document in documents if not of_batches or document["number"]]
    return sorted((row, column, code) for document in chosen for row, column, code in document["problems"])


def summed_up(run: Run) -> View:
    """``run`` in figures."""
    view = told(RunView, {**vars(run), **vars(run.counts), "problems_total": run.counts.problems, "problems": [], "stays": []})
    return view | {"dry_run": run.options.dry_run}


def told_whole(desk: Desk, run: Run, language: str | None = None) -> View:
    """``run`` with its problems in words, and with what stays though it was undone."""
    most, texts = desk.policy(run.project)["roster"]["max_problems"], messages()[language or run.options.language]
    found = problems(desk.store, run.id)[:most] if run.counts.problems else []
    stays = [item for document in desk.store.read.plain_where(STAYS, {"run": run.id}) for item in document["stays"]] if run.steps else []
    listed = [{"row": row, "column": column, "code": code, "message": texts[code]} for row, column, code in found]
    return summed_up(run) | {"problems": listed, "stays": stays[:most]}


@cache
def messages() -> dict[str, dict[str, str]]:
    """What reports say about each code, by language."""
    return loads(resources("services.residents").joinpath("locale/roster.toml").read_text(encoding="utf-8"))
