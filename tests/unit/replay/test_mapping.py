"""A recorded day is generated here, seeded; it only looks like one."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from steward.replay.mapping import Mapping, MappingError, Request, Unusable

COLUMNS = [
    "Unique Key", "Created Date", "Complaint Type", "Descriptor", "Agency", "Incident Address",
    "City", "Location Type", "Borough", "Open Data Channel Type",
]  # fmt: skip


def write(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(**cells: str) -> dict[str, str]:
    usual = {"Unique Key": str(random.Random(0).random()), "Complaint Type": "Noise", "Incident Address": "1 MAIN STREET"}
    return dict.fromkeys(COLUMNS, "") | usual | {name.replace("_", " "): value for name, value in cells.items()}


def read(path: Path) -> list[Request | Unusable]:
    return list(Mapping().read(path))


def test_a_row_becomes_a_ticket(tmp_path: Path) -> None:
    [request] = read(write(tmp_path / "day.csv", [row(Agency="NYPD", Open_Data_Channel_Type="PHONE", Unique_Key="7")]))
    assert isinstance(request, Request)
    assert request.body["kind"] == "complaint"
    assert (request.body["department"], request.body["channel"]) == ("security", "phone")
    assert request.body["place"] == "1 MAIN STREET"


def test_the_made_up_phone_of_a_row_is_always_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "day.csv", [row(Unique_Key="7")])
    assert [r.body["caller_phone"] for r in read(path) if isinstance(r, Request)] == [
        r.body["caller_phone"] for r in read(path) if isinstance(r, Request)
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Unique_Key": ""}, "no Unique Key"),
        ({"Complaint_Type": ""}, "does not say what the matter is"),
        ({"Incident_Address": "N/A", "Borough": "Unspecified"}, "does not say where"),
    ],
)
def test_a_row_of_no_use_says_why(tmp_path: Path, cells: dict[str, str], reason: str) -> None:
    [found] = read(write(tmp_path / "day.csv", [row(**cells)]))
    assert isinstance(found, Unusable)
    assert (found.line, found.reason) == (2, reason)


def test_the_second_row_of_a_key_is_told(tmp_path: Path) -> None:
    _, second = read(write(tmp_path / "day.csv", [row(Unique_Key="7"), row(Unique_Key="7")]))
    assert isinstance(second, Unusable) and second.reason == "Unique Key occurs twice"


def test_odd_bytes_lose_no_row(tmp_path: Path) -> None:
    path = write(tmp_path / "day.csv", [row(Incident_Address="RUE RENÉ", Unique_Key="7")], encoding="latin-1")
    [request] = read(path)
    assert isinstance(request, Request) and request.body["place"].startswith("RUE REN")


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(MappingError, match="Agency"):
        read(path)
