"""The figures beside the alternatives: the sample and the sums, without the packages."""

import json

import pytest

from benchmarks.alternatives import Outcome, figures, sample
from benchmarks.row_check import Row
from hf_cfgen.errors import CfgenError

ADA, BO = Row(tokens=["Ada", "ran"], ner_tags=["B-PER", "O"]), Row(tokens=["Bo", "sat"], ner_tags=["B-PER", "O"])
SWAPPED = Row(tokens=["Bo", "ran"], ner_tags=["B-PER", "O"])
OTHER = Row(tokens=["Ada", "sat"], ner_tags=["B-PER", "O"])


def test_the_sample_is_the_first_train_sentences_as_they_stand(write):
    conll = "Ada\tB-PER\nLee\tI-PER\nran\tO\n\nin\tO\nOslo\tB-LOC\n\nhi\tO\n\n"
    folder = write("train.conll", conll).parent
    assert sample(folder, 2) == [
        Row(tokens=["Ada", "Lee", "ran"], ner_tags=["B-PER", "I-PER", "O"]),
        Row(tokens=["in", "Oslo"], ner_tags=["O", "B-LOC"]),
    ]
    with pytest.raises(CfgenError, match="3 train sentences, but 4 are needed"):
        sample(folder, 4)


def test_characters_of_spans_are_sampled_too(write):
    record = {"text": "李四去了", "label": {"name": {"李四": [[0, 1]]}}}
    folder = write("train.json", json.dumps(record, ensure_ascii=False)).parent
    assert sample(folder, 1) == [Row(tokens=list("李四去了"), ner_tags=["B-name", "I-name", "O", "O"])]


def test_figures_are_counts_of_the_rows_and_the_median_rate_to_two_digits():
    outcomes = [Outcome("1", seconds, 9.0, [SWAPPED, ADA]) for seconds in (0.00097, 0.0008, 0.1)]
    assert figures([ADA, BO], outcomes, Outcome("1", 9.0, 9.0, [OTHER])) == {
        "rows": 2,
        "broken": 0,
        "length": 0,
        "scheme": 0,
        "structure": 0,
        "unknown_form": 0,
        "equal_to_a_source_row": 1,
        "repeated": 0,
        "rows_per_second": 2100,
        "rows_per_second_lowest_and_highest": [20, 2500],
        "same_rows_under_another_hash_seed": False,
    }
    assert figures([ADA, BO], outcomes, outcomes[0])["same_rows_under_another_hash_seed"] is True


def test_equal_runs_that_differ_are_an_error():
    outcomes = [Outcome("1", 1.0, 9.0, [SWAPPED]), Outcome("1", 1.0, 9.0, [OTHER])]
    with pytest.raises(ValueError, match="equal runs gave different rows"):
        figures([ADA, BO], outcomes, outcomes[0])
