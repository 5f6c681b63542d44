"""Every bad roster is told apart and nothing of a wrong row is taken (handbook §2, contact list)."""

from __future__ import annotations

import io
import random
import time
import tracemalloc
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents.model import Role
from services.residents.roster import reading
from services.residents.roster.columns import Rules
from services.residents.roster.entries import Roster, interpret
from services.residents.roster.reports import messages
from services.residents.spec import SPEC
from steward.errors import BadInput
from steward.policy import shipped
from tests.unit.residents.workbooks import sheet_of, with_sheet, workbook

POLICY = shipped(SPEC)
LIMITS = POLICY["roster"]
RULES = Rules(POLICY, date(2026, 11, 23))
HEADER = "楼栋,单元,房号,面积,姓名,电话,关系,入住日期,身份证"
GOOD = "3,2,501,88.5,张三,13812345678,业主,2024-01-31,11010519491231002X"


def text(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def read(content: bytes | str, named: str = "", ignore_unknown: bool = False, **limits: Any) -> Roster:
    data = content.encode() if isinstance(content, str) else content
    return interpret(reading.read(data, named, {**LIMITS, **limits}), RULES, ignore_unknown)


def codes(roster: Roster) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in roster.problems]


def refusal(content: bytes | str, named: str = "", **limits: Any) -> str:
    with pytest.raises(BadInput) as refused:
        read(content, named, **limits)
    assert refused.value.extra["errors"][0]["field"] == "content"
    return str(refused.value.extra["code"])


def test_a_good_row_says_who_is_tied_to_which_unit_since_when() -> None:
    (entry,) = read(text(GOOD)).entries
    assert (entry.label, entry.building, entry.area_m2) == ("3-2-501", "3", 88.5)
    assert (entry.name, entry.phones, entry.role) == ("张三", ("13812345678",), Role.OWNER)
    assert (entry.since, entry.id_number) == (date(2024, 1, 31), "11010519491231002X")


def test_english_headers_and_words_do_as_well() -> None:
    rows = "3,3-2-501,88.5,Zhang San,+86 138 1234 5678,owner,2024-01-31,"
    (entry,) = read(text(rows, header="Building,Unit,Area,Name,Phone,Role,From,ID_Number")).entries
    assert (entry.label, entry.phones, entry.role) == ("3-2-501", ("13812345678",), Role.OWNER)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_the_encodings_of_chinese_offices_are_read(encoding: str) -> None:
    assert read(text(GOOD).encode(encoding)).entries[0].name == "张三"


def test_a_rare_name_is_read_from_gb18030() -> None:
    assert read(text(GOOD.replace("张三", "㐂𠮷")).encode("gb18030")).entries[0].name == "㐂𠮷"


@pytest.mark.parametrize("content", [text(GOOD).encode("utf-16"), b"\xff\xfa\xf0 \x81", text(GOOD).encode("utf-16-le")])
def test_any_other_encoding_is_refused_by_name(content: bytes) -> None:
    assert refusal(content) == "encoding"


@pytest.mark.parametrize("content", [b"", b"  \r\n \n", b"\xef\xbb\xbf", ",,,\n,,,\n"])
def test_an_empty_file_is_refused(content: bytes | str) -> None:
    assert refusal(content) == "empty"


def test_a_header_without_rows_is_refused() -> None:
    assert refusal(text()) == "no_rows"
    assert refusal(workbook([HEADER.split(",")])) == "no_rows"


def test_unknown_columns_stop_the_file_unless_they_are_to_be_ignored() -> None:
    content = text(f"{GOOD},红", header=f"{HEADER},车色")
    assert codes(read(content)) == [(1, "车色", "unknown_column")]
    assert read(content).entries == ()
    ignoring = read(content, ignore_unknown=True)
    assert (len(ignoring.entries), ignoring.ignored, ignoring.problems) == (1, ("车色",), ())


def test_a_column_that_comes_twice_or_a_missing_unit_stops_the_file() -> None:
    assert codes(read(text("501,502", header="房号,unit"))) == [(1, "unit", "duplicate_column")]
    assert codes(read(text("张三", header="姓名"))) == [(1, "", "missing_column")]


def test_contradicting_facts_of_a_unit_make_all_its_rows_wrong() -> None:
    roster = read(text(GOOD, GOOD.replace("88.5", "90").replace("张三", "李四"), GOOD.replace("501", "502")))
    assert codes(roster) == [(2, "面积", "contradicting_unit"), (3, "面积", "contradicting_unit")]
    assert [entry.label for entry in roster.entries] == ["3-2-502"]


def test_contradicting_facts_of_a_person_make_all_their_rows_wrong() -> None:
    roster = read(text(GOOD, GOOD.replace("2024-01-31", "2024-02-01")))
    assert codes(roster) == [(2, "入住日期", "contradicting_person"), (3, "入住日期", "contradicting_person")]


@pytest.mark.parametrize("phone", ["1381234567", "abc", "138123456789", "1-800-flowers", "110", "13812345678/12"])
def test_a_bad_phone_makes_its_row_wrong_and_no_other(phone: str) -> None:
    roster = read(text(GOOD.replace("13812345678", phone), GOOD.replace("501", "502")))
    assert codes(roster) == [(2, "电话", "bad_phone")]
    assert [entry.row for entry in roster.entries] == [3]


def test_several_phones_may_stand_in_a_cell() -> None:
    assert read(text(GOOD.replace("13812345678", "13812345678、010-62345678"))).entries[0].phones == (
        "13812345678",
        "01062345678",
    )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
@pytest.mark.parametrize("column", ["张三", "501", "业主", "3,2"])
def test_what_begins_like_a_formula_is_refused(sign: str, column: str) -> None:
    roster = read(text(GOOD.replace(column, f"{sign}cmd|x!A1", 1) if column != "3,2" else f"{sign}{GOOD}"))
    assert [problem.code for problem in roster.problems] == ["formula"]
    assert roster.entries == ()


def test_a_formula_in_a_workbook_is_refused_where_it_stands() -> None:
    content = workbook([HEADER.split(","), ["3", "2", "501", None, "张三"], ["3", "2", "502", 88.5]], {"D2": "=44*2"})
    roster = read(content)
    assert codes(roster) == [(2, "面积", "formula")]
    assert [entry.label for entry in roster.entries] == ["3-2-502"]


@pytest.mark.parametrize(
    ("wrong", "column", "code"),
    [
        (GOOD.replace("501", ""), "房号", "missing"),
        (GOOD.replace("业主", ""), "关系", "missing"),
        (GOOD.replace("业主", "朋友"), "关系", "bad_role"),
        (GOOD.replace("张三", ""), "姓名", "missing_name"),
        (GOOD.replace("张三", "张" * 61), "姓名", "too_long"),
        (GOOD.replace("张三", "张\u200b三"), "姓名", "control"),
        (GOOD.replace("88.5", "0"), "面积", "bad_area"),
        (GOOD.replace("88.5", "nan"), "面积", "bad_area"),
        (GOOD.replace("88.5", "1e9"), "面积", "bad_area"),
        (GOOD.replace("2024-01-31", "2024-02-30"), "入住日期", "bad_date"),
        (GOOD.replace("2024-01-31", "31.1.2024"), "入住日期", "bad_date"),
        (GOOD.replace("002X", "0021"), "身份证", "bad_id_number"),
        (GOOD.replace("501", "5<1"), "房号", "bad_unit"),
        (f"{GOOD},more", "", "too_many_cells"),
    ],
)
def test_a_wrong_cell_is_named(wrong: str, column: str, code: str) -> None:
    roster = read(text(wrong))
    assert codes(roster) == [(2, column, code)]
    assert roster.entries == ()


def test_every_problem_has_its_words_in_both_languages() -> None:
    assert set(messages()["zh-CN"]) == set(messages()["en"])


def test_a_workbook_says_the_same_as_its_csv() -> None:
    cells = ["3", 2, 501.0, 88.5, "张三", 13812345678, "业主", date(2024, 1, 31), "11010519491231002X"]
    assert read(workbook([HEADER.split(","), cells]), "xlsx").entries == read(text(GOOD)).entries


def test_rows_are_numbered_as_the_spreadsheet_numbers_them() -> None:
    rows = [[], HEADER.split(","), [], GOOD.split(","), ["3", "2", "502", "x"]]
    assert codes(read(workbook(rows))) == [(5, "面积", "bad_area")]


def test_too_large_a_file_is_refused() -> None:
    assert refusal(text(GOOD), max_bytes=50) == "too_large"
    assert refusal(text(GOOD, GOOD, GOOD), max_rows=2) == "too_many_rows"
    assert refusal(workbook([["房号"], *[[str(n)] for n in range(300)]]), max_rows=100) == "too_many_rows"
    assert refusal(",".join("房" * 61) + "\n1\n") == "too_wide"


@pytest.mark.parametrize("content", [text(GOOD).encode(), b"PK\x03\x04 not really", b"\xd0\xcf\x11\xe0 old"])
def test_what_is_named_xlsx_and_is_none_is_refused(content: bytes) -> None:
    assert refusal(content, "xlsx") == "format"


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(out.getvalue(), "xlsx") == "format"
    assert refusal(workbook([["房号"], ["501"]]), "csv") == "format"
    assert refusal(with_sheet(b"<worksheet><sheetData><row><c>"), "xlsx") in ("format", "empty")


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = with_sheet(sheet_of(b" " * 200_000_000))
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    assert refusal(bomb, "xlsx") == "zip_bomb"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * LIMITS["max_unpacked_bytes"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_unpack_at_once_are_refused(compression: int) -> None:
    assert refusal(with_sheet(sheet_of(b" " * 1_000), compression), "xlsx") == "format"


@pytest.mark.parametrize(
    "cells",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>',
        b'<x-y:row r="1"><x-y:c s=">" r="XFD1048576"><v>1</v></x-y:c></x-y:row>',
        b"<row>" + b"<c/>" * 16_000 + b"</row>",
        b"<row/>" * 1_000_000,
        b'<row r="99999999999999999999"><c/></row>',
    ],
)
def test_cells_at_the_far_end_of_a_sheet_are_refused_before_anything_is_reserved(cells: bytes) -> None:
    started = time.monotonic()
    assert refusal(with_sheet(sheet_of(cells)), "xlsx") in ("too_many_rows", "too_wide")
    assert time.monotonic() - started < 5


@given(st.binary(max_size=300), st.sampled_from(["", "csv", "xlsx"]))
def test_no_bytes_do_more_than_be_refused(content: bytes, named: str) -> None:
    try:
        read(content, named)
    except BadInput:
        pass


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_damaged_workbook_does_no_more_than_be_refused(seed: int, damage: int) -> None:
    dice = random.Random(seed)
    content = bytearray(HONEST)
    for _ in range(damage):
        content[dice.randrange(len(content))] = dice.randrange(256)
    try:
        read(bytes(content), "xlsx", max_rows=1_000)  # a damaged number of a row is a far one: what lies between takes its time
    except BadInput:
        pass


HONEST = workbook([HEADER.split(","), GOOD.split(",")])


@given(st.lists(st.text(max_size=12), min_size=9, max_size=9))
def test_no_cells_do_more_than_become_problems(cells: list[str]) -> None:
    clean = [cell.replace('"', "").replace("\x00", "").encode(errors="ignore").decode() for cell in cells]
    row = ",".join(f'"{cell}"' for cell in clean)
    try:
        roster = read(text(row))
    except BadInput:
        return
    assert roster.entries == () or roster.problems == ()


def test_five_thousand_rows_are_read_quickly(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[str(n // 100), n % 4, n, 88.5, f"人{n}", f"138{n:08d}", "业主", "2024-01-31", ""] for n in range(5_000)]
    sheet = workbook([HEADER.split(","), *rows])
    comma = text(*(",".join(map(str, row)) for row in rows))
    figures = []
    for name, content in (("CSV", comma.encode("gbk")), ("XLSX", sheet)):
        started = time.perf_counter()
        roster = read(content)
        figures.append(f"{name}: {5_000 / (time.perf_counter() - started):,.0f} rows/s")
        assert (len(roster.entries), roster.problems) == (5_000, ())
    with capsys.disabled():
        print(f"\n5,000-row roster, read and checked: {'; '.join(figures)}")
