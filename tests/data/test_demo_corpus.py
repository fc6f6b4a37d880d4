"""The demo corpus is what its docstring says: tied in train, untied in test, the truth known by construction."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from random import Random

import pytest

from hf_cfgen.data.demo_corpus import SETTINGS, SPLIT_SIZES, compose, demo_corpus, sample_context, sample_entities
from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.spans import tags_to_spans

LANGUAGES = ("en", "zh")
TYPES = {"PERSON", "PLACE", "ORG"}
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
                "tokens": [
                    "Around",
                    "the",
                    "stove",
                    ",",
                    "climbers",
                    "praised",
                    "Alma",
                    "and",
                    "forgave",
                    "Ursina",
                    ".",
                ],
                "ner_tags": ["O", "O", "O", "O", "O", "O", "B-PERSON", "O", "O", "B-PERSON", "O"],
                "entity_setting": "mountain",
                "context_setting": "mountain",
            },
        ),
        (
            "zh",
            {
                "id": "train-0",
                "tokens": list("孩子们在沙滩上画了瑞安的样子。"),
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
    assert {label for row in corpus["train"] for _, label in mentions(row)} == TYPES


def test_no_sentence_occurs_twice(corpus: dict[str, list[Row]]) -> None:
    sentences = Counter(tuple(row["tokens"]) for rows in corpus.values() for row in rows)
    assert max(sentences.values()) == 1


def test_tie_holds_in_train_and_validation(corpus: dict[str, list[Row]]) -> None:
    # the setting of each template as the untied split tells it: nothing here is read off the rows that are judged
    setting_of = {template(row): row["context_setting"] for row in corpus["test"]}
    form_settings: dict[tuple[str, ...], set[str]] = {}
    for row in corpus["train"] + corpus["validation"]:
        assert row["entity_setting"] == row["context_setting"] == setting_of[template(row)]
        for form, _ in mentions(row):
            form_settings.setdefault(form, set()).add(setting_of[template(row)])
    assert all(len(settings) == 1 for settings in form_settings.values())


def test_tie_is_cut_in_test(language: str, corpus: dict[str, list[Row]]) -> None:
    form_setting = {form: row["entity_setting"] for row in corpus["train"] for form, _ in mentions(row)}
    template_setting = {template(row): row["context_setting"] for row in corpus["train"]}
    for row in corpus["test"]:
        assert row["context_setting"] == template_setting[template(row)]
        assert {form_setting.get(form, row["entity_setting"]) for form, _ in mentions(row)} == {row["entity_setting"]}
    # five seeds, 1 000 rows: a share of 1/3 has a standard error of 0.015, a cell of the 3 x 3 table one of 10 rows
    pairs = Counter(
        (row["entity_setting"], row["context_setting"])
        for seed in range(5)
        for row in demo_corpus(language, seed)["test"]
    )
    assert sum(pairs[g, g] for g in SETTINGS) / pairs.total() == pytest.approx(1 / 3, abs=0.06)
    for pair in [(entity, context) for entity in SETTINGS for context in SETTINGS]:
        assert pairs[pair] == pytest.approx(pairs.total() / 9, abs=40), pair


def test_one_type_and_one_setting_a_form(language: str) -> None:
    seen: dict[str, set[tuple[str, str]]] = {}
    for form, label, setting in every_form(language):
        seen.setdefault(form, set()).add((label, setting))
    assert {form: found for form, found in seen.items() if len(found) > 1} == {}


def test_no_word_of_a_form_occurs_in_a_template(language: str) -> None:
    in_forms = {word for form, _, _ in every_form(language) for word in words(form, language)}
    in_templates = {word for text, _ in every_template(language) for word in words(text.replace("{}", " "), language)}
    assert in_forms & in_templates == set()
    assert len(in_forms) > 100 and len(in_templates) > 100


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
            assert type_of["".join(form) if language == "zh" else " ".join(form)] == label
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
