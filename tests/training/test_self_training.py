"""Pseudo-labels, on a tagger with known probabilities."""

from types import SimpleNamespace

import numpy as np
import pytest
from datasets import Dataset, concatenate_datasets

from hf_cfgen.counterfactual.generation import with_provenance
from hf_cfgen.data.columns import tag_column
from hf_cfgen.training.self_training import mix_pseudo_labeled, new_sentences, pseudo_label

LABELS = ["O", "I-A", "B-A", "B-B", "I-B"]
# of each word: its tag and the probability of it; the other tags have equal parts of the rest
WORDS = {
    "ada": ("B-A", 0.9),
    "lee": ("I-A", 0.7),
    "bo": ("B-B", 0.8),
    "cy": ("B-A", 0.625),
    "el": ("B-B", 0.625),
    "hi": ("O", 0.5),
    "so": ("O", 1.0),
}
SENTENCES = ["hi so", "hi ada lee", "cy so", "bo hi ada", "so el", "ada", "bo cy"]


class Stub:
    """A tagger that knows the words above."""

    model = SimpleNamespace(
        config=SimpleNamespace(id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    )

    def predict_probabilities(self, sentences):
        return [np.array([self.of(word) for word in words], dtype=np.float32) for words in sentences]

    def of(self, word):
        if word == "unseen":
            return [np.nan] * len(LABELS)
        tag, p = WORDS[word]
        return [p if label == tag else (1 - p) / (len(LABELS) - 1) for label in LABELS]


def unlabeled(texts):
    rows = {"id": [f"unlabeled-{row}" for row in range(len(texts))], "tokens": [text.split() for text in texts]}
    return Dataset.from_dict(rows)


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        (1, {1: 0.7, 2: 0.625, 3: 0.8, 4: 0.625, 5: 0.9, 6: 0.625}),
        (0.5, {1: 0.7, 3: 0.8, 5: 0.9}),
        (0.67, {1: 0.7, 2: 0.625, 3: 0.8, 5: 0.9}),  # of three equal ones, the first
        (0.3, {3: 0.8, 5: 0.9}),
        (0, {}),
    ],
)
def test_the_sentences_whose_least_certain_mention_is_most_certain_are_kept_in_order(share, kept):
    rows = pseudo_label(Stub(), unlabeled(SENTENCES), share)
    assert rows["id"][:] == [f"unlabeled-{row}" for row in kept]
    assert rows["tokens"][:] == [SENTENCES[row].split() for row in kept]
    assert rows["score"][:] == [np.float32(score) for score in kept.values()]


def test_a_pseudo_labeled_row_has_the_columns_of_a_row_of_the_mix_and_a_score():
    rows = pseudo_label(Stub(), unlabeled(["hi ada lee unseen bo"]), 1)
    assert rows.to_list() == [
        {
            "id": "unlabeled-0",
            "tokens": ["hi", "ada", "lee", "unseen", "bo"],
            "ner_tags": [0, 2, 1, 0, 3],
            "source_id": "unlabeled-0",
            "is_counterfactual": False,
            "replaced": [],
            "score": np.float32(0.7),
            "reason": None,
        }
    ]
    assert tag_column(rows) == [["O", "B-A", "I-A", "O", "B-B"]]
    train = Dataset.from_dict({"id": ["a"], "tokens": [["ada"]], "ner_tags": [[2]]})
    train = train.cast_column("ner_tags", rows.features["ner_tags"])
    assert with_provenance(train).features == {name: rows.features[name] for name in with_provenance(train).features}


def test_no_mention_gives_no_row():
    rows = pseudo_label(Stub(), unlabeled(["hi", "so so"]), 1)
    assert len(rows) == 0 and "score" in rows.column_names


def test_sentences_of_any_split_and_repeated_ones_are_left_out():
    splits = {
        name: unlabeled([text]) for name, text in {"train": "hi bo", "validation": "cy", "test": "so so"}.items()
    }
    found = new_sentences(unlabeled(["hi", "hi bo", "cy", "so so", "so", "hi", "hibo"]), splits)
    assert found["id"][:] == ["unlabeled-0", "unlabeled-4", "unlabeled-6"]


@pytest.mark.parametrize(("train", "extra"), [(7, 3), (2, 5), (4, 4)])
def test_both_parts_of_the_mix_are_equally_long_and_every_row_is_in_it(train, extra):
    pseudo = pseudo_label(Stub(), unlabeled(["ada"] * extra), 1)
    rows = {
        "id": [f"t{row}" for row in range(train)],
        "tokens": [["bo"]] * train,
        "ner_tags": [[3]] * train,
        "text": ["bo"] * train,
    }
    data = Dataset.from_dict(rows).cast_column("ner_tags", pseudo.features["ner_tags"])
    mixed = mix_pseudo_labeled(with_provenance(data), pseudo, seed=1)
    for ids, part in ((rows["id"], "t"), (pseudo["id"][:], "u")):
        counts = [list(mixed["id"]).count(key) for key in ids]
        assert sum(counts) == max(train, extra) and max(counts) - min(counts) <= 1 <= min(counts), part
    assert {text for key, text in zip(mixed["id"], mixed["text"]) if key.startswith("u")} == {None}
    again, other = (mix_pseudo_labeled(with_provenance(data), pseudo, seed)["id"][:] for seed in (1, 2))
    assert mixed["id"][:] == again != other
    assert mixed["id"][:] != concatenate_datasets([mixed.sort("id")])["id"][:]
