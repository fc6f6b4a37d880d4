"""The sums of the benchmarks of generation, and the sentences that they are of; nothing is timed."""

import os

from datasets import load_from_disk

from benchmarks.alternatives import Outcome
from benchmarks.generation import map_alone, rates
from benchmarks.row_check import Row
from benchmarks.scale import Corpus, corpus_rows, save_corpus, split_types, summary
from benchmarks.timing import environment
from hf_cfgen.data.columns import tag_column

ADA = Row(tokens=["Ada", "Lee", "ran"], ner_tags=["B-PER", "I-PER", "O"])
BO = Row(tokens=["Bo", "sat"], ner_tags=["B-PER", "O"])
SWAPPED = Row(tokens=["Bo", "ran"], ner_tags=["B-PER", "O"])


def test_rates_are_of_good_rows_until_they_stand_on_disk():
    outcomes = [Outcome("1", seconds / 2, seconds, [SWAPPED, SWAPPED, ADA]) for seconds in (0.004, 0.002, 0.1)]
    figures = rates([ADA, BO], outcomes)
    assert (figures["rows"], figures["good"], figures["repeated"], figures["equal_to_a_source_row"]) == (3, 1, 1, 1)
    assert (figures["milliseconds"], figures["milliseconds_lowest_and_highest"]) == (4.0, [2.0, 100.0])
    assert (figures["milliseconds_augmenting"], figures["good_rows_per_second"]) == (2.0, 250)


def test_a_map_alone_writes_all_rows_that_were_made():
    # Ada and Bo are swapped for each other, once each
    assert map_alone([ADA, BO], repeats=1)["rows"] == 2


def test_no_two_sentences_of_a_corpus_are_alike():
    rows = [(row["tokens"], row["ner_tags"]) for row in corpus_rows([ADA, BO], Corpus(3, joined=1))]
    assert rows == [
        (["Ada", "Lee", "ran", "0"], ["B-PER", "I-PER", "O", "O"]),
        (["Bo", "sat", "0"], ["B-PER", "O", "O"]),
        (["Ada", "Lee", "ran", "1"], ["B-PER", "I-PER", "O", "O"]),
    ]
    longer = list(corpus_rows([ADA, BO], Corpus(2, joined=2)))
    assert [row["tokens"] for row in longer] == [["Ada", "Lee", "ran", "Bo", "sat", number] for number in "01"]


def test_types_are_split_by_the_first_character_of_a_mention():
    assert split_types(ADA, 1) == ADA["ner_tags"]
    assert split_types(ADA, 2) == ["B-PER1", "I-PER1", "O"]  # ord("A") is 65
    assert split_types(BO, 2) == ["B-PER0", "O"]


def test_a_corpus_is_saved_with_the_names_of_its_tags(tmp_path):
    saved = load_from_disk(save_corpus([ADA, BO], Corpus(2, types_of_one=2), tmp_path))
    assert saved["id"][:] == ["0", "1"]
    assert tag_column(saved) == [["B-PER1", "I-PER1", "O", "O"], ["B-PER0", "O", "O"]]
    assert saved.features["ner_tags"].feature.names == ["O", "B-PER0", "I-PER0", "B-PER1", "I-PER1"]


def test_a_summary_has_medians_of_time_and_the_highest_peaks():
    run = {"rows": 90, "drawn": 100, "bytes": 5000, "peak_mib": 5, "peak_mib_of_a_worker": 7}
    runs = [{**run, "seconds": 1.0}, {**run, "seconds": 4.0, "peak_mib": 6}, {**run, "seconds": 2.0}]
    assert summary(runs) == {
        "rows": 90,
        "drawn": 100,
        "bytes_a_row": 50,
        "seconds": 2.0,
        "microseconds_a_row": 20000.0,
        "peak_mib": 6,
        "peak_mib_of_a_worker": 7,
    }


def test_a_results_file_says_versions_and_what_the_machine_did():
    said = environment()
    assert list(said)[:2] == ["python", "torch"]
    assert said["cpus"] == os.cpu_count() and said["load_average"] >= 0
