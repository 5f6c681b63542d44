"""Files that leave: corrections and exports. Whatever stands in them cannot run, and what was right comes back as it was."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.residents.roster import columns as c
from services.residents.roster import corrections, exporting, reports, sheets
from services.residents.roster.columns import Rules
from services.residents.roster.entries import interpret
from services.residents.roster.reading import read
from services.residents.roster.tables import Cell
from services.residents.spec import SPEC
from steward.errors import BadInput
from steward.policy import shipped
from tests.unit.residents.workbooks import workbook

POLICY = shipped(SPEC)
LIMITS = POLICY["roster"]
RULES = Rules(POLICY, date(2026, 11, 23))
HEADER = "楼栋,单元,房号,面积,姓名,电话,关系,入住日期,身份证"
GOOD = "3,2,501,88.5,张三,13812345678,业主,2024-01-31,11010519491231002X"
SIGNS = ("=", "+", "-", "@", "\t", "\r")


def corrected(content: bytes, language: str = "zh-CN", named: str = "", **limits: int) -> bytes:
    roster = interpret(read(content, named, LIMITS), RULES, False)
    found = corrections.by_row([(one.row, one.column, one.code) for one in roster.problems], reports.messages()[language])
    return corrections.workbook(content, named, {**LIMITS, **limits}, found, language)


def cells(book: bytes) -> list[list[object]]:
    with CalamineWorkbook.from_filelike(io.BytesIO(book)) as opened:
        return opened.get_sheet_by_index(0).to_python()


def part(book: bytes, ending: str) -> str:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(ending))


def test_the_wrong_rows_alone_come_back_with_what_is_wrong_in_words() -> None:
    wrong = GOOD.replace("13812345678", "138").replace("业主", "朋友")
    book = corrected("\n".join((HEADER, GOOD, wrong)).encode())
    header, row = cells(book)
    assert header == [*HEADER.split(","), "问题说明"]
    assert row[:4] == ["3", "2", "501", "88.5"]
    assert row[-1] == "电话: 不是有效的电话号码; 关系: 关系应为：业主、住户、租户、代理人"
    assert part(book, "comments1.xml").count("<comment ") == 2
    assert "FFC7CE" in part(book, "styles.xml")


def test_a_corrected_file_sent_back_is_read_and_its_last_column_left_out() -> None:
    wrong = GOOD.replace("13812345678", "138")
    _, row = cells(corrected("\n".join((HEADER, wrong)).encode(), "en"))
    row[5] = "13812345678"
    back = interpret(read(workbook([[*HEADER.split(","), "problems"], row]), "", LIMITS), RULES, False)
    assert (len(back.entries), back.problems, back.ignored) == (1, (), ("problems",))


def test_a_file_of_corrections_that_is_still_wrong_has_one_column_of_problems_again() -> None:
    wrong = GOOD.replace("13812345678", "138")
    once = corrected("\n".join((HEADER, wrong)).encode())
    header, _ = cells(corrected(once))
    assert header == [*HEADER.split(","), "问题说明"]


def test_no_more_rows_come_back_than_the_policy_says() -> None:
    rows = [GOOD.replace("13812345678", "138").replace("501", str(n)) for n in range(9)]
    assert len(cells(corrected("\n".join((HEADER, *rows)).encode(), max_corrections=4))) == 5


@pytest.mark.parametrize("sign", SIGNS)
def test_nothing_in_a_file_of_corrections_can_run(sign: str) -> None:
    evil = f"{sign}cmd|' /C calc'!A0"
    content = f'{HEADER}\n3,2,501,x,"{evil}",138,业主,,\n'.encode()
    sheet = part(corrected(content), "sheet1.xml")
    assert "<f>" not in sheet and "<f " not in sheet


def whole(rows: Sequence[Sequence[Cell]], pieces: int, write: object) -> bytes:
    """The file that ``write`` makes of ``rows`` in so many pieces."""
    size = -(-len(rows) // pieces) or 1
    cut = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    out, so_far = b"", sheets.NOTHING
    for number, some in enumerate(cut):
        chunk, so_far = write([list(exporting.FIELDS)] if number == 0 else None, some, number == len(cut) - 1, so_far)  # type: ignore[operator]
        out += chunk
    return out


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@given(
    st.lists(st.lists(st.one_of(texts, st.none(), st.integers(0, 10**6), st.floats(0, 1e6)), min_size=8, max_size=8), max_size=9),
    st.integers(1, 4),
)
def test_a_workbook_written_in_pieces_is_one_workbook(rows: list[list[Cell]], pieces: int) -> None:
    book = whole(rows, pieces, exporting.as_workbook)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert archive.testzip() is None
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row>") == len(rows) + 1
    assert not re.search(r"<f[\s>]", sheet)
    assert len(cells(book)) <= len(rows) + 1


@pytest.mark.parametrize("sign", SIGNS)
def test_what_begins_like_a_formula_is_text_in_both_kinds_of_file(sign: str) -> None:
    row: list[Cell] = ["3", "3-2-501", 80.0, f"{sign}1+1", "", "业主", "2024-01-31", None]
    (_, line) = csv.reader(io.StringIO(whole([row], 1, exporting.as_csv).decode("utf-8-sig"), newline=""))
    assert line[3] == f"'{sign}1+1"
    assert 't="inlineStr"' in part(whole([row], 1, exporting.as_workbook), "sheet1.xml")


@pytest.mark.parametrize("write", [exporting.as_csv, exporting.as_workbook])
def test_what_is_exported_is_read_again_as_it_was(write: object) -> None:
    rows: list[list[Cell]] = [
        ["3", "3-2-501", 88.5, "张三", "13812345678/+85291234567", "业主", "2024-01-31", "11010519491231002X"],
        ["5", "3-2-502", None, "=SUM(1)", "+85291234567", "租户", "2024-01-31", None],
        ["", "车位7", 12.0, None, None, None, None, None],
    ]
    content = whole([[*row] for row in rows], 2, write)
    header = ",".join(c.HEADERS[field][0] for field in exporting.FIELDS)
    content = content.replace(",".join(exporting.FIELDS).encode(), header.encode())
    roster = interpret(read(content, "", LIMITS), RULES, False)
    if write is exporting.as_workbook:
        assert [one.code for one in roster.problems] == ["formula"]
        return
    assert roster.problems == ()
    first, second, third = roster.entries
    assert (first.label, first.building, first.phones) == ("3-2-501", "3", ("13812345678", "+85291234567"))
    assert (second.label, second.building, second.name, second.phones) == ("3-2-502", "5", "=SUM(1)", ("+85291234567",))
    assert (third.label, third.building, third.name) == ("车位7", "", None)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzFd", "bnVsbA==", "WyIzIiwtMSwwLDBd", "é"])
def test_a_cursor_of_no_piece_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput, match="cursor"):
        exporting.place_of(cursor)


@given(st.text(max_size=20), st.integers(0, 2**32 - 1))
def test_a_cursor_tells_the_place_that_it_was_made_of(after: str, number: int) -> None:
    place = exporting.Place(after, sheets.SoFar(number, number, number))
    assert exporting.place_of(place.cursor()) == place


def test_headers_of_the_projects_own_are_known_once_they_were_said() -> None:
    said = Rules(POLICY, date(2026, 11, 23), {"室": c.UNIT, "备注": c.LEFT_OUT, "姓名": c.LEFT_OUT})
    roster = interpret(read("楼栋,室 (必填),备注,姓名\n3,501,x,张三\n".encode(), "", LIMITS), said, False)
    assert [(entry.label, entry.name) for entry in roster.entries] == [("3-501", None)]
    assert roster.ignored == ("备注", "姓名")


def test_every_field_that_can_be_mapped_is_read() -> None:
    assert c.HEADERS.keys() == c._READERS.keys() == c._LONGEST.keys()
