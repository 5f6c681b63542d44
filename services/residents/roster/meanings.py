"""What a project has said of its rosters' headers, kept and read."""

from __future__ import annotations

from services.residents import model
from services.residents.desk import Desk, View, answered, told
from services.residents.model import Columns
from services.residents.roster import columns as c
from services.residents.schemas.rosters import ColumnsView
from services.residents.store import COLUMNS
from steward.errors import NotFound


def of(desk: Desk, project: str) -> dict[str, str]:
    """The field of each header, by its plain form."""
    return {meaning.header: meaning.field for meaning in _known(desk, project).meanings}


def shown(desk: Desk, project: str) -> View:
    """What has been said, and what a column may hold."""
    desk.project(project)
    return told(ColumnsView, _view(_known(desk, project)))


def said(desk: Desk, project: str, body: View) -> View:
    """Say anew what every header of the project's own means."""
    desk.project(project)
    most = desk.policy(project)["roster"]["max_columns"]
    wanted = {c.plain_header(header): field for header, field in body["columns"].items()}
    with desk.store.work() as work:
        state = work.load(COLUMNS, project) if work.find(COLUMNS, project) else Columns(project, project)
        saved = work.apply(COLUMNS, model.map_columns(state, wanted, tuple(c.HEADERS), most))
        return answered(work, ColumnsView, _view(saved))


def _known(desk: Desk, project: str) -> Columns:
    try:
        return desk.store.read.get(COLUMNS, project)
    except NotFound:
        return Columns(project, project)


def _view(columns: Columns) -> View:
    said = {meaning.header: meaning.field or None for meaning in columns.meanings}
    return {"columns": said, "known": list(c.HEADERS), "version": columns.version}
