"""The check of other packages' rows: a good row, and one for each way to be broken, counted by hand."""

import pytest

from benchmarks.peers.hf_cfgen import prepare
from benchmarks.row_check import Row, check_rows, good_rows


def row(text: str) -> Row:
    """`Ann/B-PER Lee/I-PER left` is a row; words without a tag are outside."""
    pairs = [word.partition("/") for word in text.split()]
    return Row(tokens=[word for word, _, _ in pairs], ner_tags=[tag or "O" for _, _, tag in pairs])


SOURCES = [
    row("Ann/B-PER Lee/I-PER lives in Oslo/B-LOC"),
    row("Bob/B-PER lives in New/B-LOC York/I-LOC"),
    row("He met Cy/B-PER Di/B-PER ."),
    row("Nobody came ."),
]
NOTHING = {
    "rows": 0,
    "broken": 0,
    "length": 0,
    "scheme": 0,
    "structure": 0,
    "unknown_form": 0,
    "equal_to_a_source_row": 0,
    "repeated": 0,
}


def check(*rows: Row) -> dict[str, int]:
    """The counts that are not 0."""
    counts = check_rows(SOURCES, rows)
    assert list(counts) == list(NOTHING)
    return {name: count for name, count in counts.items() if count}


def test_no_rows_count_nothing():
    assert check_rows(SOURCES, []) == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "Bob/B-PER lives in Oslo/B-LOC",
        "Ann/B-PER Lee/I-PER lives in New/B-LOC York/I-LOC",
        "He met Ann/B-PER Lee/I-PER Ann/B-PER Lee/I-PER .",
        "He met Cy/B-PER Cy/B-PER .",
    ],
)
def test_swaps_by_type_are_whole(text):
    assert check(row(text)) == {"rows": 1}


@pytest.mark.parametrize("difference", [1, -1])
def test_more_or_fewer_tags_than_tokens(difference):
    broken = row("Bob/B-PER lives in Oslo/B-LOC")
    broken["ner_tags"] = [*broken["ner_tags"], "O"] if difference > 0 else broken["ner_tags"][:-1]
    assert check(broken) == {"rows": 1, "broken": 1, "length": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Bob/I-PER lives in Oslo/B-LOC",  # continues nothing at the beginning
        "Bob/B-PER lives in/I-PER Oslo/B-LOC",  # after a word outside
        "Cy/B-PER lives in New/B-LOC York/I-PER",  # of another type
        "Bob/S-PER lives in Oslo/B-LOC",
        "Cy/B-PER lives in New/B-LOC York/E-LOC",
        "Bob/PER lives in Oslo/B-LOC",
        "Bob/B- lives in Oslo/B-LOC",
        "Bob/B-PER lives in Oslo/B-LOC I-/I-",
    ],
)
def test_tags_that_break_bio(text):
    assert check(row(text)) == {"rows": 1, "broken": 1, "scheme": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Bob/B-PER lived in Oslo/B-LOC",  # another word outside
        "Bob/B-PER lives Oslo/B-LOC",  # a word too few
        "Bob/B-LOC lives in Oslo/B-LOC",  # a mention of another type
        "Bob/B-PER lives in Oslo",  # a mention too few
        "He met Ann/B-PER Lee/I-PER .",  # two mentions that became one
        "lives Bob/B-PER in Oslo/B-LOC",  # another order
        "Bob/B-PER came .",
    ],
)
def test_no_source_row_with_its_mentions_swapped(text):
    assert check(row(text)) == {"rows": 1, "broken": 1, "structure": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Ann/B-PER lives in Oslo/B-LOC",  # a form that was cut
        "Oslo/B-PER lives in Oslo/B-LOC",  # a form of another type
        "Bob/B-PER lives in New/B-LOC York/I-LOC Oslo/I-LOC",  # two forms that ran together
        "bob/B-PER lives in Oslo/B-LOC",
    ],
)
def test_a_form_that_no_source_row_has_with_this_type(text):
    assert check(row(text)) == {"rows": 1, "broken": 1, "unknown_form": 1}


def test_a_row_counts_under_its_first_reason_and_equal_and_repeated_rows_whatever_their_tags():
    source, swapped = row("Nobody came ."), row("Bob/B-PER lives in Oslo/B-LOC")
    untagged = row("Bob lives in Oslo")
    torn = row("He met C/B-PER y/I-PER Di/B-PER .")
    short = Row(tokens=["Zed", "came"], ner_tags=["I-PER"])
    mistagged = row("Nobody/I-PER came .")
    assert check(source, swapped, swapped, untagged, torn, short, mistagged) == {
        "rows": 7,
        "broken": 4,
        "length": 1,
        "scheme": 1,
        "structure": 1,
        "unknown_form": 1,
        "equal_to_a_source_row": 2,  # source, mistagged
        "repeated": 3,  # swapped, untagged, mistagged
    }


@pytest.mark.parametrize("bad", [row("Bob/I-PER came"), Row(tokens=["Bob", "came"], ner_tags=["B-PER"])])
def test_a_source_row_that_is_broken_itself_is_an_error(bad):
    with pytest.raises(ValueError, match="source row 1 does not have BIO tags"):
        check_rows([SOURCES[0], bad], [])


def test_candidates_of_hf_cfgen_are_whole(tmp_path):
    augment, as_rows = prepare(str(tmp_path), SOURCES, 6, seed=1)
    rows = as_rows(augment())
    # 3 + 1 and 3 + 1 swaps, of which Bob in Oslo and Ann Lee in New York come out of both, and 3 + 3
    assert check_rows(SOURCES, rows) == {**NOTHING, "rows": 12}
    assert good_rows(SOURCES, rows) == 12


def test_good_rows_are_whole_changed_and_counted_once():
    good = row("Bob/B-PER lives in Oslo/B-LOC")
    broken = Row(tokens=good["tokens"], ner_tags=["B-PER", "O", "O", "I-LOC"])
    assert good_rows(SOURCES, [broken, SOURCES[0], good, good, row("Cy/B-PER lives in Oslo/B-LOC")]) == 2
    assert good_rows(SOURCES, [broken]) == 0
