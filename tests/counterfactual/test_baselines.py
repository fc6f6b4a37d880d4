"""The baselines of Dai & Adel: what they may change, how often, and from what the draws come."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise, product

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cfgen import CfgenError, EntitySets, mix
from hf_cfgen.counterfactual.baselines import BASELINES
from hf_cfgen.data.columns import counterfactual_features
from hf_cfgen.tagging.spans import SCHEMES, scheme_tags, spans_to_tags, tags_to_spans

from .test_intervention import labelled_sentences, rows

Baseline = Callable[..., Dataset]
mention_replacement, label_wise_token_replacement, shuffle_within_segments = BASELINES.values()
EVERY = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
TRAIN = rows(
    ("in Rome Bo met Cy", "O B-LOC B-PER O B-PER"),
    ("New York saw Cy", "B-LOC I-LOC O B-PER"),
    ("nothing here", "O O"),
    ("Oslo Oslo", "B-LOC B-LOC"),
)


def texts(made: Dataset, source: str) -> set[str]:
    return {" ".join(row["tokens"]) for row in made if row["source_id"] == source}


def test_the_names_are_those_of_the_paper():
    assert list(BASELINES) == ["mention-replacement", "label-wise-token-replacement", "shuffle-within-segments"]


def test_where_each_type_has_two_forms_every_mention_becomes_the_other_one():
    train = rows(("in Rome , Bo", "O B-LOC O B-PER"), ("New York : Al Ba", "B-LOC I-LOC O B-PER I-PER"))
    swap = {"label": "LOC", "original": ["Rome"], "replacement": ["New", "York"]}
    other = {"label": "PER", "original": ["Bo"], "replacement": ["Al", "Ba"]}
    made = {"source_id": "a", "is_counterfactual": True, "score": None, "reason": None}
    assert mention_replacement(train, p=1.0).to_list() == [
        made
        | {"id": "a#0", "tokens": ["in", "New", "York", ",", "Al", "Ba"]}
        | {"ner_tags": ["O", "B-LOC", "I-LOC", "O", "B-PER", "I-PER"]}
        | {"replaced": [swap | {"start": 1, "end": 3}, other | {"start": 4, "end": 6}]},
        made
        | {"id": "b#0", "source_id": "b", "tokens": ["Rome", ":", "Bo"], "ner_tags": ["B-LOC", "O", "B-PER"]}
        | {
            "replaced": [
                swap | {"start": 0, "end": 1, "original": ["New", "York"], "replacement": ["Rome"]},
                other | {"start": 2, "end": 3, "original": ["Al", "Ba"], "replacement": ["Bo"]},
            ]
        },
    ]


def test_mentions_are_replaced_by_others_of_their_type_in_every_combination():
    made = mention_replacement(TRAIN, p=0.5, copies=500)
    places, people = ["Rome", "New York", "Oslo"], ["Bo", "Cy"]
    for source, sentences in {
        "a": {f"in {place} {one} met {two}" for place, one, two in product(places, people, people)},
        "b": {f"{place} saw {one}" for place, one in product(places, people)},
        "c": {"nothing here"},
        "d": {f"{one} {two}" for one, two in product(places, places)},
    }.items():
        assert texts(made, source) == sentences - {" ".join(tokens) for tokens in TRAIN["tokens"]}


def test_tokens_are_replaced_by_those_of_the_same_full_tag_in_every_combination():
    made = label_wise_token_replacement(TRAIN, p=0.9, copies=9000)
    outside, places, people = ["in", "met", "saw", "nothing", "here"], ["Rome", "New", "Oslo"], ["Bo", "Cy"]
    for source, pools in {
        "a": [outside, places, people, outside, people],
        "b": [places, ["York"], outside, people],
        "c": [outside, outside],
        "d": [places, places],
    }.items():
        sentences = {" ".join(tokens) for tokens in product(*pools)}
        assert texts(made, source) == sentences - {" ".join(tokens) for tokens in TRAIN["tokens"]}


def test_tokens_are_shuffled_within_mentions_and_between_them_in_every_combination():
    train = rows(
        ("x y New York City Rome z", "O O B-LOC I-LOC I-LOC B-LOC O"), ("Bo Cy Al", "B-PER B-PER I-PER"), ("x", "O")
    )
    made = shuffle_within_segments(train, p=0.5, copies=400)
    cities = ["New York City", "New City York", "York New City", "York City New", "City New York", "City York New"]
    sentences = {f"{left} {city} Rome z" for left, city in product(["x y", "y x"], cities)}
    assert texts(made, "a") == sentences - {"x y New York City Rome z"}
    assert texts(made, "b") == {"Bo Al Cy"} and texts(made, "c") == set()
    # of each segment of two words every second is shuffled, which turns every second of those; 4 standard errors
    distinct = rows(*[(f"a{i} b{i} c{i} d{i}", "O O B-X I-X") for i in range(2000)])
    moved = [row["tokens"] for row in shuffle_within_segments(distinct, p=0.5)]
    assert sum(words[0][0] == "b" for words in moved) == pytest.approx(500, abs=78)
    assert sum(words[2][0] == "d" for words in moved) == pytest.approx(500, abs=78)
    assert len(moved) == pytest.approx(2000 * 7 / 16, abs=89)


def test_mentions_are_replaced_as_often_as_asked_by_forms_as_often_as_they_occur():
    number, p = 3000, 0.3
    words = ["A"] * number + ["B"] * 900 + ["C"] * 300
    train = Dataset.from_dict(
        {"tokens": [[word, f"w{i}"] for i, word in enumerate(words)], "ner_tags": [["B-X", "O"]] * len(words)}
    )
    made = [row for row in mention_replacement(train, p) if int(row["source_id"]) < number]
    swaps = Counter(row["tokens"][0] for row in made)
    # 4 standard errors of binomial counts
    assert len(made) == pytest.approx(number * p, abs=4 * (number * p * (1 - p)) ** 0.5)
    assert set(swaps) == {"B", "C"}
    assert swaps["B"] == pytest.approx(0.75 * len(made), abs=4 * (len(made) * 3 / 16) ** 0.5)


def test_tokens_are_replaced_as_often_as_asked_by_tokens_as_often_as_they_occur():
    number, p = 3000, 0.3
    tokens = [[word, f"w{i}"] for i, word in enumerate(["A"] * number + ["B"] * 900 + ["C"] * 300)]
    train = Dataset.from_dict({"tokens": tokens, "ner_tags": [["B-X", "O"]] * len(tokens)})
    made = [row["tokens"] for row in label_wise_token_replacement(train, p) if int(row["source_id"]) < number]
    firsts = Counter(first for first, _ in made)
    # B is 900 of 4200 tokens with the tag B-X, C is 300
    for word, share in (("B", p * 900 / 4200), ("C", p * 300 / 4200)):
        assert firsts[word] == pytest.approx(number * share, abs=4 * (number * share * (1 - share)) ** 0.5)


@settings(max_examples=60, deadline=None)
@given(labelled_sentences(), st.sampled_from(SCHEMES), st.floats(0.05, 1), st.integers(1, 4), st.integers(0, 3))
def test_what_stays_as_it_was(sentences, scheme, p, copies, seed):
    names = scheme_tags(["X", "Y"], scheme)
    tags = [spans_to_tags(spans, len(words), scheme) for words, spans in sentences]
    if not any(spans for _, spans in sentences):
        return
    features = {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    train = Dataset.from_dict(
        {
            "id": [f"s{i}" for i in range(len(sentences))],
            "tokens": [words for words, _ in sentences],
            "ner_tags": [[names.index(tag) for tag in row] for row in tags],
        },
        Features(features),
    )
    forms = {label: set(found) for label, found in EntitySets.from_dataset(train).forms.items()}
    pools: dict[str, set[str]] = {}
    for (words, _), row in zip(sentences, tags):
        for word, tag in zip(words, row):
            pools.setdefault(tag, set()).add(word)
    for baseline in BASELINES.values():
        made = baseline(train, p, copies, seed)
        all_tokens = [*train["tokens"], *made["tokens"]]
        assert len(set(map(tuple, made["tokens"]))) == len(made)
        assert not {tuple(tokens) for tokens in train["tokens"]} & {tuple(tokens) for tokens in made["tokens"]}
        assert len(all_tokens) <= len(train) * (1 + copies)
        for row in made:
            number = int(row["source_id"][1:])
            (words, spans), old_tags = sentences[number], tags[number]
            new_tags = [names[tag] for tag in row["ner_tags"]]
            assert row["id"] in {f"s{number}#{j}" for j in range(copies)}
            if baseline is mention_replacement:
                swaps = {swap["start"]: swap for swap in row["replaced"]}
                rebuilt, shift = list(words), 0
                for span, new in zip(spans, tags_to_spans(new_tags), strict=True):
                    assert (new.start, new.label) == (span.start + shift, span.label)
                    if new.start in swaps:
                        swap = swaps.pop(new.start)
                        assert (swap["end"], swap["label"]) == (new.end, new.label)
                        assert swap["original"] == words[span.start : span.end] != swap["replacement"]
                        assert tuple(swap["replacement"]) in forms[span.label]
                        rebuilt[new.start : new.start + span.end - span.start] = swap["replacement"]
                    shift = new.end - span.end
                assert rebuilt == row["tokens"] and not swaps and row["replaced"]
                assert spans_to_tags(tags_to_spans(new_tags), len(rebuilt), scheme) == new_tags
                continue
            assert new_tags == old_tags and row["replaced"] == []
            if baseline is label_wise_token_replacement:
                assert all(word in pools[tag] for word, tag in zip(row["tokens"], new_tags, strict=True))
                continue
            inside = [set(range(span.start, span.end)) for span in spans]
            edges = sorted({0, len(words), *(edge for span in spans for edge in span[:2])})
            for start, end in pairwise(edges):
                assert Counter(row["tokens"][start:end]) == Counter(words[start:end])
                assert set(range(start, end)) in inside or not set(range(start, end)) & set().union(*inside)


@EVERY
def test_the_rows_come_from_the_seed_and_the_id_whatever_the_order_and_the_kind_of_data_set(baseline):
    # numbered words, so that no row depends on another by being its duplicate
    sentences = [(f"w{i} v{i} Ada{i} Bo{i} u{i}", "O O B-PER I-PER O") for i in range(20)]
    train = rows(*sentences)
    made = baseline(train, 0.5, 2, 1)
    assert len(made) > 15
    assert baseline(train, 0.5, 2, 1).to_list() == made.to_list()
    assert baseline(train.to_iterable_dataset(), 0.5, 2, 1).to_list() == made.to_list()
    turned = baseline(train.select(range(19, -1, -1)), 0.5, 2, 1)
    assert turned.sort("id").to_list() == made.sort("id").to_list()
    assert baseline(train, 0.5, 2, 2).to_list() != made.to_list()
    # more copies are more rows, not others
    first = [row for row in made if row["id"].endswith("#0")]
    assert first == baseline(train, 0.5, 1, 1).to_list() != made.to_list()
    # and rows of the same tokens have draws of their own
    drawn = {tuple(row["tokens"]) for row in baseline(train, 0.5, 1, 1)}
    other = train.remove_columns("id").add_column("id", [f"other{i}" for i in range(20)])
    assert {tuple(row["tokens"]) for row in baseline(other, 0.5, 1, 1)} != drawn


@EVERY
def test_rows_have_the_columns_of_counterfactual_rows_and_can_be_mixed(baseline):
    train = TRAIN.add_column("pos_tags", [["X"] * len(tokens) for tokens in TRAIN["tokens"]])
    train = train.add_column("source", ["n1", "n2", "n3", "n4"])
    made = baseline(train, 1.0, 3, 5)
    assert made.features == counterfactual_features(train) and len(made) > 1
    assert all(row[name] is None for row in made for name in ("pos_tags", "score", "reason"))
    assert all(row["source"] == f"n{'abcd'.index(row['source_id']) + 1}" for row in made)
    assert set(made["is_counterfactual"]) == {True}
    mixed = mix(train, made)
    assert sorted(mixed["id"]) == sorted([*"abcd", *made["id"]])
    without = baseline(TRAIN.remove_columns("id"), 1.0, 3, 5)
    assert set(without["source_id"]) <= set("0123")
    assert all(row["id"] in {f"{row['source_id']}#{j}" for j in range(3)} for row in without)


def test_a_type_with_one_form_stays():
    train = rows(("Bo saw Rome", "B-PER O B-LOC"), ("Cy left Rome", "B-PER O B-LOC"))
    made = mention_replacement(train, 1.0)
    assert [(" ".join(row["tokens"]), len(row["replaced"])) for row in made] == [
        ("Cy saw Rome", 1),
        ("Bo left Rome", 1),
    ]
    assert mention_replacement(rows(("in Rome", "O B-LOC")), 1.0).to_list() == []


def test_a_scheme_that_is_named_is_that_of_the_rows():
    # B and I as IOB1 and as IOB2 have them: read as either, by its name alone
    mixed = rows(("in Rome Bo", "O I-LOC B-PER"), ("Oslo Cy", "B-LOC I-PER"))
    with pytest.raises(CfgenError, match="or name the scheme to read them leniently"):
        mention_replacement(mixed, 1.0)
    made = mention_replacement(mixed, 1.0, scheme="IOB2")
    assert made["ner_tags"][:] == [["O", "B-LOC", "B-PER"], ["B-LOC", "B-PER"]]
    assert mention_replacement(mixed, 1.0, scheme="IOB1")["ner_tags"][0] == ["O", "I-LOC", "I-PER"]
    with pytest.raises(CfgenError, match="where BIOES has S-LOC"):
        mention_replacement(TRAIN, 1.0, scheme="BIOES")


@EVERY
def test_bad_input_is_one_error_with_its_remedy(baseline):
    for p in (0, 1.5, float("nan")):
        with pytest.raises(CfgenError, match=rf"p is {p}: give a probability of more than 0, at most 1"):
            baseline(TRAIN, p)
    with pytest.raises(CfgenError, match=r"copies is 0: give an integer of at least 1"):
        baseline(TRAIN, 0.5, copies=0)
    with pytest.raises(CfgenError, match=r"seed is -1: give an integer of at least 0"):
        baseline(TRAIN, 0.5, seed=-1)
    with pytest.raises(CfgenError, match=r"DatasetDict was given where one split is needed"):
        baseline(DatasetDict({"train": TRAIN}), 0.5)
    with pytest.raises(CfgenError, match=r"which counterfactual rows add: give observational"):
        baseline(baseline(TRAIN, 0.5), 0.5)
