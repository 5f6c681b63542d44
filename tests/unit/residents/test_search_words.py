"""What people are found by: names whole, begun, read and shortened; phones whole and their last four digits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.residents.search import readings, tokens, words
from services.residents.search.words import Match
from steward.trust.sealing import Sealer

SEALER = Sealer(b"k" * 32)
PHONE = "13812345678"
COMMON = "张王李赵单曾吕仇重乐行长晓明建国伟芳秀英解朴区查尉迟欧阳司马"


def finds(query: str, name: str) -> set[Match]:
    return {match for match, text in words.asked(query) if (match, text) in words.of_person(name, [PHONE])}


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("张三丰", Match.NAME),
        ("张三", Match.NAME_PREFIX),
        ("张", Match.NAME_PREFIX),
        ("zhangsanfeng", Match.PINYIN),
        ("Zhang San Feng", Match.PINYIN),
        ("zhang'san'feng", Match.PINYIN),
        ("zhang", Match.PINYIN_PREFIX),
        ("zsf", Match.INITIALS),
        ("ZS", Match.INITIALS_PREFIX),
        ("5678", Match.PHONE_END),
    ],
)
def test_somebody_is_found_by_each_way_to_say_their_name(query: str, match: Match) -> None:
    assert finds(query, "张三丰") == {match}


@pytest.mark.parametrize("query", ["三丰", "zhangsanf", "sf", "z", "567", "1381234"])
def test_what_is_not_kept_finds_nobody(query: str) -> None:
    assert finds(query, "张三丰") == set()


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("单雄信", ("shanxiongxin", "danxiongxin", "sxx", "dxx")),
        ("曾国藩", ("zengguofan", "cengguofan")),
        ("吕布", ("lvbu", "lübu", "lyubu", "lubu", "lb")),
        ("仇英", ("qiuying", "chouying", "qy")),
        ("万俟卨", ("moqixie", "wanqixie")),
    ],
)
def test_a_name_with_several_readings_is_found_by_each(name: str, queries: tuple[str, ...]) -> None:
    assert all(finds(query, name) for query in queries)


def test_foreign_names_are_found_by_the_beginning_of_each_of_their_words() -> None:
    assert finds("john smith", "John Smith") == {Match.NAME}
    assert finds("joh", "John Smith") == finds("Smith", "John Smith") == {Match.NAME_PREFIX}
    assert finds("阿q", "阿Ｑ") == {Match.NAME}
    assert finds("买买提", "买买提·艾力") == {Match.NAME_PREFIX}


@settings(max_examples=200, deadline=None)
@given(st.text(COMMON, min_size=1, max_size=4))
def test_every_name_is_found_whole_begun_and_by_its_commonest_reading(name: str) -> None:
    syllables = [readings.of_character(character)[0] for character in name]
    assert Match.NAME in finds(name, name)
    assert Match.PINYIN in finds("".join(syllables), name)
    assert Match.INITIALS in finds("".join(syllable[0] for syllable in syllables), name)
    assert all(Match.NAME_PREFIX in finds(name[:length], name) for length in range(1, len(name)))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_whatever_is_asked_is_understood_or_means_nobody(text: str) -> None:
    asked = words.asked(text)
    assert len(asked) == len(set(asked)) <= 6


@settings(max_examples=100, deadline=None)
@given(st.text(COMMON, min_size=1, max_size=4), st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), max_size=5))
def test_a_file_has_a_bounded_number_of_tokens_that_tell_nothing_by_their_order(name: str, phones: list[str]) -> None:
    found = tokens.of_person(SEALER, "yh", name, phones)
    assert list(found) == sorted(set(found))
    assert len(found) <= 2 * len(phones) + words.PREFIX + 1 + words.READINGS * 8


def test_the_same_word_has_another_token_in_another_project_and_under_another_key() -> None:
    word = (Match.NAME, "张三丰")
    found = {tokens.token(sealer, project, word) for sealer in (SEALER, Sealer(b"l" * 32)) for project in ("yh", "sy")}
    assert len(found) == 4


def test_the_longest_name_that_can_be_filed_has_no_more_tokens_than_a_store_likes() -> None:
    assert len(tokens.of_person(SEALER, "yh", "单曾仇重乐行长" * 8 + "单曾仇重", [PHONE])) <= words.READINGS * (2 * words.PREFIX + 2) + 20


@pytest.mark.parametrize(
    ("query", "broad"), [("王", True), ("zhang", True), ("zw", True), ("li", True), ("王伟", False), ("zhangwei", False), ("zwm", False)]
)
def test_a_surname_and_two_initials_are_known_to_mean_very_many(query: str, broad: bool) -> None:
    assert any(words.broad(word) for word in words.asked(query)) is broad
    assert not any(
        words.broad(word)
        for word in words.of_person("张伟民", [PHONE])
        if word[0] in (Match.NAME, Match.PINYIN, Match.INITIALS, Match.PHONE)
    )
