"""The diagnosis of a tagger: worked by hand, with labels that differ from the data's, and what is refused."""

import json
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st

import hf_cfgen.modeling.inference
from hf_cfgen import CfgenError, causal_effects
from hf_cfgen.causal.interventions import empty_words, intervened_predictions, map_labels
from hf_cfgen.evaluation.diagnosis import ChangedSentence, Diagnosis, diagnose, most_changed
from hf_cfgen.modeling.decoding import decode_tags
from hf_cfgen.modeling.encoding import WordEncoder
from hf_cfgen.modeling.pipeline import as_discriminator, as_tagger
from hf_cfgen.tagging.scoring import Effects, ner_scores
from hf_cfgen.tagging.spans import SCHEMES, scheme_tags, tags_to_spans

from ..taggers import LABELS, lexicon_tagger, predict_probabilities, tiny_bert, wordpiece_tokenizer

TEST = Dataset.from_dict(
    {
        "id": ["a", "b", "c"],
        "tokens": [["in", "Rome", "met", "Ada"], ["met", "Bo"], ["in", "Oslo"]],
        "ner_tags": [["O", "B-LOC", "O", "B-PER"], ["O", "B-PER"], ["O", "B-LOC"]],
    }
)
WORDS = {"Rome": "B-LOC", "Ada": "B-PER", "met": "B-PER"}  # one word too many, two too few
OTHERS = ["in", "Bo", "Oslo"]


def reader(labels: list[str] = LABELS, **words: str) -> Any:
    return as_tagger(*lexicon_tagger(words or WORDS, OTHERS, labels))


def points(effects: Effects) -> list[float]:
    return [getattr(effects, name) for name in ("f1", "f1_do_context", "f1_do_entity", "ace_c", "ace_e", "ri")]


# --- the whole ------------------------------------------------------------------------------------------------------


def test_a_diagnosis_worked_by_hand():
    # as it is: 2 hits of 4 predicted, 4 gold; do(c0): "met" is empty, 2 of 2; do(e0): the two "met" are left, 0 of 2
    diagnosis = diagnose(reader(), TEST, resamples=20)
    strict = diagnosis.effects.strict
    assert points(strict) == pytest.approx([4 / 8, 4 / 6, 0, 4 / 6 - 4 / 8, -4 / 8, 4 / 6])
    # LOC: 1 of 1, 2 gold, then the same, then nothing; PER: 1 of 3, 2 gold; 1 of 1; 0 of 2
    assert points(strict.by_type["LOC"]) == pytest.approx([2 / 3, 2 / 3, 0, 0, -2 / 3, 2 / 3])
    assert points(strict.by_type["PER"]) == pytest.approx([2 / 5, 2 / 3, 0, 2 / 3 - 2 / 5, -2 / 5, 2 / 3])
    assert diagnosis.scores.strict.by_type["PER"].precision == pytest.approx(1 / 3)
    assert {name: getattr(diagnosis, name) for name in ("sentences", "model_labels", "model_types_without_data")} == {
        "sentences": 3,
        "model_labels": {},
        "model_types_without_data": [],
    }
    a = {"id": "a", "tokens": ["in", "Rome", "met", "Ada"], "gold": ["O", "B-LOC", "O", "B-PER"]}
    a |= {"predicted": ["O", "B-LOC", "B-PER", "B-PER"]}
    b = {"id": "b", "tokens": ["met", "Bo"], "gold": ["O", "B-PER"], "predicted": ["B-PER", "O"]}
    written = diagnosis.to_dict()
    assert written["most_changed"] == {
        "do_context": [
            {**a, "intervened": ["O", "B-LOC", "O", "B-PER"], "empty": [True, False, True, False], "changed": 1},
            {**b, "intervened": ["O", "O"], "empty": [True, False], "changed": 1},
        ],
        "do_entity": [
            {**a, "intervened": ["O", "O", "B-PER", "O"], "empty": [False, True, False, True], "changed": 2},
        ],
    }
    assert json.loads(json.dumps(written)) == written
    assert Diagnosis.from_dict(written) == diagnosis


def test_the_numbers_are_those_of_causal_effects_and_of_the_scorer():
    diagnosis = diagnose(reader(), TEST, resamples=30, seed=4)
    assert diagnosis.effects == causal_effects(reader(), TEST, resamples=30, seed=4)
    assert diagnosis.effects != causal_effects(reader(), TEST, resamples=30, seed=5)
    tags = list(TEST["ner_tags"])
    assert diagnosis.scores == ner_scores(tags, intervened_predictions(reader(), TEST["tokens"], tags)["predictions"])


def test_every_sentence_is_encoded_once_and_predicted_once_per_pass(monkeypatch):
    encoded, predicted = [], []
    encode, forward = WordEncoder.windows, hf_cfgen.modeling.inference.forward_batch

    def counted_encode(self, numbers, offsets, *args):
        encoded.append(len(offsets) - 1)
        return encode(self, numbers, offsets, *args)

    def counted_forward(model, windows, batch, empty=None):
        predicted.append((len(batch), None if empty is None else empty.tolist()))
        return forward(model, windows, batch, empty)

    monkeypatch.setattr(WordEncoder, "windows", counted_encode)
    monkeypatch.setattr(hf_cfgen.modeling.inference, "forward_batch", counted_forward)
    masks = [None, *([word for row in mask for word in row] for mask in empty_words(TEST["ner_tags"]).values())]
    for explain in (diagnose, causal_effects):
        encoded.clear()
        predicted.clear()
        explain(reader(), TEST, batch_size=2, resamples=5)
        assert encoded == [3]
        assert predicted == [(size, mask) for mask in masks for size in (2, 1)]


def test_the_words_of_all_passes_go_to_the_tokenizer_once(monkeypatch):
    tagger, calls = reader(), []
    tokenize = type(tagger.tokenizer).__call__

    def counted(self, words, **options):
        calls.append(list(words))
        return tokenize(self, words, **options)

    monkeypatch.setattr(type(tagger.tokenizer), "__call__", counted)
    passes = intervened_predictions(tagger, TEST["tokens"], TEST["ner_tags"])
    assert calls == [["in", "Rome", "met", "Ada", "Bo", "Oslo"], ["in"]]  # the second for the special tokens
    masks = {"predictions": None, **empty_words(TEST["ner_tags"])}
    for name, mask in masks.items():
        alone = predict_probabilities(tagger.model, tagger.tokenizer, TEST["tokens"], stride=tagger.stride, empty=mask)
        assert passes[name] == decode_tags(alone, tagger.model.config.id2label)


def test_a_transformer_from_a_folder_with_integer_tags_and_without_ids(tmp_path):
    words = ["in", "Rome", "met", "Ada", "Bo", "Oslo"]
    tokenizer = wordpiece_tokenizer(words)
    tiny_bert(len(tokenizer)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=LABELS))})
    codes = [[LABELS.index(tag) for tag in tags] for tags in TEST["ner_tags"]]
    data = Dataset.from_dict({"tokens": TEST["tokens"], "ner_tags": codes}, features=features)
    diagnosis = diagnose(str(tmp_path), data, resamples=5)
    answers = as_discriminator(str(tmp_path))(data["tokens"])
    rows = [row for rows in diagnosis.most_changed.values() for row in rows]
    assert rows and {row.id for row in rows} <= {"0", "1", "2"}
    for row in rows:
        assert row.tokens == TEST["tokens"][int(row.id)]
        assert row.gold == TEST["ner_tags"][int(row.id)]
        assert row.predicted == [word["entity"] for word in answers[int(row.id)]]
    assert Diagnosis.from_dict(json.loads(json.dumps(diagnosis.to_dict()))) == diagnosis


def test_identifiers_become_strings():
    data = TEST.remove_columns("id").add_column("id", [7, 8, 9])
    assert [row.id for row in diagnose(reader(), data, resamples=1).most_changed["do_context"]] == ["7", "8"]


# --- the sentences that change most ---------------------------------------------------------------------------------


def sentences(*changes: int) -> list[ChangedSentence]:
    return [ChangedSentence(str(i), [], [], [], [], [], changed) for i, changed in enumerate(changes)]


def test_most_changes_come_first_and_equals_in_order():
    rows = most_changed(sentences(1, 0, 3, 1, 3, 2), limit=10)
    assert [(row.id, row.changed) for row in rows] == [("2", 3), ("4", 3), ("5", 2), ("0", 1), ("3", 1)]
    assert most_changed(sentences(1, 0, 3, 1, 3, 2), limit=3) == rows[:3]
    assert most_changed(sentences(1, 2), limit=0) == most_changed(sentences(0, 0), limit=10) == []


def test_no_more_changed_sentences_than_asked_for_and_none_if_so():
    for limit, shown in ((0, 0), (1, 1), (5, 2)):
        rows = diagnose(reader(), TEST, resamples=1, max_changed_sentences=limit).most_changed["do_context"]
        assert [row.id for row in rows] == ["a", "b"][:shown]


# --- labels of the model and of the data ----------------------------------------------------------------------------


def test_a_model_whose_labels_are_numbers_is_diagnosed_by_what_they_mean():
    numbers = reader(["LABEL_0", "LABEL_1", "LABEL_2"], Rome="LABEL_2", Ada="LABEL_1", met="LABEL_1")
    model_labels = {"LABEL_0": "O", "LABEL_1": "S-PER", "LABEL_2": "S-LOC"}
    diagnosis = diagnose(numbers, TEST, model_labels=model_labels, resamples=20)
    expected = diagnose(reader(), TEST, resamples=20)
    assert diagnosis.model_labels == model_labels
    assert diagnosis.effects == expected.effects
    assert diagnosis.most_changed["do_entity"][0].predicted == ["O", "S-LOC", "S-PER", "S-PER"]
    assert numbers.model.config.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert numbers.model.config.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}


def test_types_of_the_model_get_the_names_of_the_data_or_count_as_nothing():
    labels = ["O", "B-person", "I-person", "B-GPE", "B-MISC"]
    words = {"Rome": "B-GPE", "Ada": "B-person", "met": "B-MISC"}
    names = {"person": "PER", "GPE": "LOC"}
    counted = diagnose(reader(labels, **words), TEST, model_labels=names, resamples=5)
    assert counted.model_types_without_data == ["MISC"]
    assert counted.effects.strict.f1 == pytest.approx(2 * 2 / (4 + 4))
    assert counted.effects.strict.by_type["MISC"].support == 0
    dropped = diagnose(reader(labels, **words), TEST, model_labels={**names, "MISC": "O"}, resamples=5)
    assert dropped.model_types_without_data == []
    assert dropped.effects.strict.f1 == pytest.approx(2 * 2 / (2 + 4))


def test_a_type_that_the_model_knows_and_never_predicts_costs_nothing():
    diagnosis = diagnose(reader([*LABELS, "B-MISC"]), TEST, resamples=1)
    assert diagnosis.model_types_without_data == ["MISC"]
    assert "MISC" not in diagnosis.effects.strict.by_type


def test_a_type_predicted_under_an_intervention_alone_has_effects():
    padding = "[PAD]"  # its embedding is 0 here, so that the lexicon reads [EMPTY] as this word
    model, tokenizer = lexicon_tagger({**WORDS, padding: "B-MISC"}, OTHERS, [*LABELS, "B-MISC"])
    assert tokenizer.get_vocab()[padding] == 0
    diagnosis = diagnose(as_tagger(model, tokenizer), TEST, resamples=1)
    assert diagnosis.effects.strict.by_type["MISC"].support == 0
    assert "MISC" not in diagnosis.scores.strict.by_type


def test_a_map_renames_the_decisions_of_the_model_and_changes_none():
    # to "in" the lexicon gives O e/(e + 4) = 0.40 and its other labels 0.15 each: together they would win
    model_labels = dict.fromkeys(LABELS[1:], "B-PER")
    data = Dataset.from_dict({"tokens": [["in"]], "ner_tags": [["O"]]})
    assert intervened_predictions(reader(), data["tokens"], data["ner_tags"])["predictions"] == [["O"]]
    mapped = intervened_predictions(reader(), data["tokens"], data["ner_tags"], model_labels=model_labels)
    assert mapped["predictions"] == [["O"]]


def test_what_the_keys_of_a_model_labels_mean():
    labels = ["O", "B-ORG", "I-ORG", "B-PER", "I-PER"]
    same = {label: label for label in labels}
    assert map_labels(labels) == map_labels(labels, {}) == same
    assert map_labels(labels, {"ORG": "organization"}) == {
        **same,
        "B-ORG": "B-organization",
        "I-ORG": "I-organization",
    }
    assert map_labels(labels, {"ORG": "O"}) == {**same, "B-ORG": "O", "I-ORG": "O"}
    assert map_labels(labels, {"I-ORG": "B-X"}) == {**same, "I-ORG": "B-X"}
    # a whole label wins over its type, whichever comes first
    for model_labels in ({"I-ORG": "O", "ORG": "X"}, {"ORG": "X", "I-ORG": "O"}):
        assert map_labels(labels, model_labels) == {**same, "B-ORG": "B-X", "I-ORG": "O"}
    # swapped names are not mapped twice
    swapped = {"B-ORG": "B-PER", "I-ORG": "I-PER", "B-PER": "B-ORG", "I-PER": "I-ORG"}
    assert map_labels(labels, {"ORG": "PER", "PER": "ORG"}) == {"O": "O", **swapped}
    # prefixes stay those of the scheme; a type may have a hyphen
    assert map_labels(["O", "U-a-b", "L-a-b"], {"a-b": "c-d"}) == {"O": "O", "U-a-b": "U-c-d", "L-a-b": "L-c-d"}
    assert map_labels(["O", "PER"], {"PER": "I-PER"}) == {"O": "O", "PER": "I-PER"}


@given(scheme=st.sampled_from(SCHEMES), data=st.data())
def test_renamed_types_are_the_same_mentions_under_other_names(scheme, data):
    labels = scheme_tags(["A", "B", "C"], scheme)
    tags = data.draw(st.lists(st.sampled_from(labels), max_size=9))
    names = data.draw(st.permutations(["A", "B", "new"]))
    model_labels = dict(zip("ABC", names))
    mapped = map_labels(labels, model_labels)
    assert tags_to_spans([mapped[tag] for tag in tags]) == [
        span._replace(label=model_labels[span.label]) for span in tags_to_spans(tags)
    ]


@pytest.mark.parametrize(
    ("labels", "model_labels", "message"),
    [
        (
            ["O", "B-ORG", "I-PER"],
            {"LOC": "O", "B-PER": "O"},
            r"has B-PER, LOC, which .* O, B-ORG, I-PER of the types ORG",
        ),
        (["LABEL_0", "LABEL_1"], {"PER": "O"}, r"has PER, which the model lacks; it has the labels LABEL_0, LABEL_1$"),
        (["O", "B-ORG"], {"ORG": ""}, r"has ORG= without a value: map it to O"),
        (["O", "B-ORG"], {"B-ORG": "firm"}, r"has B-ORG=firm, but B-ORG is a label .* O or I-firm"),
        (["O", "PER"], {"PER": "person"}, r"has PER=person, but PER is a label .* O or I-person"),
        (["O", "PER"], None, r"labels PER of the model are not tags: .* --model_labels LABEL_0=O .* config.id2label"),
        (
            ["LABEL_0", "LABEL_1", "LABEL_2"],
            {"LABEL_1": "B-PER"},
            r"labels LABEL_0, LABEL_2 .* are not tags",
        ),
    ],
)
def test_model_labelss_that_do_not_fit_the_model_are_errors(labels, model_labels, message):
    with pytest.raises(CfgenError, match=message):
        map_labels(labels, model_labels)


def test_data_with_types_that_the_model_lacks_is_an_error_that_names_both_sides_after_the_map():
    persons = reader(["O", "B-person", "B-GPE"], Ada="B-person")
    with pytest.raises(
        CfgenError, match=r"types LOC, PER, which the model lacks; it has GPE, person: .* --model_labels"
    ):
        diagnose(persons, TEST)
    with pytest.raises(CfgenError, match=r"types LOC, which the model lacks; it has PER: .* --model_labels"):
        diagnose(persons, TEST, model_labels={"person": "PER", "GPE": "O"})
    with pytest.raises(CfgenError, match=r"types LOC, PER, which the model lacks; it has none"):
        diagnose(persons, TEST, model_labels={"person": "O", "GPE": "O"})


def test_a_model_whose_labels_are_no_tags_is_refused_with_what_to_do():
    for labels in (["LABEL_0", "LABEL_1"], ["O", "PER"]):
        tagger = as_tagger(tiny_bert(9, labels), wordpiece_tokenizer(["a"]))
        for explain in (diagnose, causal_effects):
            with pytest.raises(CfgenError, match=r"are not tags: .* --model_labels LABEL_0=O LABEL_1=B-PER"):
                explain(tagger, TEST)
        with pytest.raises(CfgenError, match=r"set config.id2label"):
            as_discriminator(tagger)


# --- what is refused before anything is predicted -------------------------------------------------------------------


def test_bad_numbers_and_columns_are_found_before_the_model_runs():
    for name, value in (("batch_size", 0), ("resamples", 0), ("seed", -1), ("max_changed_sentences", -1)):
        with pytest.raises(CfgenError, match=f"{name} is {value}: give at least {value + 1}"):
            diagnose(None, TEST, **{name: value})
    with pytest.raises(CfgenError, match=r"a DatasetDict was given where one split is needed: choose one of test"):
        diagnose(None, DatasetDict({"test": TEST}))
    with pytest.raises(CfgenError, match=r"no column ner_tags"):
        diagnose(None, TEST.remove_columns("ner_tags"))


def test_rows_without_a_mention_are_an_error_not_a_table_of_zeros():
    rows = Dataset.from_dict({"tokens": [["met"]], "ner_tags": [["O"]]})
    with pytest.raises(CfgenError, match=r"no mention in these rows"):
        diagnose(as_discriminator(*lexicon_tagger({"Ada": "B-PER"}, ["met"])), rows)
