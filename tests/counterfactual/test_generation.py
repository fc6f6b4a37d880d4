"""Sets, interventions and verdicts in one call; the mix and the control."""

from functools import partial

import pytest
from datasets import ClassLabel, Dataset, Features, IterableDataset, List, Value, concatenate_datasets

from hf_cfgen import CfgenConfig, CfgenError, EntitySets, Intervene, generate_counterfactuals, mix
from hf_cfgen.counterfactual.baselines import shuffle_within_segments
from hf_cfgen.counterfactual.generation import random_swap
from hf_cfgen.counterfactual.train_split import with_ids
from hf_cfgen.modeling.pipeline import as_discriminator

from ..taggers import LABELS, lexicon_tagger


def dataset(sentences: list[str], tags: list[str], **columns) -> Dataset:
    features = {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=LABELS))}
    rows = {
        "tokens": [words.split() for words in sentences],
        "ner_tags": [[LABELS.index(tag) for tag in row.split()] for row in tags],
    }
    features |= {name: Value("string") for name in columns}
    return Dataset.from_dict({**rows, **columns}, features=Features(features))


TRAIN = dataset(
    ["Ada met Bo", "Cy in Rome", "in Oslo", "no one"],
    ["B-PER O B-PER", "B-PER O B-LOC", "O B-LOC", "O O"],
    id=["a", "b", "c", "d"],
)
# Cy is unknown to this reader and Oslo is a person to it
JUDGE = as_discriminator(
    *lexicon_tagger({"Ada": "B-PER", "Bo": "B-PER", "Rome": "B-LOC", "Oslo": "B-PER"}, ["met", "in", "Cy"])
)


def test_kept_rejected_and_counts_are_complete():
    kept, rejected, counts = generate_counterfactuals(TRAIN, JUDGE, CfgenConfig("budget", k=99))
    # a: Ada -> Bo, Cy; Bo -> Ada, Cy. b: Cy -> Ada, Bo; Rome -> Oslo. c: Oslo -> Rome
    assert sorted(" ".join(tokens) for tokens in kept["tokens"]) == [
        "Ada in Rome",
        "Ada met Ada",
        "Bo in Rome",
        "Bo met Bo",
        "in Rome",
    ]
    assert sorted((" ".join(row["tokens"]), row["reason"]) for row in rejected) == [
        ("Ada met Cy", "missed"),
        ("Cy in Oslo", "wrong_type"),
        ("Cy met Bo", "missed"),
    ]
    assert counts.to_dict() == {
        "examples": 4,
        "examples_without_candidates": 1,
        "drawn": 8,
        "duplicates": 0,
        "candidates": 8,
        "kept": 5,
        "rejected": {"missed": 2, "wrong_type": 1},
        "by_type": {
            "LOC": {"mentions": 2, "forms": 2, "candidates": 2, "kept": 1},
            "PER": {"mentions": 3, "forms": 3, "candidates": 6, "kept": 4},
        },
        "unswappable_types": [],
    }
    assert set(kept["reason"]) == {None}
    assert all(score > 0.5 for score in kept["score"]) and all(score < 0.5 for score in rejected["score"])
    assert kept.features == rejected.features


def test_without_a_discriminator_every_candidate_is_kept_unjudged():
    kept, rejected, counts = generate_counterfactuals(TRAIN, None, CfgenConfig("budget", k=99))
    assert (len(kept), len(rejected), counts.rejected) == (8, 0, {})
    assert set(kept["score"]) == {None} == set(kept["reason"])


def test_duplicates_of_observational_rows_and_of_earlier_candidates_are_left_out():
    # Ada in -> Bo in stands in the data; both sources make Cy in: the first one's stays
    train = dataset(["Ada in", "Bo in", "Cy met"], ["B-PER O"] * 2 + ["B-PER O"], id=["1", "2", "3"])
    kept, _, counts = generate_counterfactuals(train, None, CfgenConfig("budget", k=99))
    assert sorted((row["source_id"], " ".join(row["tokens"])) for row in kept) == [
        ("1", "Cy in"),
        ("3", "Ada met"),
        ("3", "Bo met"),
    ]
    assert (counts.drawn, counts.duplicates, counts.candidates) == (6, 3, 3)


def test_the_same_text_with_another_label_is_a_duplicate_too():
    train = dataset(["Paris fell", "Troy fell", "Paris slept"], ["B-PER O", "B-LOC O", "B-LOC O"], id=["1", "2", "3"])
    kept, _, counts = generate_counterfactuals(train, None, CfgenConfig("budget", k=99))
    # 2 makes "Paris fell", the tokens of 1, where Paris is a person
    assert [" ".join(tokens) for tokens in kept["tokens"]] == ["Troy slept"]
    assert counts.duplicates == 1


def test_tokens_and_not_their_joined_text_make_a_duplicate():
    train = dataset(["New York", "NewYork", "York"], ["B-LOC I-LOC", "B-LOC", "B-LOC"], id=["1", "2", "3"])
    kept, _, counts = generate_counterfactuals(train, None, CfgenConfig("budget", k=99))
    assert (len(kept), counts.duplicates) == (0, 6)
    train = dataset(
        ["in New York", "in NewYork", "at Rome"], ["O B-LOC I-LOC", "O B-LOC", "O B-LOC"], id=["1", "2", "3"]
    )
    kept = generate_counterfactuals(train, None, CfgenConfig("budget", k=99)).kept
    assert sorted(kept["tokens"]) == [["at", "New", "York"], ["at", "NewYork"], ["in", "Rome"]]


def test_rows_and_verdicts_are_the_same_for_any_batching_processes_and_kind_of_data_set():
    expected = generate_counterfactuals(TRAIN, JUDGE, CfgenConfig("budget", k=2))
    for kwargs in ({"batch_size": 1}, {"batch_size": 3}, {"num_proc": 2}):
        made = generate_counterfactuals(TRAIN, JUDGE, CfgenConfig("budget", k=2), **kwargs)
        assert (made.kept.to_list(), made.rejected.to_list(), made.counts) == (
            expected.kept.to_list(),
            expected.rejected.to_list(),
            expected.counts,
        )
    streamed = generate_counterfactuals(TRAIN.to_iterable_dataset(), JUDGE, CfgenConfig("budget", k=2))
    assert streamed.kept.to_list() == expected.kept.to_list()


def test_what_can_be_passed_on_to_map_is_said_and_all_else_refused():
    with pytest.raises(CfgenError, match=r"cache_file_name can't be passed on to map here: it takes num_proc"):
        generate_counterfactuals(TRAIN, JUDGE, cache_file_name="x.arrow")


def test_counterfactual_rows_are_not_taken_for_observational_ones():
    kept = generate_counterfactuals(TRAIN, None, CfgenConfig("budget", k=1)).kept
    with pytest.raises(CfgenError, match=r"columns source_id, .* which counterfactual rows add: give observational"):
        generate_counterfactuals(kept, None)


def test_examples_whose_candidates_are_all_duplicates_have_none():
    train = dataset(["New York", "York"], ["B-LOC I-LOC", "B-LOC"], id=["1", "2"])
    counts = generate_counterfactuals(train, None, CfgenConfig("budget", k=9)).counts
    assert (counts.drawn, counts.candidates, counts.examples_without_candidates) == (2, 0, 2)


def test_ids_are_added_where_there_are_none_and_must_be_unique():
    kept = generate_counterfactuals(TRAIN.remove_columns("id"), None, CfgenConfig("budget", k=1)).kept
    assert kept["id"][:] == ["0#0", "1#0", "2#0"]
    twice = TRAIN.remove_columns("id").add_column("id", ["a", "b", "a", "c"])
    with pytest.raises(CfgenError, match=r"^2 rows have the id 'a': give each row a unique id"):
        generate_counterfactuals(twice)


def test_the_mix_holds_every_row_once_with_its_origin():
    kept = generate_counterfactuals(TRAIN, JUDGE, CfgenConfig("budget", k=99)).kept
    mixed = mix(TRAIN, kept, seed=3)
    assert sorted(mixed["id"]) == sorted([*TRAIN["id"], *kept["id"]])
    by_id = {row["id"]: row for row in mixed}
    assert by_id["b"] == {
        **TRAIN[1],
        "source_id": "b",
        "is_counterfactual": False,
        "replaced": [],
        "score": None,
        "reason": None,
    }
    assert by_id[kept["id"][0]] == kept[0]
    assert mix(TRAIN.to_iterable_dataset(), kept, seed=3).to_list() == mixed.to_list()
    with pytest.raises(CfgenError, match=r"which counterfactual rows add: give observational examples"):
        mix(mixed, kept)
    assert mix(TRAIN, kept, seed=3).to_list() == mixed.to_list() != mix(TRAIN, kept, seed=4).to_list()
    assert mixed["id"][:] != [*TRAIN["id"], *kept["id"]]
    assert mixed.features == kept.features


def test_an_example_with_an_id_that_a_counterfactual_may_get_is_an_error_before_any_is_made():
    def named(*ids: str) -> Dataset:
        return TRAIN.remove_columns("id").add_column("id", list(ids))

    for make in (
        lambda train: generate_counterfactuals(train, None, CfgenConfig("budget", k=1)),
        partial(shuffle_within_segments, p=0.5),
    ):
        with pytest.raises(CfgenError, match=r"^the id 'b#c#12' is reserved for counterfactuals of row 'b#c'"):
            make(named("a", "b#c#12", "b#c", "d"))
        for ids in (["a", "x#12", "b#c", "d"], ["a", "a#b", "a#1b", "a#"], ["a", "a#01", "c", "d"]):
            make(named(*ids))  # of no row, or with no such number
    clash = named("a", "a#0", "c", "d")
    assert with_ids(clash)["id"][:] == ["a", "a#0", "c", "d"]  # nothing is made of them
    with pytest.raises(CfgenError, match=r"2 rows have the id 'a#0': mix each counterfactual once, with the ex"):
        mix(clash, generate_counterfactuals(TRAIN, None, CfgenConfig("budget", k=1)).kept)


def test_a_counterfactual_that_is_mixed_in_twice_is_an_error():
    kept = generate_counterfactuals(TRAIN, None, CfgenConfig("budget", k=1)).kept
    with pytest.raises(CfgenError, match=r"2 rows have the id 'a#0': mix each counterfactual once"):
        mix(TRAIN, concatenate_datasets([kept, kept]))


def test_a_train_split_without_rows_is_an_error_where_the_sets_are_given_too():
    with pytest.raises(CfgenError, match=r"the train split has no rows: there is nothing to swap in"):
        generate_counterfactuals(TRAIN.select([]), entity_sets=EntitySets.from_dataset(TRAIN))
    stream = IterableDataset.from_generator(lambda: iter([]), features=TRAIN.features)
    with pytest.raises(CfgenError, match=r"the train split has no rows: there is nothing to swap in"):
        generate_counterfactuals(stream, entity_sets=EntitySets.from_dataset(TRAIN))


def test_a_stream_without_features_keeps_the_columns_that_its_first_row_lacks():
    rows = [
        {"tokens": ["Ada"], "ner_tags": ["B-PER"], "id": "a"},
        {"tokens": ["Bo", "ran"], "ner_tags": ["B-PER", "O"], "id": "b", "source": "n1"},
    ]
    stream = IterableDataset.from_generator(lambda: iter(rows))
    assert stream.features is None
    kept = generate_counterfactuals(stream).kept
    assert list(zip(kept["id"], kept["source"])) == [("a#0", None), ("b#0", "n1")]
    rows[1] = {**rows[1], "score": 1.0}
    with pytest.raises(CfgenError, match=r"columns score, which counterfactual rows add"):
        generate_counterfactuals(stream)


def test_more_words_than_a_table_holds_are_an_error(monkeypatch):
    intervene = Intervene.from_dataset(TRAIN)
    monkeypatch.setattr("hf_cfgen.utils.arrow_arrays._MAX_OFFSET", 20)
    with pytest.raises(CfgenError, match=r"\d+ words or bytes in a batch of rows: give a smaller batch_size"):
        intervene(TRAIN.with_format("arrow")[:])


def test_the_control_samples_as_many_candidates_whatever_the_verdict():
    candidates = generate_counterfactuals(TRAIN, None, CfgenConfig("budget", k=99)).kept
    samples = [random_swap(candidates, 5, seed)["id"][:] for seed in range(20)]
    order = {row_id: i for i, row_id in enumerate(candidates["id"])}
    assert all(len(set(sample)) == 5 and sample == sorted(sample, key=order.get) for sample in samples)
    assert {row_id for sample in samples for row_id in sample} == set(candidates["id"])
    assert random_swap(candidates, 5, 0)["id"][:] == samples[0]
    assert random_swap(candidates, 8)["id"][:] == candidates["id"][:]
    for n in (9, -1):
        with pytest.raises(CfgenError, match=rf"n is {n} of 8 candidates: give a number of 0 to 8"):
            random_swap(candidates, n)
