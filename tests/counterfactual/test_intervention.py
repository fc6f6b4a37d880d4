"""Interventions."""

import subprocess
import sys
from collections import Counter
from functools import partial
from itertools import pairwise

import pytest
from datasets import Array2D, ClassLabel, Dataset, DatasetDict, Features, List, Value, load_from_disk
from datasets.formatting import PythonFormatter
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cfgen import CfgenConfig, CfgenError, EntitySets, Intervene, causal_effects, generate_counterfactuals
from hf_cfgen.counterfactual.baselines import label_wise_token_replacement
from hf_cfgen.counterfactual.train_split import stale_columns
from hf_cfgen.data.columns import counterfactual_features, tag_column, tag_strings
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.tagging.spans import SCHEMES, Span, scheme_tags, spans_to_tags, tags_to_spans
from hf_cfgen.training.trainer import EncodedSplit

from ..taggers import tiny_bert, wordpiece_tokenizer


def rows(*sentences: tuple[str, str]) -> Dataset:
    """Sentences of blank-separated words and tags, with ids a, b, ..."""
    return Dataset.from_dict(
        {
            "id": [chr(ord("a") + i) for i in range(len(sentences))],
            "tokens": [words.split() for words, _ in sentences],
            "ner_tags": [tags.split() for _, tags in sentences],
        }
    )


TRAIN = rows(
    ("Ada Lovelace met Bo in Rome", "B-PER I-PER O B-PER O B-LOC"),
    ("Bo saw New York City", "B-PER O B-LOC I-LOC I-LOC"),
    ("nothing here", "O O"),
    ("Cy left Rome", "B-PER O B-LOC"),
)


def candidates(train: Dataset, config: CfgenConfig, **kwargs) -> Dataset:
    intervene = Intervene.from_dataset(train, config, **kwargs)
    return train.map(
        intervene,
        batched=True,
        remove_columns=train.column_names,
        features=counterfactual_features(train),
    )


def test_the_paper_recipe_takes_one_mention_and_every_other_form_of_its_type():
    made = candidates(TRAIN, CfgenConfig(recipe="paper"))
    by_source = {source: [row for row in made if row["source_id"] == source] for source in ("a", "b", "c", "d")}
    assert by_source["c"] == []
    for source in "abd":
        swaps = [row["replaced"][0] for row in by_source[source]]
        label, original = swaps[0]["label"], tuple(swaps[0]["original"])
        assert all(swap["label"] == label and tuple(swap["original"]) == original for swap in swaps)
        others = [form for form in EntitySets.from_dataset(TRAIN).forms[label] if form != original]
        assert [tuple(swap["replacement"]) for swap in swaps] == others


def test_the_budget_recipe_draws_k_distinct_pairs_and_all_where_there_are_fewer():
    made = candidates(TRAIN, CfgenConfig("budget", k=3))
    # b: 2 other persons and 1 other place make 3; d likewise; a: 2 + 2 + 1 make 5, cut to 3
    assert Counter(made["source_id"]) == {"a": 3, "b": 3, "d": 3}
    made = candidates(TRAIN, CfgenConfig("budget", k=99))
    assert Counter(made["source_id"]) == {"a": 5, "b": 3, "d": 3}
    pairs = [(row["source_id"], str(row["replaced"])) for row in made]
    assert len(set(pairs)) == len(pairs)


def test_the_budget_recipe_uses_no_form_twice_in_a_row_before_all_have_been_used():
    names = [chr(ord("A") + i) for i in range(12)]
    train = rows(*[(f"{a} met {b}", "B-PER O B-PER") for a, b in pairwise(names)])
    for row_id in train["id"]:
        forms = [
            tuple(row["replaced"][0]["replacement"])
            for row in candidates(train, CfgenConfig("budget", k=8))
            if row["source_id"] == row_id
        ]
        assert len(forms) == 8 == len(set(forms))


def test_the_budget_recipe_covers_surface_forms_evenly_however_often_they_were_seen():
    names = [f"N{i}" for i in range(10)]
    common = [("N0", "B-PER")] * 300
    train = Dataset.from_dict(
        {
            "id": [str(i) for i in range(400)],
            "tokens": [[word] for word, _ in common] + [[names[i % 10]] for i in range(100)],
            "ner_tags": [["B-PER"]] * 400,
        }
    )
    drawn = Counter(row["replaced"][0]["replacement"][0] for row in candidates(train, CfgenConfig("budget", k=3)))
    # N1..N9 are drawn by 310 rows of N0 and, each by 80, of the others: 310 * 3 / 9 + 80 * 3 / 9 = 130 expected
    assert drawn["N0"] == pytest.approx(90 * 3 / 9, rel=0.5)
    assert all(drawn[name] == pytest.approx(130, rel=0.25) for name in names[1:])


def test_a_counterfactual_row_says_what_was_replaced_and_lays_tags_out_again():
    train = rows(("in Rome , Bo", "O B-LOC O B-PER"), ("New York", "B-LOC I-LOC"))
    made = {row["id"]: row for row in candidates(train, CfgenConfig("budget", k=1))}
    assert made == {
        "a#0": {
            "id": "a#0",
            "tokens": ["in", "New", "York", ",", "Bo"],
            "ner_tags": ["O", "B-LOC", "I-LOC", "O", "B-PER"],
            "source_id": "a",
            "is_counterfactual": True,
            "replaced": [{"start": 1, "end": 3, "label": "LOC", "original": ["Rome"], "replacement": ["New", "York"]}],
            "score": None,
            "reason": None,
        },
        "b#0": {
            "id": "b#0",
            "tokens": ["Rome"],
            "ner_tags": ["B-LOC"],
            "source_id": "b",
            "is_counterfactual": True,
            "replaced": [{"start": 0, "end": 1, "label": "LOC", "original": ["New", "York"], "replacement": ["Rome"]}],
            "score": None,
            "reason": None,
        },
    }


@st.composite
def labelled_sentences(draw):
    """A few sentences with disjoint spans of types X and Y, words from a small vocabulary."""
    sentences = []
    for _ in range(draw(st.integers(2, 5))):
        words, spans = [], []
        for label, length in draw(st.lists(st.tuples(st.sampled_from(["", "X", "Y"]), st.integers(1, 3)), max_size=6)):
            if label:
                spans.append(Span(len(words), len(words) + length, label))
            words += draw(st.lists(st.sampled_from("abcde"), min_size=length, max_size=length))
        sentences.append((words, spans))
    return sentences


@settings(max_examples=100, deadline=None)
@given(labelled_sentences(), st.sampled_from(SCHEMES), st.sampled_from(["budget", "paper"]), st.integers(0, 3))
def test_a_counterfactual_differs_from_its_source_exactly_in_the_replaced_mention(sentences, scheme, recipe, seed):
    names = scheme_tags(["X", "Y"], scheme)
    batch = {
        "id": [f"s{i}" for i in range(len(sentences))],
        "tokens": [words for words, _ in sentences],
        "ner_tags": [[names.index(t) for t in spans_to_tags(spans, len(words), scheme)] for words, spans in sentences],
    }
    if not any(spans for _, spans in sentences):
        return
    features = Features(
        {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    )
    train = Dataset.from_dict(batch, features=features)
    intervene = Intervene.from_dataset(train, CfgenConfig(recipe=recipe, seed=seed, scheme=scheme))
    made = intervene(batch)
    forms = {label: set(forms) for label, forms in intervene.entity_sets.forms.items()}
    for tokens, tags, source_id, replaced in zip(
        made["tokens"], made["ner_tags"], made["source_id"], made["replaced"]
    ):
        words, spans = sentences[int(source_id[1:])]
        (swap,) = replaced
        start, end, old = swap["start"], swap["end"], len(swap["original"])
        assert swap["original"] != swap["replacement"]
        assert tuple(swap["replacement"]) in forms[swap["label"]]
        assert tokens == words[:start] + swap["replacement"] + words[start + old :]
        assert words[start : start + old] == swap["original"]
        shift = end - start - old
        expected = [Span(s + shift * (s > start), e + shift * (e > start), label) for s, e, label in spans]
        assert tags_to_spans([names[tag] for tag in tags]) == expected
        assert [names[tag] for tag in tags] == spans_to_tags(expected, len(tokens), scheme)
        assert Span(start, end, swap["label"]) in expected


def test_rows_do_not_depend_on_batch_size_processes_order_or_the_kind_of_data_set(tmp_path):
    TRAIN.save_to_disk(tmp_path / "train")
    expected = candidates(TRAIN, CfgenConfig("budget", k=2)).to_list()
    assert len(expected) == 6
    on_disk = load_from_disk(tmp_path / "train")
    intervene = Intervene.from_dataset(on_disk, CfgenConfig("budget", k=2))
    features = counterfactual_features(TRAIN)
    for kwargs in ({"batch_size": 1}, {"batch_size": 3}, {"num_proc": 2}, {"writer_batch_size": 1}):
        made = on_disk.map(intervene, batched=True, remove_columns=TRAIN.column_names, features=features, **kwargs)
        assert made.to_list() == expected
    streamed = TRAIN.to_iterable_dataset().map(
        intervene, batched=True, remove_columns=TRAIN.column_names, features=features
    )
    assert list(streamed) == expected
    turned = candidates(TRAIN.select([3, 2, 1, 0]), CfgenConfig("budget", k=2)).sort("id")
    assert turned.to_list() == expected


def test_rows_do_not_depend_on_the_hash_seed():
    code = (
        "from tests.counterfactual.test_intervention import *\n"
        "print(candidates(TRAIN, CfgenConfig('budget', k=2, seed=7)).to_list())\n"
        "from datasets.fingerprint import Hasher\n"
        "print(Hasher.hash(Intervene.from_dataset(TRAIN, CfgenConfig('budget', k=2))))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**__import__("os").environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "'a#0'" in outputs.pop()


def test_the_seed_changes_the_draws():
    texts = {str(candidates(TRAIN, CfgenConfig("budget", k=1, seed=seed))["tokens"][:]) for seed in range(8)}
    assert len(texts) > 1


def test_the_cache_is_hit_by_an_equal_transform_and_missed_by_any_other(tmp_path):
    TRAIN.save_to_disk(tmp_path / "train")
    train = load_from_disk(tmp_path / "train")
    gazetteer = EntitySets.from_dataset(train, gazetteer={"LOC": [["Oslo"]]})
    first = candidates(train, CfgenConfig("budget"))._fingerprint
    assert candidates(train, CfgenConfig("budget"))._fingerprint == first
    for config in (
        CfgenConfig("budget", seed=1),
        CfgenConfig("budget", k=4),
        CfgenConfig(recipe="paper"),
        CfgenConfig(scheme="IOB2"),
    ):
        assert candidates(train, config)._fingerprint != first
    assert candidates(train, CfgenConfig("budget"), entity_sets=gazetteer)._fingerprint != first


def test_columns_that_a_swap_makes_false_become_null_and_others_are_carried(caplog):
    train = TRAIN.add_column("pos_tags", [["X"] * len(tokens) for tokens in TRAIN["tokens"]])
    train = train.add_column("source", ["n1", "n2", "n3", "n4"])
    train = train.add_column(
        "raw", ["Ada Lovelace met Bo in Rome", "Bo saw New York City", "nothing here", "Cy left Rome"]
    )
    train = train.add_column("topics", [["t"], ["t", "u"], [], ["v"]])
    made = candidates(train, CfgenConfig("budget", k=1))
    assert [record.message for record in caplog.records if "null on counterfactual" in record.message] == [
        "null on counterfactual rows, since a swap makes them false: pos_tags, raw"
    ]
    assert made.to_dict()["pos_tags"] == [None] * 3 == made.to_dict()["raw"]
    assert made.to_dict()["source"] == ["n1", "n2", "n4"]
    assert made.to_dict()["topics"] == [["t"], ["t", "u"], ["v"]]


def test_a_column_that_is_missing_in_some_rows_or_named_text_becomes_null_too():
    train = TRAIN.add_column("pos_tags", [None, ["X"] * 5, [], ["X"] * 3])
    train = train.add_column("text", ["other blanks", "and quotes", "", "than the tokens"])
    for kind in (train, train.with_format("numpy"), train.to_iterable_dataset()):
        assert Intervene.from_dataset(kind).stale_columns == ("pos_tags", "text")


def test_columns_that_a_swap_makes_false_are_those_that_are_so_in_every_row_that_has_a_value(monkeypatch):
    words = TRAIN["tokens"][:]
    columns = {
        "aligned": [[0] * len(row) for row in words],
        "longer_at_last": [*([0] * len(row) for row in words[:3]), [0] * 4],
        "some": [None, [], ["X", "Y"], None],
        "empty": [None, [], [], None],
        "pairs": [[0, 1], None, [2, 3], [4, 5]],
        "objects": [[{"start": 0}], None, [], [{"start": 1}] * 3],
        "joined": [None, *(" ".join(row) for row in words[1:])],
        "other_at_last": [*("".join(row) for row in words[:3]), ""],
        "null": [None] * 4,
        "number": [None, 1, 2, 3],
        "object": [{"a": 1}] * 4,
        "dense": [[[0.0, 1.0]] * len(row) for row in words],
        "title": [None, None, None, "x"],
    }
    train = TRAIN.add_column("first", ["x"] * 4)
    for name, values in columns.items():
        kind = {"pairs": List(Value("int64"), length=2), "dense": Array2D((None, 2), "float32")}.get(name)
        train = train.add_column(name, values, feature=kind)
    expected = ("aligned", "some", "objects", "joined", "dense")

    def rows_are_not_made_of_python_objects(*_):
        raise AssertionError

    for kind in (train, train.with_format("numpy"), train.select(range(4)), train.to_iterable_dataset()):
        assert stale_columns(kind) == expected
    assert stale_columns(train.select([3, 2, 1, 0])) == expected
    monkeypatch.setattr("hf_cfgen.data.columns.BATCH_ROWS", 1)
    assert stale_columns(train) == expected
    monkeypatch.setattr(PythonFormatter, "format_row", rows_are_not_made_of_python_objects)
    assert stale_columns(train) == expected


def test_a_change_of_the_code_s_version_misses_the_cache(tmp_path, monkeypatch):
    TRAIN.save_to_disk(tmp_path / "train")
    train = load_from_disk(tmp_path / "train")
    first = candidates(train, CfgenConfig("budget"))._fingerprint
    monkeypatch.setattr("hf_cfgen.counterfactual.intervention._VERSION", 99)
    assert candidates(train, CfgenConfig("budget"))._fingerprint != first


def test_data_that_is_not_in_the_scheme_named_is_an_error():
    train = rows(("Ada Byron met Bo", "B-PER I-PER O B-PER"), ("Cy", "B-PER"))
    with pytest.raises(CfgenError, match=r"record 0, word 1: the tag is I-PER where BILOU has L-PER: name the scheme"):
        Intervene.from_dataset(train, CfgenConfig(scheme="BILOU"))
    # tags that are neither IOB1 nor IOB2 are read leniently where one is named
    mixed = rows(("Ada Byron met Bo", "I-PER I-PER O B-PER"), ("Cy", "B-PER"))
    with pytest.raises(CfgenError, match=r"some mentions begin with B, as in IOB2, others with I"):
        Intervene.from_dataset(mixed)
    for scheme in ("IOB1", "IOB2"):
        assert Intervene.from_dataset(mixed, CfgenConfig(scheme=scheme)).scheme == scheme


@pytest.mark.parametrize(
    ("scheme", "tags", "message"),
    [
        # rows in the one scheme and candidates in the other would stand in one output
        ("IOB1", ["O B-PER", "B-PER I-PER"], "record 0, word 1: the tag is B-PER where IOB1 has I-PER"),
        ("IOB2", ["I-PER B-PER", "O I-PER"], "record 0, word 0: the tag is I-PER where IOB2 has B-PER"),
        ("IOB2", ["O S-PER", "B-PER E-PER"], "record 0, word 1: the tag is S-PER where IOB2 has B-PER"),
        ("IOB1", ["O I-PER", "B-PER L-PER"], "record 1, word 0: the tag is B-PER where IOB1 has I-PER"),
        ("IOB2", ["O I-PER", "B-PER M-PER"], "record 0, word 1: the tag is I-PER where IOB2 has B-PER"),
    ],
)
def test_data_in_another_scheme_than_the_one_of_b_and_i_that_is_named_is_an_error(scheme, tags, message):
    train = rows(*(("x y", each) for each in tags))
    with pytest.raises(CfgenError, match=f"^{message}: name the scheme of the data, or none"):
        Intervene.from_dataset(train, CfgenConfig(scheme=scheme))


def test_columns_that_counterfactual_rows_add_are_refused():
    for name in ("source_id", "is_counterfactual", "replaced", "score", "reason"):
        with pytest.raises(CfgenError, match=rf"columns {name}, which counterfactual rows add"):
            Intervene.from_dataset(TRAIN.add_column(name, ["x"] * 4))


def test_a_type_with_one_form_is_not_swapped_and_is_warned_of(caplog):
    train = rows(("Bo saw Rome", "B-PER O B-LOC"), ("Cy saw Rome", "B-PER O B-LOC"))
    made = candidates(train, CfgenConfig("budget"))
    assert "types with one surface form, nothing to swap: LOC" in caplog.text
    assert {row["replaced"][0]["label"] for row in made} == {"PER"}
    # with another form in the gazetteer the type is swapped
    sets = EntitySets.from_dataset(train, gazetteer={"LOC": [["Oslo"]]})
    assert {row["replaced"][0]["label"] for row in candidates(train, CfgenConfig("budget"), entity_sets=sets)} == {
        "PER",
        "LOC",
    }


def test_tags_stay_in_the_scheme_of_the_data():
    train = rows(("Ada Byron met Bo", "B-PER E-PER O S-PER"), ("Cy Dee Eff", "B-PER I-PER E-PER"))
    for tags in tag_column(candidates(train, CfgenConfig("budget", k=9))):
        assert spans_to_tags(tags_to_spans(tags), len(tags), "BIOES") == tags
    assert Intervene.from_dataset(train).scheme == "BIOES"


def test_bad_input_is_one_error_with_its_remedy():
    with pytest.raises(CfgenError, match=r"DatasetDict was given where one split is needed: choose one of train"):
        Intervene.from_dataset(DatasetDict({"train": TRAIN}))
    with pytest.raises(CfgenError, match=r"no column id among tokens, ner_tags: rename"):
        Intervene.from_dataset(TRAIN.remove_columns("id"))
    with pytest.raises(CfgenError, match=r"no mention in the train split"):
        Intervene.from_dataset(rows(("a b", "O O")))
    with pytest.raises(CfgenError, match=r"tag 'X' is neither 'O' nor PREFIX-LABEL"):
        Intervene.from_dataset(rows(("a b", "X O")))
    with pytest.raises(CfgenError, match=r"unknown recipe 'all': choose one of varied, budget, paper"):
        CfgenConfig(recipe="all")
    with pytest.raises(CfgenError, match=r"k is 0: give a number of candidates per example, at least 1"):
        CfgenConfig("budget", k=0)
    with pytest.raises(CfgenError, match=r"k is 2.5: give"):
        CfgenConfig("budget", k=2.5)
    short = {"id": ["a", "b"], "tokens": [["Bo"], ["in", "Rome"]], "ner_tags": [["B-PER"], ["O"]]}
    with pytest.raises(CfgenError, match=r"record 1: 2 tokens and 1 tags: give one tag a token"):
        EntitySets.from_dataset(Dataset.from_dict(short))
    with pytest.raises(CfgenError, match=r"row b: 2 tokens and 1 tags: give one tag a token"):
        Intervene.from_dataset(TRAIN)(short)
    scalar = Dataset.from_dict({"tokens": [["Bo"]], "ner_tags": ["B-PER"]})
    with pytest.raises(CfgenError, match=r"ner_tags holds Value\('string'\): give a list"):
        EntitySets.from_dataset(scalar)
    fixed = Dataset.from_dict({"id": ["a"], "tokens": [["Bo", "ran"]], "ner_tags": [["B-PER", "O"]]})
    for name in ("tokens", "ner_tags"):
        of_two = fixed.cast_column(name, List(Value("string"), length=2))
        for kind in (of_two, of_two.to_iterable_dataset()):
            with pytest.raises(CfgenError, match=rf"{name} holds lists of the fixed length 2: cast it to List"):
                Intervene.from_dataset(kind)
    integers = Dataset.from_dict({"id": ["a"], "tokens": [["a"]], "ner_tags": [[0]]})
    with pytest.raises(CfgenError, match=r"int64 without names: cast it"):
        Intervene.from_dataset(integers)


def test_a_stream_of_integers_without_features_is_an_error():
    rows = {"id": ["a"], "tokens": [["Bo"]], "ner_tags": [[1]]}
    stream = Dataset.from_dict(rows).to_iterable_dataset().map(lambda row: row)
    assert stream.features is None
    with pytest.raises(CfgenError, match=r"ner_tags holds int without names: give the stream its features"):
        EntitySets.from_dataset(stream)


def test_a_stream_that_does_not_say_its_columns_is_an_error():
    stream = TRAIN.to_iterable_dataset().map(lambda row: row)
    assert stream.features is None
    with pytest.raises(CfgenError, match=r"the IterableDataset has no features: set them with \.cast"):
        Intervene.from_dataset(stream)


def test_a_view_of_some_columns_in_arrow_hides_no_other_one():
    view = TRAIN.with_format("arrow", columns=["tokens"])
    assert EntitySets.from_dataset(view).forms == EntitySets.from_dataset(TRAIN).forms
    assert Intervene.from_dataset(view) == Intervene.from_dataset(TRAIN)


def test_a_tag_without_a_name_is_an_error_wherever_it_goes_in():
    names = ("O", "B-A", "I-A")
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=list(names)))})
    train = Dataset.from_dict({"tokens": [["x"], [], ["x", "y"]], "ner_tags": [[1], [], [1, -1]]}, features=features)
    says = "tag {} has no name, there are 3 names from 0: correct it or, where a split is unlabelled, leave .* out"
    tokenizer = wordpiece_tokenizer(["x", "y"])
    model = tiny_bert(len(tokenizer), labels=names)
    calls = (
        EntitySets.from_dataset,
        generate_counterfactuals,
        partial(label_wise_token_replacement, p=1.0),
        partial(causal_effects, as_discriminator(model, tokenizer)),
        partial(EncodedSplit, model=model, tokenizer=tokenizer),
    )
    for call in calls:
        for kind in (train, train.with_format("numpy")):
            with pytest.raises(CfgenError, match=f"^record 2: {says.format(-1)}$"):
                call(kind)
    with pytest.raises(CfgenError, match=f"^record 2: {says.format(-1)}$"):
        EntitySets.from_dataset(train.to_iterable_dataset())
    intervene = Intervene(EntitySets({"A": (("x",),)}, {"A": (1,)}), CfgenConfig("budget"), "IOB2", names)
    for tag in (-1, 3):
        with pytest.raises(CfgenError, match=f"^row b: {says.format(tag)}$"):
            intervene({"id": ["a", "b"], "tokens": [["x"], ["x", "y"]], "ner_tags": [[1], [1, tag]]})
        with pytest.raises(CfgenError, match=f"^{says.format(tag)}$"):
            tag_strings([0, tag], names)


def test_a_class_label_that_lacks_a_tag_for_the_swap_is_an_error():
    names = ["O", "B-LOC"]
    features = Features(
        {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    )
    train = Dataset.from_dict(
        {"id": ["a", "b"], "tokens": [["Rome"], ["Oslo"]], "ner_tags": [[1], [1]]}, features=features
    )
    sets = EntitySets.from_dataset(train, gazetteer={"LOC": [["New", "York"]]})
    with pytest.raises(CfgenError, match=r"no label I-LOC, which IOB2 needs"):
        Intervene.from_dataset(train, CfgenConfig("budget", k=9), sets)(train[:])
