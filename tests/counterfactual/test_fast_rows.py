"""Generation with arrays gives the rows of generation in plain Python, columns and features included."""

import random
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, LargeList, List, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cfgen import CfgenConfig, CfgenError, EntitySets, Intervene, generate_counterfactuals, load_ner_dataset
from hf_cfgen.counterfactual.generation import unique_rows
from hf_cfgen.counterfactual.train_split import with_ids
from hf_cfgen.data.columns import counterfactual_features, example_batches, tag_column, tag_names
from hf_cfgen.data.scheme import find_scheme
from hf_cfgen.tagging.spans import SCHEMES, Span, detect_scheme, scheme_tags, spans_to_tags, tags_to_spans
from hf_cfgen.utils.hashing import first_seen

from ..plain_generation import plain_candidates, plain_sets, plain_unique_rows

# an empty one, others that are made of one another, and of one to four bytes
WORDS = ["", "a", "b", "ab", "aa", "a b", "é", "李", "李四", "𝒳", "\n", "#"]
TYPES = ["PER", "LOC", "人"]


def labelled(
    seed: int, sentences: int, scheme: str, *, words: list[str], mentions: int, longest: int, coded: bool
) -> Dataset:
    """Sentences with some mentions each, of few words, so that forms and whole rows are repeated."""
    draw = random.Random(seed)
    rows: dict[str, list[Any]] = {"id": [], "tokens": [], "ner_tags": [], "pos": [], "source": [], "topics": []}
    names = scheme_tags(TYPES, scheme)
    for i in range(sentences):
        tokens: list[str] = []
        spans = []
        for _ in range(draw.randint(0, mentions)):
            tokens += draw.choices(words, k=draw.choice([0, 0, 1, 3]))
            end = len(tokens) + draw.randint(1, longest)
            spans.append(Span(len(tokens), end, draw.choice(TYPES)))
            tokens += draw.choices(words, k=end - len(tokens))
        tokens += draw.choices(words, k=draw.randint(0, 2))
        tags = spans_to_tags(spans, len(tokens), scheme)
        rows["id"].append(f"s{i}" if i % 3 else f"{i}#李")
        rows["tokens"].append(tokens)
        rows["ner_tags"].append([names.index(tag) for tag in tags] if coded else tags)
        rows["pos"].append([f"p{len(token)}" for token in tokens])
        rows["source"].append(draw.choice([None, "n1", "n2"]))
        rows["topics"].append([{"of": i, "words": tokens[:2]}] * draw.randint(1, 2) if i % 2 else None)
    features = Features(
        {
            "tokens": List(Value("string")),
            "ner_tags": List(ClassLabel(names=names) if coded else Value("string")),
            "pos": List(Value("string")),
            "id": Value("string"),
            "source": Value("string"),
            "topics": List({"of": Value("int32"), "words": List(Value("string"))}),
        }
    )
    return Dataset.from_dict({name: rows[name] for name in features}, features=features)


def plain(train: Dataset, intervene: Intervene) -> tuple[Dataset, Dataset]:
    """Plain candidates, all and the unique ones."""
    columns = plain_candidates(intervene, train[:])
    drawn = Dataset.from_dict(columns, features=counterfactual_features(train))
    return drawn, drawn.select(plain_unique_rows(train, drawn))


def check(train: Dataset, config: CfgenConfig, entity_sets: EntitySets | None = None, **map_kwargs: Any) -> Dataset:
    intervene = Intervene.from_dataset(train, config, entity_sets)
    if entity_sets is None:
        assert intervene.entity_sets == plain_sets(train)
    if config.scheme is None:
        assert intervene.scheme == detect_scheme(tag_column(train), tag_names(train) or ())
    drawn, unique = plain(train, intervene)
    features = counterfactual_features(train)
    # and once more, with rows in another order in the file
    turned = train.select(range(len(train) - 1, -1, -1)).flatten_indices().select(range(len(train) - 1, -1, -1))
    for kind in (train.with_format("arrow"), train, turned.with_format("arrow")):
        options = {"batched": True, "remove_columns": train.column_names, "features": features}
        made = kind.map(intervene, **options, **map_kwargs).with_format(None)
        assert made.features == features and made.column_names == drawn.column_names
        assert made.to_list() == drawn.to_list()
    kept, _, counts = generate_counterfactuals(train, None, config, entity_sets=entity_sets, **map_kwargs)
    assert kept.features == features and kept.column_names == drawn.column_names
    assert kept.to_list() == unique.to_list()
    assert (counts.drawn, counts.candidates) == (len(drawn), len(unique))
    assert counts.examples_without_candidates == len(train) - len(set(unique["source_id"]))
    of_type = [item["label"] for replaced in unique["replaced"] for item in replaced]
    mentions = [span.label for tags in tag_column(train) for span in tags_to_spans(tags)]
    assert counts.to_dict()["by_type"] == {
        label: {
            "mentions": mentions.count(label),
            "forms": len(forms),
            "candidates": of_type.count(label),
            "kept": of_type.count(label),
        }
        for label, forms in intervene.entity_sets.forms.items()
    }
    return drawn


@pytest.mark.parametrize("coded", [True, False], ids=["names", "strings"])
@pytest.mark.parametrize("recipe", ["varied", "budget", "paper"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_rows_are_those_of_the_plain_way(scheme, recipe, coded):
    few = labelled(1, 40, scheme, words=WORDS, mentions=4, longest=2, coded=coded)
    config = CfgenConfig(recipe=recipe, k=6, seed=3, scheme=scheme)
    drawn = check(few, config)
    assert len(drawn) > 100 and len(plain_unique_rows(few, drawn)) < len(drawn)
    check(few, config, batch_size=7)
    many = labelled(2, 12, scheme, words=WORDS[:3], mentions=9, longest=4, coded=coded)
    assert len(check(many, CfgenConfig(recipe=recipe, k=30, seed=0, scheme=scheme), batch_size=5)) > 100


@pytest.mark.parametrize("k", [1, 2, 3, 5, 11, 30])
def test_every_budget_gives_the_plain_rows(k):
    for seed, longest in ((4, 1), (5, 3)):
        train = labelled(seed, 30, "IOB2", words=WORDS[:6], mentions=6, longest=longest, coded=True)
        for recipe in ("varied", "budget"):
            check(train, CfgenConfig(recipe=recipe, k=k, seed=seed))


sentences = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["", "", *TYPES]), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
        max_size=5,
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(
    sentences,
    st.sampled_from(SCHEMES),
    st.sampled_from(["varied", "budget", "paper"]),
    st.integers(1, 30),
    st.integers(0, 9),
    st.integers(1, 7),
)
def test_small_data_sets_give_the_plain_rows(parts, scheme, recipe, k, seed, batch_size):
    if not any(label for row in parts for label, _ in row):
        return
    rows: dict[str, list[Any]] = {"id": list(map(str, range(len(parts)))), "tokens": [], "ner_tags": []}
    for row in parts:
        words: list[str] = []
        spans = []
        for label, piece in row:
            spans += [Span(len(words), len(words) + len(piece), label)] if label else []
            words += piece
        rows["tokens"].append(words)
        rows["ner_tags"].append(spans_to_tags(spans, len(words), scheme))
    strings = List(Value("string"))
    features = Features({"id": Value("string"), "tokens": strings, "ner_tags": strings})
    train = Dataset.from_dict(rows, features=features)
    config = CfgenConfig(recipe=recipe, k=k, seed=seed, scheme=scheme)
    intervene = Intervene.from_dataset(train, config)
    assert intervene.entity_sets == plain_sets(train)
    drawn, unique = plain(train, intervene)
    made = [row for batch in train.iter(batch_size) for row in rows_of(intervene(batch))]
    assert made == drawn.to_list()
    assert drawn.select(unique_rows(train, drawn)).to_list() == unique.to_list()


def rows_of(batch: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(batch, values)) for values in zip(*batch.values())]


@pytest.mark.parametrize("name", ["demo:en", "demo:zh"])
@pytest.mark.parametrize("recipe", ["varied", "budget", "paper"])
def test_the_demo_corpora_give_the_plain_rows(name, recipe):
    train = load_ner_dataset(name, num_train_examples=150)["train"]
    assert len(check(train, CfgenConfig(recipe=recipe), num_proc=1 if recipe == "paper" else 2)) > 500


def test_tags_that_no_scheme_lays_out_are_read_as_leniently(monkeypatch):
    # which is refused before rows are made of them
    monkeypatch.setattr("hf_cfgen.data.scheme._check", lambda batches, scheme, where: None)
    tags = ["O", *(f"{prefix}-{label}" for label in "XY" for prefix in "BIEMSULW")]
    draw = random.Random(6)
    sizes = [draw.randint(0, 9) for _ in range(200)]
    rows = {
        "id": list(map(str, range(200))),
        "tokens": [draw.choices("abc", k=size) for size in sizes],
        "ner_tags": [draw.choices(tags, k=size) for size in sizes],
    }
    train = Dataset.from_dict(rows)
    for scheme in ("IOB1", "IOB2"):
        check(train, CfgenConfig(scheme=scheme, k=3))


def test_sets_of_other_data_give_the_plain_rows():
    train = labelled(7, 30, "IOB2", words=WORDS[:4], mentions=3, longest=2, coded=True)
    # a type with one form, which is the text of some of its mentions; one that the data lacks; and none of a third
    sets = EntitySets({"LOC": (("a",),), "ORG": (("x",),), "人": (("a", "b"), ("",), ("ab",))}, {})
    for recipe in ("budget", "paper"):
        drawn = check(train, CfgenConfig(recipe=recipe, k=4), sets)
        replaced = [item for (item,) in drawn["replaced"]]
        assert {item["label"] for item in replaced} == {"LOC", "人"}
        assert ["a"] not in [item["original"] for item in replaced if item["label"] == "LOC"]


def test_lists_and_strings_with_large_offsets_and_ids_that_are_numbers_stay_as_they_are():
    train = labelled(8, 20, "BIOES", words=WORDS, mentions=3, longest=2, coded=False).remove_columns("id")
    train = train.add_column("id", list(range(20))).cast_column("tokens", LargeList(Value("large_string")))
    train = train.cast_column("ner_tags", LargeList(Value("string")))
    drawn = check(train, CfgenConfig("budget", k=3))
    assert drawn.features["tokens"] == LargeList(Value("large_string"))


def test_a_batch_whose_rows_have_no_mention_and_an_empty_one_give_no_row():
    train = Dataset.from_dict({"id": ["a", "b"], "tokens": [["x"], ["y"]], "ner_tags": [["B-A"], ["B-A"]]})
    intervene = Intervene.from_dataset(train)
    nothing = {"id": ["c", "d"], "tokens": [["z"], []], "ner_tags": [["O"], []]}
    for batch in (nothing, {name: [] for name in nothing}):
        made = intervene(batch)
        assert set(map(len, made.values())) == {0} and list(made) == list(plain_candidates(intervene, batch))
        table = Dataset.from_dict(batch, features=train.features).with_format("arrow")[:]
        assert intervene(table).to_pydict() == made


def test_sets_without_a_form_to_swap_in_give_no_row():
    train = Dataset.from_dict({"id": ["a", "b"], "tokens": [["x"], ["x"]], "ner_tags": [["B-A"], ["B-A"]]})
    kept, rejected, counts = generate_counterfactuals(train)
    assert (len(kept), len(rejected), counts.drawn, counts.examples_without_candidates) == (0, 0, 0, 2)
    assert counts.to_dict()["by_type"] == {"A": {"mentions": 2, "forms": 1, "candidates": 0, "kept": 0}}
    assert kept.features == counterfactual_features(train)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_scheme_is_detected_as_from_all_rows(scheme):
    for seed in range(20):
        train = labelled(seed, 4, scheme, words=WORDS, mentions=2, longest=2, coded=False)
        assert scheme_of(train) == detect_scheme(train["ner_tags"])


def test_an_error_names_the_row_that_the_plain_way_names():
    draw = random.Random(9)
    for prefixes in ("BI", "BIES", "BILUE", "BMW"):
        tags = ["O", *(f"{prefix}-X" for prefix in prefixes)]
        rows = [draw.choices(tags, k=5) for _ in range(30)]
        train = Dataset.from_dict({"tokens": [["a"] * 5] * 30, "ner_tags": [["O"] * 5] * 10 + rows[10:]})
        if outcome(detect_scheme, train["ner_tags"]) != outcome(scheme_of, train):
            raise AssertionError(prefixes)


def test_a_row_begins_behind_nothing_whatever_ends_the_one_before():
    tags = [["B-A", "I-A", "I-A"], ["I-A"]]
    train = Dataset.from_dict({"tokens": [["a"] * 3, ["a"]], "ner_tags": tags})
    assert outcome(scheme_of, train) == outcome(detect_scheme, tags)
    assert "others with I, as in IOB1 (record 1: I-A)" in outcome(scheme_of, train)


def test_data_sets_that_are_read_in_parts_give_the_plain_rows(monkeypatch):
    monkeypatch.setattr("hf_cfgen.data.columns.BATCH_ROWS", 7)
    for coded in (True, False):
        train = labelled(10, 40, "BIOES", words=WORDS[:4], mentions=3, longest=2, coded=coded)
        check(train, CfgenConfig("budget", k=4))


def scheme_of(train: Dataset) -> str:
    return find_scheme((tags for _, tags in example_batches(train)), None, tag_names(train) or ())


def outcome(call: Any, argument: Any) -> str:
    try:
        return call(argument)
    except CfgenError as error:
        return str(error)


def test_data_sets_without_a_row_are_an_error_of_their_own_and_get_ids():
    nothing = Dataset.from_dict({"id": ["a"], "tokens": [["x"]], "ner_tags": [["O"]]}).select([])
    with pytest.raises(CfgenError, match="no mention in the train split"):
        generate_counterfactuals(nothing)
    for data in (nothing, nothing.remove_columns("id")):
        assert with_ids(data).num_rows == 0 and "id" in with_ids(data).column_names


def test_a_null_among_the_tokens_is_an_error():
    train = Dataset.from_dict({"id": ["a"], "tokens": [["x", None]], "ner_tags": [["B-A", "O"]]})
    with pytest.raises(CfgenError, match="record 0: null in the list of tokens"):
        Intervene.from_dataset(train)


def test_rows_of_the_same_tokens_are_found_wherever_they_stand(monkeypatch):
    draw = np.random.default_rng(0)
    # few words, so that many rows are the same
    rows = [["a", "aa", "", "é"][: draw.integers(1, 5)] * draw.integers(0, 4) for _ in range(200)]
    rows += [[WORDS[place] for place in draw.integers(0, 4, draw.integers(0, 5))] for _ in range(2000)]
    both = Dataset.from_dict({"tokens": rows}, features=Features({"tokens": List(Value("string"))}))
    train, drawn = both.select(range(300)), both.select(range(2199, 299, -1))
    expected = plain_unique_rows(train, drawn)
    assert unique_rows(train, drawn).tolist() == expected and 100 < len(expected) < 1500
    assert (
        unique_rows(train, drawn.select([])).tolist() == [] == unique_rows(train.select([]), drawn.select([])).tolist()
    )
    # in parts, as millions of them are
    monkeypatch.setattr("hf_cfgen.utils.hashing._SORTED_AT_ONCE", 100)
    assert unique_rows(train, drawn).tolist() == expected


def test_digests_whose_first_halves_are_the_same_are_told_apart_by_the_second():
    known, digests = ([1, 1, 5], [7, 8, 5]), ([1, 1, 2, 1, 2, 1], [8, 9, 8, 9, 7, 7])
    halves = [[np.array(half, dtype=np.uint64) for half in both] for both in (known, digests)]
    assert first_seen(*halves).tolist() == [1, 2, 4]
