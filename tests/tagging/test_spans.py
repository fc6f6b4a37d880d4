"""Spans and tags: hand-worked values for every scheme, and agreement with seqeval's reader on any sequence."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import (
    SCHEMES,
    Span,
    check_scheme,
    detect_scheme,
    scheme_tags,
    spans_to_tags,
    split_tag,
    tags_to_spans,
)

LABELS = ("A", "B", "I-E", "长名")  # a hyphen, a letter that is also a prefix, and no ASCII at all
SPANS = [Span(0, 1, "A"), Span(1, 3, "A"), Span(3, 6, "B"), Span(7, 8, "B"), Span(9, 13, "A")]
LAID_OUT = {  # the mentions above over 14 words, worked by hand
    "IOB1": "I-A B-A I-A I-B I-B I-B O I-B O I-A I-A I-A I-A O",
    "IOB2": "B-A B-A I-A B-B I-B I-B O B-B O B-A I-A I-A I-A O",
    "BIOES": "S-A B-A E-A B-B I-B E-B O S-B O B-A I-A I-A E-A O",
    "BILOU": "U-A B-A L-A B-B I-B L-B O U-B O B-A I-A I-A L-A O",
    "BMES": "S-A B-A E-A B-B M-B E-B O S-B O B-A M-A M-A E-A O",
    "BMEWO": "W-A B-A E-A B-B M-B E-B O W-B O B-A M-A M-A E-A O",
}
fast = settings(max_examples=200, deadline=None)


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Disjoint mentions, often adjacent and of one type, and the number of words."""
    spans, position = [], 0
    for gap, size, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(LABELS)), max_size=6)
    ):
        start = position + gap
        position = start + size
        spans.append(Span(start, position, label))
    return spans, position + draw(st.integers(0, 2))


def any_tags(prefixes: str) -> st.SearchStrategy[list[str]]:
    """Tag sequences with these prefixes, valid and invalid."""
    tags = ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in ("A", "B", "I-E"))]
    return st.lists(st.sampled_from(tags), max_size=12)


def seqeval_spans(tags: list[str]) -> list[Span]:
    return [Span(start, last + 1, label) for label, start, last in get_entities(list(tags))]


def test_split_tag_maps_every_prefix_to_bioes() -> None:
    prefixes = {prefix: split_tag(f"{prefix}-PER")[0] for prefix in "BIMELSUW"}
    assert prefixes == {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}
    assert split_tag("O") == ("O", "")


def test_split_tag_splits_at_the_first_hyphen() -> None:
    assert split_tag("B-work-of-art") == ("B", "work-of-art")
    assert split_tag("M-人名") == ("I", "人名")


@pytest.mark.parametrize("tag", ["", "B", "B-", "-PER", "PER", "PER-B", "o", "b-PER", "O-PER", "X-PER", "B_PER", "0"])
def test_split_tag_refuses_what_is_no_tag(tag: str) -> None:
    with pytest.raises(CfgenError, match=f"tag '{tag}' is neither 'O' nor PREFIX-LABEL"):
        split_tag(tag)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mentions_are_laid_out_and_read_as_by_hand(scheme: str) -> None:
    tags = LAID_OUT[scheme].split()
    assert spans_to_tags(SPANS, 14, scheme) == tags
    assert tags_to_spans(tags) == SPANS


def test_a_sentence_without_mentions_is_all_o() -> None:
    assert tags_to_spans([]) == tags_to_spans(["O", "O"]) == []
    assert spans_to_tags([], 2) == ["O", "O"]
    assert spans_to_tags([], 0) == []


def test_a_mention_that_ends_the_sentence_is_whole() -> None:
    assert tags_to_spans(["O", "B-A", "I-A"]) == [Span(1, 3, "A")]
    assert spans_to_tags([Span(1, 3, "A")], 3) == ["O", "B-A", "I-A"]


def test_invalid_sequences_are_read_leniently() -> None:
    assert tags_to_spans(["O", "I-A", "I-A"]) == [Span(1, 3, "A")]  # I begins a mention after O
    assert tags_to_spans(["B-A", "I-B"]) == [Span(0, 1, "A"), Span(1, 2, "B")]  # another label begins another
    assert tags_to_spans(["B-A", "E-A", "I-A"]) == [Span(0, 2, "A"), Span(2, 3, "A")]  # I begins one after E
    assert tags_to_spans(["S-A", "E-A", "E-A"]) == [Span(0, 1, "A"), Span(1, 2, "A"), Span(2, 3, "A")]
    assert tags_to_spans(["B-A", "I-A", "O"]) == [Span(0, 2, "A")]  # no E needed to end one
    assert tags_to_spans(["B-A", "S-A", "I-A"]) == [Span(0, 1, "A"), Span(1, 2, "A"), Span(2, 3, "A")]
    assert tags_to_spans(["M-A", "L-A", "U-B", "W-B"]) == [Span(0, 2, "A"), Span(2, 3, "B"), Span(3, 4, "B")]


def test_reading_refuses_a_tag_of_no_scheme() -> None:
    with pytest.raises(CfgenError, match="tag 'PER' is neither"):
        tags_to_spans(["B-PER", "PER"])


def test_spans_may_come_in_any_order_and_as_plain_tuples() -> None:
    assert spans_to_tags([Span(2, 3, "B"), (0, 1, "A")], 3) == ["B-A", "O", "B-B"]
    assert spans_to_tags(iter(reversed(SPANS)), 14, "IOB1") == LAID_OUT["IOB1"].split()


@pytest.mark.parametrize(
    "spans",
    [
        [Span(1, 1, "A")],  # empty
        [Span(2, 1, "A")],  # backwards
        [Span(-1, 1, "A")],
        [Span(2, 4, "A")],  # one word too far
        [Span(0, 2, "A"), Span(1, 3, "B")],  # overlap by one word
        [Span(0, 3, "A"), Span(1, 2, "A")],  # nested
        [Span(0, 1, "")],  # would be the tag "B-", which no reader takes
        [Span(0, 1, "A"), Span(0, 1, "A")],  # twice the same
    ],
)
def test_laying_out_refuses_spans_that_are_empty_outside_or_overlap(spans: list[Span]) -> None:
    with pytest.raises(CfgenError, match="is empty, has no label, overlaps another span or lies outside the 3 words"):
        spans_to_tags(spans, 3)


def test_iob1_writes_b_only_directly_after_a_mention_of_the_same_type() -> None:
    assert spans_to_tags([Span(0, 1, "A"), Span(1, 2, "B"), Span(2, 4, "B"), Span(5, 6, "B")], 6, "IOB1") == [
        *("I-A", "I-B", "B-B", "I-B", "O", "I-B")
    ]


def test_scheme_names_are_canonical_in_any_case() -> None:
    assert [check_scheme(name.lower()) for name in SCHEMES] == list(SCHEMES)
    assert check_scheme("bio") == check_scheme("BIO") == "IOB2"
    assert spans_to_tags([Span(0, 2, "A")], 2, "bio") == ["B-A", "I-A"]


def test_an_unknown_scheme_is_refused_with_the_list_of_the_known() -> None:
    message = "unknown tagging scheme 'IOE2': choose one of IOB1, IOB2, BIOES, BILOU, BMES, BMEWO"
    for call in (lambda: check_scheme("IOE2"), lambda: spans_to_tags([], 1, "IOE2"), lambda: scheme_tags([], "IOE2")):
        with pytest.raises(CfgenError, match=message):
            call()


def test_scheme_tags_lists_o_and_each_type_in_the_order_given() -> None:
    assert scheme_tags(["Z", "A"]) == ["O", "B-Z", "I-Z", "B-A", "I-A"]
    assert scheme_tags(["Z", "A"], "IOB1") == ["O", "B-Z", "I-Z", "B-A", "I-A"]
    assert scheme_tags(["A"], "BIOES") == ["O", "B-A", "I-A", "E-A", "S-A"]
    assert scheme_tags(["A"], "BILOU") == ["O", "B-A", "I-A", "L-A", "U-A"]
    assert scheme_tags(["A"], "BMES") == ["O", "B-A", "M-A", "E-A", "S-A"]
    assert scheme_tags(["A"], "BMEWO") == ["O", "B-A", "M-A", "E-A", "W-A"]
    assert scheme_tags([]) == ["O"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_hand_laid_mentions_are_detected(scheme: str) -> None:
    assert detect_scheme([["O", "O"], LAID_OUT[scheme].split()]) == scheme


def test_detection_of_data_without_mentions_says_iob2() -> None:
    assert detect_scheme([]) == detect_scheme([[]]) == detect_scheme([["O", "O"]]) == "IOB2"


def test_detection_where_the_data_show_too_little_is_settled_by_the_names() -> None:
    # single words and pairs look the same in BIOES and BMES, and pairs alone so in BMEWO: BIOES comes first
    assert detect_scheme([["S-A", "B-A", "E-A"]]) == "BIOES"
    assert detect_scheme([["S-A", "B-A", "E-A"]], names=scheme_tags(["A"], "BMES")) == "BMES"
    assert detect_scheme([["B-A", "E-A"]], names=scheme_tags(["A"], "BMEWO")) == "BMEWO"
    # BMES and BMEWO differ in single words only: BMES comes first
    assert detect_scheme([["B-A", "M-A", "E-A"]]) == "BMES"
    assert detect_scheme([["B-A", "M-A", "E-A"]], names=["W-A"]) == "BMEWO"


def test_names_alone_do_not_make_iob1() -> None:
    assert detect_scheme([["O", "B-A"]], names=["O", "B-A", "I-A"]) == "IOB2"
    assert detect_scheme([], names=["O", "B-A", "I-A"]) == "IOB2"
    assert detect_scheme([["O", "I-A"]], names=["O", "B-A", "I-A"]) == "IOB1"


def test_detection_needs_evidence_within_one_sentence() -> None:
    # the I that begins a sentence does not continue the mention that ended the one before
    assert detect_scheme([["I-A"], ["I-A", "B-A"]]) == "IOB1"
    with pytest.raises(CfgenError, match="IOB2"):
        detect_scheme([["B-A"], ["I-A"]])


def test_data_that_mix_iob1_and_iob2_are_refused_with_the_record() -> None:
    with pytest.raises(CfgenError, match=r"begin with B, as in IOB2, others with I, as in IOB1 \(record 2: O I-B\)"):
        detect_scheme([["B-A", "I-A"], ["O", "O"], ["O", "I-B"]])


def test_a_tag_of_another_type_begins_a_mention_in_detection() -> None:
    for tags in (["B-A", "I-B"], ["I-A", "B-B"]):  # IOB2 then IOB1, IOB1 then IOB2
        with pytest.raises(CfgenError, match="some mentions begin with B"):
            detect_scheme([tags])


@pytest.mark.parametrize(
    ("tags", "prefixes"),
    [("U-A O S-A", "S U"), ("B-A I-A M-A E-A", "B E I M"), ("B-A L-A W-A", "B L W"), ("B-A E-A L-A", "B E L")],
)
def test_data_that_mix_prefixes_are_refused(tags: str, prefixes: str) -> None:
    with pytest.raises(CfgenError, match=f"the prefixes {prefixes} belong to no one scheme"):
        detect_scheme([tags.split()])


def test_detection_refuses_what_is_no_tag_in_the_data_and_in_the_names() -> None:
    with pytest.raises(CfgenError, match="tag 'PER' is neither"):
        detect_scheme([["O", "PER"]])
    with pytest.raises(CfgenError, match="tag 'PER' is neither"):
        detect_scheme([["O"]], names=["PER"])


@pytest.mark.parametrize("scheme", SCHEMES)
@fast
@given(sentence=sentences())
def test_spans_come_back_from_their_tags(scheme: str, sentence: tuple[list[Span], int]) -> None:
    spans, length = sentence
    tags = spans_to_tags(spans, length, scheme)
    assert len(tags) == length
    assert tags_to_spans(tags) == spans
    assert set(tags) <= set(scheme_tags(LABELS, scheme))


@settings(max_examples=400, deadline=None)
@given(tags=any_tags("BIES"))
def test_any_iob_or_bioes_sequence_is_read_as_seqeval_reads_it(tags: list[str]) -> None:
    assert tags_to_spans(tags) == seqeval_spans(tags)


@pytest.mark.parametrize(
    ("prefixes", "as_bioes"), [("BILU", "BIES"), ("BMES", "BIES"), ("BMEW", "BIES"), ("BIMELSUW", "BIIEESSS")]
)
@fast
@given(data=st.data())
def test_any_sequence_of_the_other_schemes_is_read_as_seqeval_reads_its_bioes(
    prefixes: str, as_bioes: str, data: st.DataObject
) -> None:
    tags = data.draw(any_tags(prefixes))
    table = str.maketrans(prefixes, as_bioes)
    assert tags_to_spans(tags) == seqeval_spans([tag[:1].translate(table) + tag[1:] for tag in tags])


@fast
@given(tags=any_tags("BIMELSUW"))
def test_what_is_read_is_ordered_disjoint_and_covers_exactly_the_tagged_words(tags: list[str]) -> None:
    spans = tags_to_spans(tags)
    words = [word for span in spans for word in range(span.start, span.end)]
    assert words == [word for word, tag in enumerate(tags) if tag != "O"]
    assert [span.label for span in spans for _ in range(span.start, span.end)] == [t[2:] for t in tags if t != "O"]


@pytest.mark.parametrize("scheme", SCHEMES)
@fast
@given(rows=st.lists(sentences(), min_size=1, max_size=3))
def test_the_scheme_of_laid_out_data_is_detected(scheme: str, rows: list[tuple[list[Span], int]]) -> None:
    # IOB1 and IOB2 are always told apart once there is a mention; the others once their own letters occur:
    # I or M from a mention of three words, S, U or W from one of one word, E or L from one of two
    sizes = {span.end - span.start for spans, _ in rows for span in spans}
    assume(sizes)
    detected = detect_scheme([spans_to_tags(spans, length, scheme) for spans, length in rows])
    inner, single = max(sizes) > 2, 1 in sizes
    expected = {
        "IOB1": "IOB1",
        "IOB2": "IOB2",
        "BIOES": "BIOES",
        "BILOU": "BILOU",
        "BMES": "BMES" if inner else "BIOES",
        "BMEWO": "BMEWO" if single else "BMES" if inner else "BIOES",
    }
    assert detected == expected[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
@fast
@given(rows=st.lists(sentences(), max_size=3))
def test_a_detected_scheme_lays_the_data_out_again_unchanged(scheme: str, rows: list[tuple[list[Span], int]]) -> None:
    # whichever of two indistinguishable schemes is named, it writes these mentions with the same tags
    data = [spans_to_tags(spans, length, scheme) for spans, length in rows]
    detected = detect_scheme(data)
    assert [spans_to_tags(tags_to_spans(tags), len(tags), detected) for tags in data] == data
