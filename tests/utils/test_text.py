"""Splitting text into tokens, and choosing how."""

import pytest

from hf_cfgen.utils.text import (
    TEXT_UNITS,
    choose_unit,
    default_gap,
    is_in_characters,
    is_in_words,
    text_unit,
    token_offsets,
)


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        ([], "words"),
        (["123 !? 😀"], "words"),
        (["患者CT"], "words"),  # half of the letters
        (["患者CT", "者"], "characters"),  # 3 of 5, over all texts
        (["He said 你好"], "words"),
        (["ひらがなカタカナ漢字"], "characters"),
        (["ｶﾀｶﾅ"], "characters"),
        (["สวัสดี"], "characters"),
        (["서울은 大韓民國"], "characters"),  # 4 of 7
        (["서울에서 만났다"], "words"),
        (["מוסקבה"], "words"),
        (["𠀀𠀁a"], "characters"),
    ],
)
def test_choose_unit(texts: list[str], unit: str) -> None:
    assert choose_unit(texts) == unit
    assert choose_unit(iter(texts)) == unit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t\u3000\u2028\x85", []),
        ("to  Bo.", ["to", "Bo", "."]),
        ("don't U.S. 3.5%", ["don", "'", "t", "U", ".", "S", ".", "3", ".", "5", "%"]),
        ("snake_case _x_ a-b", ["snake_case", "_x_", "a", "-", "b"]),
        ("@bo #go...", ["@", "bo", "#", "go", ".", ".", "."]),
        ("e\u0301te\u0301 a", ["e\u0301te\u0301", "a"]),
        ("😀😀Bo😀", ["😀", "😀", "Bo", "😀"]),
        ("👩\u200d🔬Bo", ["👩\u200d", "🔬", "Bo"]),
        ("\u2764\ufe0fBo", ["\u2764\ufe0f", "Bo"]),  # a variation selector is no letter of Bo
        ("👍🏽 1\ufe0f\u20e3", ["👍", "🏽", "1\ufe0f\u20e3"]),
        ("a\u200bb \u200fab", ["a\u200bb", "\u200f", "ab"]),
        ("a \u0301b", ["a", "\u0301", "b"]),
        ("สวัสดี 1", ["สวัสดี", "1"]),
        ("서울에서 만났다.", ["서울에서", "만났다", "."]),
        ("你好，世界", ["你好", "，", "世界"]),
        ("Ⅳ²x½", ["Ⅳ²x½"]),
        ("a\x00b$", ["a", "\x00", "b", "$"]),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in token_offsets(text, "words")] == words


def test_characters_of_a_text() -> None:
    assert token_offsets("e\u0301 \n😀", "characters") == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert token_offsets("", "characters") == []


def test_text_between_blanks() -> None:
    assert token_offsets(" to\t20\u00a0000\r\nBo.\n", "whitespace") == [(1, 3), (4, 10), (12, 15)]
    assert token_offsets(" \n", "whitespace") == []


def test_only_characters_have_no_gap() -> None:
    assert [default_gap(unit) for unit in TEXT_UNITS] == ["", " ", " "]


@pytest.mark.parametrize(
    ("tokens", "unit"),
    [
        ("I met Barack Obama , in London .", "words"),
        ("I met Barack Obama, in London.", "whitespace"),
        ("met Obama in London", "words"),  # neither
        ("@user do n't say that , ok ?", "words"),
        ("@user do n't say so", "whitespace"),  # without a mark, only blanks give these tokens
        ("Mr. Bo met Al , in Rome , at 5 p.m. .", "words"),
        ("Mr. Bo met Al , at 5 p.m. .", "whitespace"),  # as many marks as words that end in one
        ("It rained, all - day.", "whitespace"),
        ("😀 Bo. 😀", "whitespace"),  # an emoji is no punctuation mark
        ("Bo said ... “ non ” l'eau", "words"),
        ("Bo.  ", "whitespace"),  # two empty tokens
        ("患 者 C T 示 ,", "characters"),
        ("2019 年 患 者 。", "characters"),
        ("北京 市 下 大雨", "whitespace"),
        ("20\u00a0000 km , .", "words"),
    ],
)
def test_text_is_split_as_the_tokens_were(tokens, unit):
    assert text_unit(iter(tokens.split(" "))) == unit


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["Ada", "!", "e\u0301"], True),
        (["don't"], False),
        ([""], False),
        ([" "], False),
        (["a", "b c"], False),
        ([], True),
    ],
)
def test_one_token_of_several_words_makes_it_no_words(tokens, words):
    assert is_in_words(iter(tokens)) is words


@pytest.mark.parametrize(
    "tokens, characters",
    [
        (["北", "京"], True),
        (["a", "1"], True),
        (["北京", "市"], False),
        (["a", "bc"], False),
        (["a", ""], False),
        ([], True),
    ],
)
def test_one_longer_token_makes_it_words(tokens, characters):
    assert is_in_characters(iter(tokens)) is characters
