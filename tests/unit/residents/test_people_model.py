"""People's files, vehicles, zones and buildings: their rules, and under any sequence of commands (handbook §1, §2)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.residents import model
from services.residents.model import Care, EmergencyContact, Limits, Person, Preferences, Sealed, Stamp, Vehicle
from services.residents.spec import SPEC
from services.residents.store import PEOPLE, VEHICLES
from steward.errors import AlreadyExists, BadInput, IllegalTransition
from steward.facts import Decision
from steward.validation import schema

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LIMITS = Limits(3, 2, ("sms", "letter"), (1, 90))
OPENING = {"id": "yh", "code": "YH", "name": "英湖", "name_en": "Yinghu", "timezone": "Asia/Shanghai", "company": "acme"}
PROJECT = model.open_project(None, OPENING, NOON).state


def sealed(text: str) -> Sealed:
    return Sealed(f"v1.{text}.{id(object())}", f"print of {text}")


def person() -> Person:
    return Person("p1", "yh", "k1", "v1.x", (sealed("1"), sealed("2")), "zh-CN", NOON)


def check_contract(decision: Decision[object]) -> None:
    for fact in decision.facts:
        contract = schema(SPEC.event(fact.name).schema)
        contract.load(contract.dump(fact.data))


def wrong_field(error: pytest.ExceptionInfo[BadInput]) -> str:
    field: str = error.value.extra["errors"][0]["field"]
    return field


def test_a_change_of_phones_tells_how_many_and_never_which() -> None:
    decision = model.change_person(person(), {"phones": (sealed("2"), sealed("3"))}, "k2", LIMITS)
    check_contract(decision)
    (fact,) = decision.facts
    assert dict(fact.data) == {"person": "p1", "changed": ["phones"], "phones_added": 1, "phones_removed": 1}


def test_what_is_as_it_was_is_no_change_though_it_is_sealed_anew() -> None:
    same = {"phones": (sealed("1"), sealed("2")), "language": "zh-CN", "preferences": Preferences()}
    assert model.change_person(person(), same, "k1", LIMITS).facts == ()


def test_another_order_of_phones_is_a_change_for_the_first_is_called_first() -> None:
    (fact,) = model.change_person(person(), {"phones": (sealed("2"), sealed("1"))}, "k2", LIMITS).facts
    assert (fact.data["changed"], fact.data["phones_added"]) == (["phones"], 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phones": tuple(sealed(str(n)) for n in range(4))}, "phones"),
        ({"language": "fr"}, "language"),
        ({"preferences": Preferences(("sms", "pigeon"))}, "preferences.channels.1"),
        ({"preferences": Preferences(("sms", "sms"))}, "preferences.channels.1"),
        ({"preferences": Preferences(quiet_from="22:00")}, "preferences.quiet_to"),
        ({"preferences": Preferences(quiet_from="24:00", quiet_to="07:00")}, "preferences.quiet_from"),
        ({"preferences": Preferences(quiet_from="22:00", quiet_to="7")}, "preferences.quiet_to"),
        ({"emergency": tuple(EmergencyContact("n", "r", "p", str(n)) for n in range(3))}, "emergency_contacts"),
    ],
)
def test_a_wrong_change_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as error:
        model.change_person(person(), changes, "k1", LIMITS)
    assert wrong_field(error) == field


def test_a_flag_for_visits_keeps_its_first_day_when_their_rhythm_changes() -> None:
    flagged = model.care_for(person(), 7, TODAY, LIMITS)
    check_contract(flagged)
    again = model.care_for(flagged.state, 14, date(2027, 1, 1), LIMITS)
    assert again.state.care == Care(14, TODAY)
    assert model.care_for(again.state, 14, date(2027, 1, 1), LIMITS).facts == ()
    ended = model.end_care(again.state)
    check_contract(ended)
    with pytest.raises(IllegalTransition):
        model.end_care(ended.state)


@pytest.mark.parametrize("every_days", [0, 91])
def test_a_rhythm_that_the_company_does_not_have_is_refused(every_days: int) -> None:
    with pytest.raises(BadInput) as error:
        model.care_for(person(), every_days, TODAY, LIMITS)
    assert wrong_field(error) == "every_days"


def test_zones_and_buildings_are_opened_once_and_their_ids_are_the_same_whoever_opens_them() -> None:
    zone = model.open_zone(None, PROJECT, "east", "东区", "", NOON)
    building = model.open_building(None, PROJECT, "3", ("", ""), zone.state.id, NOON)
    for decision in (zone, building):
        check_contract(decision)
    assert (zone.state.name_en, building.state.name) == ("东区", "3")
    assert building.state.id == model.building_id(PROJECT, "3") != model.zone_id(PROJECT, "3")
    with pytest.raises(AlreadyExists):
        model.open_zone(zone.state, PROJECT, "east", "", "", NOON)
    with pytest.raises(AlreadyExists):
        model.open_building(building.state, PROJECT, "3", ("", ""), None, NOON)
    with pytest.raises(BadInput):
        model.open_building(None, PROJECT, " ", ("", ""), None, NOON)


def test_a_building_moves_and_is_renamed_and_what_its_units_call_it_stays() -> None:
    building = model.open_building(None, PROJECT, "3", ("", ""), None, NOON).state
    moved = model.change_building(building, "听涛阁", "Tides", "z1")
    check_contract(moved)
    assert (moved.state.code, moved.state.zone, moved.state.name) == ("3", "z1", "听涛阁")
    assert model.change_building(moved.state, "听涛阁", "Tides", "z1").facts == ()
    zone = model.open_zone(None, PROJECT, "east", "", "", NOON).state
    assert [fact.name for fact in model.change_zone(zone, "东", "E").facts] == ["zone_changed"]


@pytest.mark.parametrize("text", ["粤B·12345", "粤b 12345", "粤B12345", "粤Ｂ１２３４５"])
def test_a_plate_has_one_form_however_it_is_written(text: str) -> None:
    assert model.plate_text(text) == "粤B12345"


@pytest.mark.parametrize("text", ["", "粤B", "张三丰某某", "粤B12345678901", "B12_45"])
def test_what_is_no_plate_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as error:
        model.plate_text(text)
    assert wrong_field(error) == "plate"


def test_a_file_of_an_earlier_release_is_read() -> None:
    later = ("preferences", "emergency", "care", "former", "tokens", "searchable", "cared")
    kept = person()
    document = {name: value for name, value in PEOPLE.to_document(kept).items() if name not in later}
    assert PEOPLE.from_document(document) == kept


names = st.sampled_from(["a", "b", "c", "d"])


class PersonFile(RuleBasedStateMachine):
    """One file, any changes in any order."""

    @initialize()
    def register(self) -> None:
        self.person = model.register_person(person(), 3).state

    @rule(numbers=st.lists(names, max_size=5, unique=True), name=names)
    def change(self, numbers: list[str], name: str) -> None:
        key = f"k{numbers[:1]}{name}"
        before, phones = self.person, tuple(sealed(number) for number in numbers)
        try:
            decision = model.change_person(before, {"phones": phones, "name": name}, key, LIMITS)
        except BadInput:
            assert len(numbers) > 3
            return
        assert len(numbers) <= 3
        check_contract(decision)
        same = [one.fingerprint for one in phones] == [one.fingerprint for one in before.phones] and name == before.name
        assert (not decision.facts) == same
        self.person = decision.state

    @rule(days=st.integers(0, 100))
    def care(self, days: int) -> None:
        try:
            self.person = model.care_for(self.person, days, TODAY, LIMITS).state
        except BadInput:
            assert not 1 <= days <= 90

    @rule()
    def end_care(self) -> None:
        flagged = self.person.care is not None
        try:
            self.person = model.end_care(self.person).state
        except IllegalTransition:
            assert not flagged
        else:
            assert flagged

    @invariant()
    def no_key_is_present_and_former_or_former_twice(self) -> None:
        if hasattr(self, "person"):
            keys = [self.person.key, *self.person.former]
            assert len(keys) == len(set(keys))

    @invariant()
    def the_store_gives_back_what_it_was_given(self) -> None:
        if hasattr(self, "person"):
            assert PEOPLE.from_document(PEOPLE.to_document(self.person)) == self.person


class VehicleFile(RuleBasedStateMachine):
    """One vehicle, any commands in any order: what is gone stays gone."""

    @initialize()
    def register(self) -> None:
        decision = model.register_vehicle(Vehicle("v1", "yh", sealed("粤B12345"), "p1", "u1", Stamp(NOON, "user:li")))
        check_contract(decision)
        self.vehicle = decision.state

    @rule(who=names, where=names)
    def change(self, who: str, where: str) -> None:
        try:
            decision = model.change_vehicle(self.vehicle, who, where)
        except IllegalTransition:
            assert self.vehicle.gone
            return
        check_contract(decision)
        assert bool(decision.facts) == ((who, where) != (self.vehicle.person, self.vehicle.unit))
        self.vehicle = decision.state

    @rule()
    def remove(self) -> None:
        was_gone = self.vehicle.gone
        try:
            decision = model.remove_vehicle(self.vehicle, Stamp(NOON, "user:li"), NOON.date())
        except IllegalTransition:
            assert was_gone
            return
        assert was_gone is None
        check_contract(decision)
        self.vehicle = decision.state

    @invariant()
    def a_plate_is_taken_as_long_as_the_vehicle_is_here(self) -> None:
        if hasattr(self, "vehicle"):
            document = VEHICLES.to_document(self.vehicle)
            assert ("taken" in document) == (self.vehicle.gone is None)
            assert VEHICLES.from_document(document) == self.vehicle


PersonFile.TestCase.settings = VehicleFile.TestCase.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)
test_no_sequence_of_changes_breaks_a_file = PersonFile.TestCase
test_no_sequence_of_commands_brings_a_vehicle_back = VehicleFile.TestCase
