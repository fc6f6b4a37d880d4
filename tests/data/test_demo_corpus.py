"""The demo corpus is what its docstring says: confounded and with wrong labels in train, neither in test."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from random import Random

import pytest

from hf_cfgen.data.demo_corpus import (
    INDEPENDENT,
    SETTINGS,
    SPLIT_SIZES,
    TYPES,
    WRONG,
    annotate,
    compose,
    demo_corpus,
    sample_context,
    sample_context_setting,
    sample_entities,
)
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import tags_to_spans

LANGUAGES = ("en", "zh")
Row = dict


def mentions(row: Row) -> list[tuple[tuple[str, ...], str]]:
    """Surface forms and types, read with a parser of this test's own: a B and the Is after it."""
    found: list[tuple[list[str], str]] = []
    for token, tag in zip(row["tokens"], row["ner_tags"], strict=True):
        if tag.startswith("B-"):
            found.append(([token], tag[2:]))
        elif tag.startswith("I-"):
            found[-1][0].append(token)
    return [(tuple(form), label) for form, label in found]


def joined(form: tuple[str, ...], language: str) -> str:
    return ("" if language == "zh" else " ").join(form)


def template(row: Row) -> tuple[str, ...]:
    """The context: the tokens with each mention as one slot."""
    return tuple(
        "{}" if tag != "O" else token
        for token, tag in zip(row["tokens"], row["ner_tags"], strict=True)
        if not tag.startswith("I-")
    )


@cache
def every_form(language: str) -> set[tuple[str, str, str]]:
    """(form, type, setting) of all that f_E can give: enough draws that no form is left out."""
    noise = Random(1)
    return {
        (form, label, setting)
        for setting in SETTINGS
        for _ in range(15000)
        for form, label in sample_entities(setting, noise, language)
    }


def every_template(language: str) -> set[tuple[str, str]]:
    noise = Random(1)
    return {(sample_context(setting, noise, language), setting) for setting in SETTINGS for _ in range(300)}


def words(text: str, language: str) -> set[str]:
    return set(text.lower()) if language == "zh" else set(text.lower().split())


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def corpus(language: str) -> dict[str, list[Row]]:
    return demo_corpus(language)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            {
                "id": "train-0",
                "tokens": ["The", "mayor", "thanked", "Konrad", "and", "Ursina", "in", "her", "speech", "."],
                "ner_tags": ["O", "O", "O", "B-PERSON", "O", "B-PERSON", "O", "O", "O", "O"],
                "entity_setting": "mountain",
                "context_setting": "city",
            },
        ),
        (
            "zh",
            {
                "id": "train-0",
                "tokens": list("孩子们在沙滩上画了嘉定的样子。"),
                "ner_tags": ["O", "O", "O", "O", "O", "O", "O", "O", "O", "B-PLACE", "I-PLACE", "O", "O", "O", "O"],
                "entity_setting": "coast",
                "context_setting": "coast",
            },
        ),
    ],
)
def test_first_row(language: str, expected: Row) -> None:
    assert demo_corpus(language)["train"][0] == expected


def test_splits_have_their_sizes_and_ids(corpus: dict[str, list[Row]]) -> None:
    assert {split: len(rows) for split, rows in corpus.items()} == SPLIT_SIZES
    assert list(corpus) == ["train", "validation", "test"]
    for split, rows in corpus.items():
        assert [row["id"] for row in rows] == [f"{split}-{i}" for i in range(len(rows))]


def test_same_rows_in_another_process_with_another_hash_seed() -> None:
    script = (
        "import json, sys, random; random.seed(int(sys.argv[1]))\n"
        "from hf_cfgen.data.demo_corpus import demo_corpus\n"
        "sys.stdout.write(json.dumps([demo_corpus('en', 3), demo_corpus('zh', 3)]))"
    )
    digests = set()
    for hash_seed in ("0", "12345"):
        done = subprocess.run(
            [sys.executable, "-c", script, hash_seed],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        )
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    here = json.dumps([demo_corpus("en", 3), demo_corpus("zh", 3)])
    assert digests == {hashlib.sha256(here.encode()).hexdigest()}


def test_the_seed_changes_the_sentences(language: str) -> None:
    one, other = ({tuple(row["tokens"]) for row in demo_corpus(language, seed)["train"]} for seed in (0, 1))
    assert len(one & other) < 0.5 * len(one)


def test_the_global_random_state_is_left_alone() -> None:
    import random

    before = random.getstate()
    demo_corpus("en")
    assert random.getstate() == before


def test_tags_are_valid_iob2(corpus: dict[str, list[Row]]) -> None:
    for rows in corpus.values():
        for row in rows:
            assert len(row["tokens"]) == len(row["ner_tags"])
            for previous, tag in zip(["O", *row["ner_tags"]], row["ner_tags"]):
                assert tag == "O" or (tag[:2] in {"B-", "I-"} and tag[2:] in TYPES)
                assert not tag.startswith("I-") or previous in {f"B-{tag[2:]}", tag}
            spans = tags_to_spans(row["ner_tags"])
            assert [(tuple(row["tokens"][s.start : s.end]), s.label) for s in spans] == mentions(row)
    assert {label for row in corpus["train"] for _, label in mentions(row)} == set(TYPES)


def test_no_sentence_occurs_twice(corpus: dict[str, list[Row]]) -> None:
    sentences = Counter(tuple(row["tokens"]) for rows in corpus.values() for row in rows)
    assert max(sentences.values()) == 1


@pytest.mark.parametrize("split", list(SPLIT_SIZES))
def test_the_setting_of_the_context_is_that_of_the_entities_as_often_as_stated(language: str, split: str) -> None:
    # the truth of a row is read from its words, not from its columns
    form_setting = {form: setting for form, _, setting in every_form(language)}
    template_setting = {
        tuple(words.replace("{}", "{").replace("{", " {} ").split()) if language == "en" else words: setting
        for words, setting in every_template(language)
    }
    rows = [row for seed in range(10) for row in demo_corpus(language, seed)[split]]
    pairs: Counter[tuple[str, str]] = Counter()
    for row in rows:
        context = template(row) if language == "en" else "".join(template(row))
        assert row["context_setting"] == template_setting[context]
        assert {form_setting[joined(form, language)] for form, _ in mentions(row)} == {row["entity_setting"]}
        pairs[row["entity_setting"], row["context_setting"]] += 1
    equal = 1 - INDEPENDENT[split] * 2 / 3
    error = (equal * (1 - equal) / len(rows)) ** 0.5
    assert sum(pairs[g, g] for g in SETTINGS) / len(rows) == pytest.approx(equal, abs=4 * error)
    if split == "test":  # a cell of the 3 x 3 table has a standard error of 14 rows
        assert all(pairs[g, h] == pytest.approx(len(rows) / 9, abs=60) for g in SETTINGS for h in SETTINGS)


@pytest.mark.parametrize("split", list(SPLIT_SIZES))
def test_as_many_labels_are_wrong_as_stated_and_none_in_test(language: str, split: str) -> None:
    true_type = {form: label for form, label, _ in every_form(language)}
    confusions = Counter(
        (true_type[joined(form, language)], label)
        for seed in range(10)
        for row in demo_corpus(language, seed)[split]
        for form, label in mentions(row)
    )
    wrong = {pair: count for pair, count in confusions.items() if pair[0] != pair[1]}
    error = (WRONG[split] * (1 - WRONG[split]) / confusions.total()) ** 0.5
    assert sum(wrong.values()) / confusions.total() == pytest.approx(WRONG[split], abs=4 * error)
    assert len(wrong) == (0 if split == "test" else 6)


def test_most_labels_of_a_name_are_right_but_its_entity_set_has_wrong_forms(language: str) -> None:
    """What the discriminator can learn, and what it is for."""
    true_type = {form: label for form, label, _ in every_form(language)}
    labels: dict[str, Counter[str]] = {}
    for row in demo_corpus(language)["train"]:
        for form, label in mentions(row):
            labels.setdefault(joined(form, language), Counter())[label] += 1
    recurring = {form: counts for form, counts in labels.items() if counts.total() >= 4}
    assert len(recurring) > 15
    assert all(counts.most_common(1)[0][0] == true_type[form] for form, counts in recurring.items())
    entries = [(form, label) for form, counts in labels.items() for label in counts]
    wrong = sum(true_type[form] != label for form, label in entries) / len(entries)
    assert wrong > WRONG["train"]  # each form counts once, so errors weigh more than in the sentences


def test_equations_of_the_context_setting_and_the_annotation() -> None:
    noise = Random(0)
    assert {sample_context_setting("city", 0.0, noise) for _ in range(100)} == {"city"}
    assert {sample_context_setting("city", 1.0, noise) for _ in range(100)} == set(SETTINGS)
    entities = [("Heidi", "PERSON"), ("Whitby", "PLACE")]
    assert annotate(entities, 0.0, noise) == entities
    drawn = {tuple(annotate(entities, 1.0, noise)) for _ in range(100)}
    assert drawn == {(("Heidi", one), ("Whitby", other)) for one in ("PLACE", "ORG") for other in ("PERSON", "ORG")}


def test_one_type_and_one_setting_a_form(language: str) -> None:
    seen: dict[str, set[tuple[str, str]]] = {}
    for form, label, setting in every_form(language):
        seen.setdefault(form, set()).add((label, setting))
    assert {form: found for form, found in seen.items() if len(found) > 1} == {}


def test_no_word_of_a_form_occurs_in_a_template(language: str) -> None:
    in_forms = {word for form, _, _ in every_form(language) for word in words(form, language)}
    in_templates = {word for text, _ in every_template(language) for word in words(text.replace("{}", " "), language)}
    assert in_forms & in_templates == set()
    assert len(in_forms) > 50 and len(in_templates) > 100


def test_mentions_never_touch(language: str) -> None:
    templates = every_template(language)
    assert {text.count("{}") for text, _ in templates} == {1, 2}
    for text, _ in templates:
        assert all(part.strip() for part in text.split("{}")[1:-1]), text


def test_the_number_of_words_tells_no_type(language: str) -> None:
    square = {
        (setting, len(form) if language == "zh" else len(form.split()), label)
        for form, label, setting in every_form(language)
    }
    lengths = {length for _, length, _ in square}
    assert len(lengths) == 3 and len(square) == 9
    assert {(length, label) for _, length, label in square} == {(n, label) for n in lengths for label in TYPES}
    assert {(setting, length) for setting, length, _ in square} == {(g, n) for g in SETTINGS for n in lengths}


def test_reader_of_entities_is_perfect_and_reader_of_contexts_is_not(language: str) -> None:
    """The truth of the docstring, by two readers that see one side only, over ten corpora."""
    type_of = {form: label for form, label, _ in every_form(language)}
    by_context: dict[tuple[str, ...], Counter[str]] = {}
    right = total = 0
    corpora = [demo_corpus(language, seed) for seed in range(10)]
    for row in (row for corpus in corpora for row in corpus["train"]):
        for _, label in mentions(row):
            by_context.setdefault(template(row), Counter())[label] += 1
    for row in (row for corpus in corpora for row in corpus["test"]):
        guess = by_context[template(row)].most_common(1)[0][0]
        for form, label in mentions(row):
            assert type_of[joined(form, language)] == label
            right += guess == label
            total += 1
    assert right / total == pytest.approx(1 / 3, abs=0.05)


def test_compose_lays_out_words_and_tags() -> None:
    tokens, tags = compose([("Anna Rose Whitby", "PERSON"), ("Harlow", "ORG")], "{} met {} .")
    assert tokens == ["Anna", "Rose", "Whitby", "met", "Harlow", "."]
    assert tags == ["B-PERSON", "I-PERSON", "I-PERSON", "O", "B-ORG", "O"]
    assert compose([("长乐", "PLACE"), ("光华", "ORG")], "去{}。", "zh") == (
        list("去长乐。"),
        ["O", "B-PLACE", "I-PLACE", "O"],
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: demo_corpus("fr"), r"no demo corpus in language 'fr': choose one of en, zh"),
        (lambda: sample_context("coast", Random(0), "EN"), r"no demo corpus in language 'EN': choose one of en, zh"),
        (
            lambda: sample_entities("moon", Random(0)),
            r"no setting 'moon' in the demo corpus: choose one of coast, city",
        ),
        (
            lambda: compose([("Heidi", "PERSON")], "{} met {} ."),
            r"2 slots for 1 mentions: give a mention for each slot",
        ),
        (lambda: compose([("Heidi", "PERSON")], "{} .", "fr"), r"no demo corpus in language 'fr'"),
    ],
)
def test_bad_input_is_one_clear_error(call, message: str) -> None:
    with pytest.raises(CfgenError, match=message) as error:
        call()
    assert isinstance(error.value, ValueError) and "\n" not in str(error.value)
