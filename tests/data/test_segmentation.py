"""Mentions between text and tokens, tokens to text, and what readers check."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cfgen.data.formats.records import (
    BadRecord,
    TextRecord,
    check_disjoint,
    checked_span,
    checked_text,
    longest_disjoint,
    parse_each,
)
from hf_cfgen.data.segmentation import gaps_between, join_tokens, split_long, token_spans
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import Span
from hf_cfgen.utils.text import UNITS, token_offsets

# letters of several scripts, marks, joiners, emoji with modifiers, blanks and ends of sentences, and anything else
TEXT = st.text(
    st.sampled_from(
        "aB1_é\u0301\u0e01\u0e34서שم中の。！.?;\n \u3000\t\u2028\x85😀👩\u200d🔬\ufe0f🏽\u200f\u200b\ufeff-'"
    )
    | st.characters(codec="utf-8"),
    max_size=20,
)


@given(TEXT)
def test_tokens_hold_all_but_the_blanks(text: str) -> None:
    offsets = token_offsets(text, "words")
    assert all(start < end for start, end in offsets)
    assert "".join(text[start:end] for start, end in offsets) == "".join(text.split())
    assert all(not gap.strip() for gap in gaps_between(text, offsets))
    assert len(gaps_between(text, offsets)) == len(offsets) + 1


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("to Bo.", (3, 5), (1, 2)),
        ("to Bo.", (2, 5), (1, 2)),  # the blank before
        ("to Bo  x", (3, 7), (1, 2)),  # the blanks after
        ("to \u3000\nBo\t", (2, 8), (1, 2)),  # both
        ("Al Bo x", (0, 5), (0, 2)),
        ("to Bo", (3, 5), (1, 2)),  # the end of the text
        ("to Bo.", (3, 6), (1, 3)),  # a mark is a token
        ("Bo😀", (0, 2), (0, 1)),
    ],
)
def test_token_spans(text: str, given: tuple[int, int], expected: tuple[int, int]) -> None:
    found = token_spans("a:1", text, token_offsets(text, "words"), [Span(*given, "PER")])
    assert found == [Span(*expected, "PER")]


def test_token_spans_of_characters_are_the_same() -> None:
    spans = [Span(2, 4, "B"), Span(0, 2, "A"), Span(1, 3, "C")]  # blanks at a mention's ends are tokens, too
    assert token_spans("a:1", "a bc", token_offsets("a bc", "characters"), spans) == spans
    assert token_spans("a:1", "a bc", token_offsets("a bc", "words"), []) == []


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (
            "to Bobby ran",
            (3, 6),
            "a:1: PER [3:6] cuts the word 'Bobby' [3:8] at offset 6: move the end of the mention to a word's end, or "
            "read the data in characters (tokenization)",
        ),
        (
            "McBo ran",
            (2, 4),
            "a:1: PER [2:4] cuts the word 'McBo' [0:4] at offset 2: move the start of the mention to a word's start, "
            "or read the data in characters (tokenization)",
        ),
        (
            "a  McBob",
            (1, 7),  # the start is a blank, the end is not
            "a:1: PER [1:7] cuts the word 'McBob' [3:8] at offset 7: move the end of the mention to a word's end, or "
            "read the data in characters (tokenization)",
        ),
        ("a \n b", (1, 4), "a:1: PER [1:4] holds blanks only: remove it"),
        ("a ", (1, 2), "a:1: PER [1:2] holds blanks only: remove it"),
    ],
)
def test_token_spans_that_cut_words(text: str, given: tuple[int, int], message: str) -> None:
    with pytest.raises(CfgenError) as caught:
        token_spans("a:1", text, token_offsets(text, "words"), [Span(*given, "PER")])
    assert str(caught.value) == message


# split_long


@pytest.mark.parametrize(
    ("text", "unit", "max_length", "parts"),
    [
        ("甲。乙。丙。", "characters", 6, ["甲。乙。丙。"]),
        ("甲。乙。丙。", "characters", 5, ["甲。乙。", "丙。"]),
        ("甲。乙。丙。", "characters", 4, ["甲。乙。", "丙。"]),
        ("甲。乙。丙。", "characters", 3, ["甲。", "乙。", "丙。"]),
        ("甲。乙。丙。", "characters", 1, ["甲。", "乙。", "丙。"]),
        ("甲！乙？丙；丁!戊?己;庚", "characters", 2, ["甲！", "乙？", "丙；", "丁!", "戊?", "己;", "庚"]),
        ("甲\n乙。\n丙", "characters", 3, ["甲\n", "乙。\n", "丙"]),
        ("甲？！乙", "characters", 2, ["甲？！", "乙"]),  # marks that follow each other end one sentence
        ("\n 。甲乙。丙", "characters", 3, ["\n 。", "甲乙。", "丙"]),
        ("\n\n甲乙。丙", "characters", 2, ["\n\n甲乙。", "丙"]),  # no part is blank
        ("甲乙丙丁戊", "characters", 2, ["甲乙丙丁戊"]),  # no sentence end at all
        ("甲。乙乙乙乙乙。丙。丁。", "characters", 4, ["甲。", "乙乙乙乙乙。", "丙。丁。"]),  # the second is too long
        ("甲。乙", "characters", 2, ["甲。", "乙"]),
        ("He ran. She sat. Then rain.", "words", 8, ["He ran. She sat. ", "Then rain."]),
        ("He ran. She sat. Then rain.", "words", 3, ["He ran. ", "She sat. ", "Then rain."]),
        ("U.S. of A.B. No.5 is 3.5", "words", 4, ["U.S. ", "of A.B. ", "No.5 is 3.5"]),  # `.` before a blank only
        ("a b\nc d\n\ne f", "words", 2, ["a b\n", "c d\n\n", "e f"]),
        ("  a b. c d  ", "words", 3, ["  a b. ", "c d  "]),
        ("a!\ufe0fb c d", "words", 2, ["a!\ufe0fb c d"]),  # never within a token
        ("a b", "words", 2, ["a b"]),
        ("", "words", 1, [""]),
    ],
)
def test_split_long(text: str, unit: str, max_length: int, parts: list[str]) -> None:
    assert split_long(text, unit, [], max_length) == [(part, []) for part in parts]


def test_split_long_never_within_a_mention() -> None:
    text = "甲。乙。丙。丁。"
    split = split_long(text, "characters", [Span(2, 5, "X"), Span(6, 8, "Y"), Span(0, 1, "Z")], 2)
    assert split == [
        ("甲。", [Span(0, 1, "Z")]),
        ("乙。丙。", [Span(0, 3, "X")]),
        ("丁。", [Span(0, 2, "Y")]),
    ]
    whole = [Span(0, 8, "X")]
    assert split_long(text, "characters", whole, 2) == [(text, whole)]


@given(TEXT, st.sampled_from(UNITS), st.integers(1, 8), st.data())
def test_split_long_keeps_text_and_mentions(text: str, unit: str, max_length: int, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [Span(start, end, "X") for start, end in zip(edges[::2], edges[1::2])]
    parts = split_long(text, unit, spans, max_length)
    assert "".join(part for part, _ in parts) == text
    begins = [sum(len(part) for part, _ in parts[:place]) for place in range(len(parts))]
    moved = [
        Span(start + begin, end + begin, label)
        for begin, (_, inner) in zip(begins, parts)
        for start, end, label in inner
    ]
    assert moved == spans
    assert all(0 <= start < end <= len(part) for part, inner in parts for start, end, _ in inner)
    cut = [
        (start + begin, end + begin)
        for begin, (part, _) in zip(begins, parts)
        for start, end in token_offsets(part, unit)
    ]
    assert cut == token_offsets(text, unit)
    assert len(parts) == 1 or all(part.strip() for part, _ in parts)
    packed = [""]
    for sentence, _ in split_long(text, unit, spans, 1):
        if packed[-1] and len(token_offsets(packed[-1] + sentence, unit)) > max_length:
            packed.append("")
        packed[-1] += sentence
    assert [part for part, _ in parts] == packed


# and back


@given(TEXT, st.sampled_from(UNITS))
def test_join_tokens_is_the_text_again(text: str, unit: str) -> None:
    offsets = token_offsets(text, unit)
    tokens = [text[start:end] for start, end in offsets]
    assert join_tokens(tokens, gaps_between(text, offsets), unit) == (text, offsets)


@given(st.lists(TEXT, max_size=4), st.data())
def test_joined_words_are_the_same_words_again(texts: list[str], data: st.DataObject) -> None:
    known = [text[start:end] for text in texts for start, end in token_offsets(text, "words")]
    tokens = data.draw(st.lists(st.sampled_from(known), max_size=8)) if known else []
    gaps = data.draw(
        st.lists(st.sampled_from(["", "", " ", "\n", "\u3000 "]), min_size=len(tokens) + 1, max_size=len(tokens) + 1)
    )
    joined, offsets = join_tokens(tokens, gaps, "words")
    assert token_offsets(joined, "words") == offsets
    assert [joined[start:end] for start, end in offsets] == tokens
    # and no blank is put where none is needed
    if joined != "".join(gap + token for gap, token in zip(gaps, [*tokens, ""])):
        assert len(token_offsets("".join(gap + token for gap, token in zip(gaps, [*tokens, ""])), "words")) < len(
            tokens
        )


def test_join_tokens_puts_blanks_where_words_would_merge() -> None:
    assert join_tokens(["a", "b", "-", "c"], [" ", "", "", "", "\n"], "words")[0] == " a b-c\n"
    assert join_tokens(["-", "\u0301"], ["", "", ""], "words")[0] == "- \u0301"
    assert join_tokens(["😀", "\u200d", "a"], [""] * 4, "words")[0] == "😀 \u200da"
    assert join_tokens(["a", "b"], ["", "", ""], "characters") == ("ab", [(0, 1), (1, 2)])
    assert join_tokens([], [" "], "words") == (" ", [])


# records


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "a:1: no text: a record is LAYOUT; add the text or remove the record"),
        ("\u3000\n", "a:1: no text: a record is LAYOUT; add the text or remove the record"),
        ("a\ud83d", "a:1: the text has half of a surrogate pair at 1: correct it"),
    ],
)
def test_checked_text(text: object, message: str) -> None:
    assert checked_text("a:1", " a", "LAYOUT") == " a"
    with pytest.raises(CfgenError) as caught:
        checked_text("a:1", text, "LAYOUT")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("start", "end", "label", "form", "message"),
    [
        (0, 2, None, None, "a:1: mention [0:2] has no label: give it the name of its type"),
        (0, 2, " ", None, 'a:1: mention [0:2] has the label " ": give it the name of its type'),
        ("0", 2, "X", None, 'a:1: X ["0":2]: offsets are integers, the end excluded; correct them'),
        (0, True, "X", None, "a:1: X [0:true]: offsets are integers, the end excluded; correct them"),
        (False, 2, "X", None, "a:1: X [false:2]: offsets are integers, the end excluded; correct them"),
        (0, 2.0, "X", None, "a:1: X [0:2.0]: offsets are integers, the end excluded; correct them"),
        (2, 2, "X", None, "a:1: X [2:2] is empty: correct the offsets (the end is excluded)"),
        (3, 2, "X", None, "a:1: X [3:2] ends before it starts: correct the offsets (the end is excluded)"),
        (-1, 2, "X", None, "a:1: X [-1:2] is outside the text of 6 characters: correct the offsets"),
        (4, 7, "X", None, "a:1: X [4:7] is outside the text of 6 characters: correct the offsets"),
        (
            0,
            3,
            "X",
            "Bo",
            "a:1: X [0:3] is 'Bo ' in the text, not 'Bo': correct the offsets (counted in characters from 0, the end "
            "excluded) or the text",
        ),
    ],
)
def test_checked_span(start: object, end: object, label: object, form: str | None, message: str) -> None:
    assert checked_span("a:1", "Bo ran", 3, 6, "X", "ran") == Span(3, 6, "X")
    with pytest.raises(CfgenError) as caught:
        checked_span("a:1", "Bo ran", start, end, label, form)
    assert str(caught.value) == message


def test_overlaps() -> None:
    touching = [Span(0, 2, "A"), Span(2, 4, "A")]
    check_disjoint("a:1", "abcdef", touching)
    assert longest_disjoint("a:1", "abcdef", touching) == (touching, [])
    with pytest.raises(CfgenError, match=r"^a:1: B 'b' \[1:2\] overlaps A 'ab' \[0:2\]: keep one of them$"):
        check_disjoint("a:1", "abcdef", [Span(0, 2, "A"), Span(1, 2, "B")])
    # the longest first; of equally long ones the one before; of equal ranges the label that sorts first
    spans = [Span(1, 2, "N"), Span(4, 6, "L"), Span(3, 5, "F"), Span(0, 3, "B"), Span(0, 3, "A")]
    assert longest_disjoint("a:1", "abcdef", spans) == (
        [Span(0, 3, "A"), Span(3, 5, "F")],
        [
            "a:1: B 'abc' [0:3] overlaps A 'abc' [0:3]",
            "a:1: L 'ef' [4:6] overlaps F 'de' [3:5]",
            "a:1: N 'b' [1:2] overlaps A 'abc' [0:3]",
        ],
    )


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4), st.sampled_from("AB")), max_size=6))
def test_longest_disjoint_loses_none_silently(given_spans: list[tuple[int, int, str]]) -> None:
    spans = [Span(start, start + length, label) for start, length, label in given_spans]
    kept, rejected = longest_disjoint("a:1", "x" * 12, spans)
    check_disjoint("a:1", "x" * 12, kept)
    assert kept == sorted(kept)
    assert len(kept) + len(rejected) == len(spans)
    for span in spans:
        touched = [other for other in kept if span.start < other.end and other.start < span.end]
        assert max(other.end - other.start for other in touched) >= span.end - span.start


def test_parse_each_goes_on_after_a_bad_record() -> None:
    def parse(where: str, raw: str) -> Iterator[TextRecord]:
        # several records of one, the second of which may be bad: then none is kept
        return (TextRecord(where, checked_text(where, text, "LAYOUT"), []) for text in raw.split("|"))

    records = list(parse_each([("a:1", "x|"), ("a:2", "y|z")], parse))
    reason = "a:1: no text: a record is LAYOUT; add the text or remove the record"
    assert records == [BadRecord("a:1", reason, "x|"), TextRecord("a:2", "y", []), TextRecord("a:2", "z", [])]

    def fail(where: str, raw: str) -> list[TextRecord]:
        raise KeyError(raw)

    with pytest.raises(KeyError):  # a bug is no bad record
        list(parse_each([("a:1", "x")], fail))
