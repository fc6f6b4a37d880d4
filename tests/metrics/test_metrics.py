"""The evaluate modules: loaded from their folders, with a card that tells the truth."""

import doctest
import json
import pickle
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import dill
import evaluate
import pytest
import yaml

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.scoring import causal_scores, ner_scores

FOLDERS = Path(str(files("hf_cfgen") / "metrics"))
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"

GOLD = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "O", "O"], ["B-PER", "O", "O"]]
PREDICTED = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC", "O", "O"], ["O", "B-PER", "O"]]
DO_CONTEXT = [["B-PER", "I-PER", "O", "O"], ["O", "B-PER", "O", "O"], ["B-PER", "O", "O"]]
DO_ENTITY = [["O", "O", "O", "B-LOC"], ["O", "O", "O", "O"], ["O", "O", "O"]]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # a computation that fails keeps its lock on the cache file, and the next one would wait a second for it
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path)


def load(name: str, **options: Any) -> evaluate.Metric:
    return evaluate.load(str(FOLDERS / name), **options)


def types_of(value: Any) -> set[type]:
    """The types of everything in nested dictionaries and lists."""
    if isinstance(value, dict):
        return {dict}.union(*({type(k)} | types_of(v) for k, v in value.items()))
    if isinstance(value, list):
        return {list}.union(*map(types_of, value))
    return {type(value)}


def front_matter(name: str) -> dict[str, Any]:
    _, header, _ = (FOLDERS / name / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header)


def run_readme(name: str) -> doctest.TestResults:
    text = (FOLDERS / name / "README.md").read_text(encoding="utf-8")
    parsed = doctest.DocTestParser().get_doctest(text, {}, name, f"{name}/README.md", 0)
    return doctest.DocTestRunner(verbose=False).run(parsed)


def test_ner_f1_gives_the_hand_worked_values() -> None:
    # mentions: 4 gold, 4 predicted; exact: LOC, LOC; the first PER is cut short, the second lies beside the gold one
    # words: 5 gold, 4 predicted, 3 in common
    scores = load("ner_f1").compute(predictions=PREDICTED, references=GOLD)
    assert {level: scores[level]["f1"] for level in scores} == {
        "strict": pytest.approx(2 / 4),
        "relaxed": pytest.approx(3 / 4),
        "token": pytest.approx(2 * 3 / (4 + 5)),
    }
    assert scores["strict"]["by_type"]["LOC"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2}
    assert scores["token"]["by_type"]["PER"] == {
        "precision": 0.5,
        "recall": pytest.approx(1 / 3),
        "f1": pytest.approx(2 / 5),
        "support": 3,
    }


def test_ner_f1_does_not_swap_predictions_and_references() -> None:
    scores = load("ner_f1").compute(predictions=[["B-A", "B-A"]], references=[["B-A", "O"]])
    assert (scores["strict"]["precision"], scores["strict"]["recall"]) == (0.5, 1.0)


def test_ner_f1_equals_the_scorer() -> None:
    assert load("ner_f1").compute(predictions=PREDICTED, references=GOLD) == ner_scores(GOLD, PREDICTED).to_dict()


def test_ace_ri_gives_the_hand_worked_values() -> None:
    # strict and relaxed, of 4 gold mentions: 2 and 3 hits of 4 predicted; do(c0): 2 of 3; do(e0): 1 of 1
    # token, of 5 gold words: 3 hits of 4 predicted; do(c0): 3 of 4; do(e0): 1 of 1
    scores = load("ace_ri").compute(
        predictions=PREDICTED, references=GOLD, do_context=DO_CONTEXT, do_entity=DO_ENTITY, resamples=10
    )
    expected = {
        "strict": {"f1": 4 / 8, "f1_do_context": 4 / 7, "f1_do_entity": 2 / 5},
        "relaxed": {"f1": 6 / 8, "f1_do_context": 4 / 7, "f1_do_entity": 2 / 5},
        "token": {"f1": 6 / 9, "f1_do_context": 6 / 9, "f1_do_entity": 2 / 6},
    }
    for level, (f1, do_context, do_entity) in ((level, of.values()) for level, of in expected.items()):
        effects = {"ace_c": do_context - f1, "ace_e": do_entity - f1, "ri": do_context - do_entity}
        wanted = expected[level] | effects
        assert {name: scores[level][name] for name in wanted} == pytest.approx(wanted)


def test_ace_ri_gives_the_hand_worked_values_by_type() -> None:
    # strict LOC, 2 gold mentions: 2 hits of 2 predicted; do(c0): none; do(e0): 1 of 1
    # strict PER, 2 gold mentions: 0 of 2; do(c0): 2 of 3; do(e0): none
    by_type = load("ace_ri").compute(
        predictions=PREDICTED, references=GOLD, do_context=DO_CONTEXT, do_entity=DO_ENTITY, resamples=10
    )["strict"]["by_type"]
    names = ("f1", "ace_c", "ace_e", "ri", "support")
    assert {label: tuple(row[name] for name in names) for label, row in by_type.items()} == {
        "LOC": (1.0, -1.0, pytest.approx(2 / 3 - 1), pytest.approx(-2 / 3), 2),
        "PER": (0.0, pytest.approx(4 / 5), 0.0, pytest.approx(4 / 5), 2),
    }


def test_ace_ri_equals_the_scorer_and_hands_on_resamples_and_seed() -> None:
    passes = {"predictions": PREDICTED, "references": GOLD, "do_context": DO_CONTEXT, "do_entity": DO_ENTITY}
    metric = load("ace_ri")
    default = metric.compute(**passes)
    chosen = metric.compute(**passes, resamples=17, seed=3)
    assert default == causal_scores(GOLD, PREDICTED, DO_CONTEXT, DO_ENTITY, resamples=1000, seed=0).to_dict()
    assert chosen == causal_scores(GOLD, PREDICTED, DO_CONTEXT, DO_ENTITY, resamples=17, seed=3).to_dict()
    assert chosen != default


def test_batches_add_up_to_one_computation() -> None:
    metric = load("ner_f1")
    for predicted, gold in zip(PREDICTED, GOLD):
        metric.add(prediction=predicted, reference=gold)
    assert metric.compute() == ner_scores(GOLD, PREDICTED).to_dict()


def test_results_are_plain_python_and_survive_json() -> None:
    ner = load("ner_f1").compute(predictions=PREDICTED, references=GOLD)
    ace = load("ace_ri").compute(
        predictions=PREDICTED, references=GOLD, do_context=DO_CONTEXT, do_entity=DO_ENTITY, resamples=5
    )
    assert types_of(ner) == {dict, str, float, int}
    assert types_of(ace) == {dict, str, list, float, int}
    assert json.loads(json.dumps([ner, ace])) == [ner, ace]


def test_sentences_of_different_lengths_are_an_error_and_the_module_works_afterwards() -> None:
    metric = load("ner_f1")
    with pytest.raises(CfgenError, match="sentence 1: 2 gold tags but 1 predicted"):
        metric.compute(predictions=[["O"], ["B-A"]], references=[["O"], ["B-A", "O"]])
    assert metric.compute(predictions=PREDICTED, references=GOLD) == ner_scores(GOLD, PREDICTED).to_dict()


def test_a_pass_of_different_lengths_is_an_error() -> None:
    passes = {"predictions": GOLD, "references": GOLD, "do_context": GOLD, "do_entity": GOLD}
    for name in ("predictions", "do_context", "do_entity"):
        with pytest.raises(CfgenError, match="sentence 2: 3 gold tags but 2 predicted"):
            load("ace_ri").compute(**passes | {name: [*GOLD[:2], ["B-PER", "O"]]})


def test_a_tag_of_no_scheme_is_an_error() -> None:
    with pytest.raises(CfgenError, match="'PER' is neither"):
        load("ner_f1").compute(predictions=[["PER"]], references=[["B-PER"]])


def test_different_numbers_of_sentences_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"Mismatch in the number of predictions \(3\) and references \(2\)"):
        load("ner_f1").compute(predictions=PREDICTED, references=GOLD[:2])


def test_a_missing_pass_is_named() -> None:
    with pytest.raises(ValueError, match=r"missing: \['do_entity'\]"):
        load("ace_ri").compute(predictions=GOLD, references=GOLD, do_context=GOLD)


def test_features_are_lists_of_strings_and_refuse_numbers_and_bare_strings() -> None:
    metric = load("ner_f1")
    assert {name: feature.feature.dtype for name, feature in metric.features.items()} == {
        "predictions": "string",
        "references": "string",
    }
    assert list(load("ace_ri").features) == ["predictions", "references", "do_context", "do_entity"]
    with pytest.raises(ValueError, match="don't match the expected format"):
        metric.compute(predictions=[[1]], references=[[1]])
    with pytest.raises(ValueError, match="Got a string but expected a list"):
        load("ner_f1").compute(predictions=["B-A"], references=["B-A"])


def test_combined_modules_give_what_each_gives_alone() -> None:
    both = evaluate.combine([load("ner_f1"), load("ace_ri")])
    passes = {"predictions": PREDICTED, "references": GOLD, "do_context": DO_CONTEXT, "do_entity": DO_ENTITY}
    ner = {f"ner_f1_{level}": value for level, value in ner_scores(GOLD, PREDICTED).to_dict().items()}

    def ace(**options: int) -> dict[str, Any]:
        scores = causal_scores(GOLD, PREDICTED, DO_CONTEXT, DO_ENTITY, **options).to_dict()
        return {f"ace_ri_{level}": value for level, value in scores.items()}

    assert both.compute(**passes) == ner | ace()
    assert both.compute(**passes, resamples=17, seed=3) == ner | ace(resamples=17, seed=3)
    both.add_batch(**passes)
    assert both.compute() == ner | ace()


def test_ner_f1_refuses_options_that_no_metric_has() -> None:
    with pytest.raises(TypeError, match="scheme"):
        load("ner_f1").compute(predictions=PREDICTED, references=GOLD, scheme="IOB2")


@pytest.mark.parametrize("pickler", [pickle, dill])
def test_a_pickled_module_computes_the_same(pickler: Any) -> None:
    passes = {"predictions": PREDICTED, "references": GOLD, "do_context": DO_CONTEXT, "do_entity": DO_ENTITY}
    for name in ("ner_f1", "ace_ri"):
        fresh, used, in_memory = load(name), load(name), load(name, keep_in_memory=True)
        inputs = {feature: passes[feature] for feature in fresh.features}
        expected = used.compute(**inputs)
        assert in_memory.compute(**inputs) == expected
        for metric in (fresh, used, in_memory):
            copy = pickler.loads(pickler.dumps(metric))
            assert copy.compute(**inputs) == expected
            assert metric.compute(**inputs) == expected


@pytest.mark.parametrize("name", ["ner_f1", "ace_ri"])
def test_the_readme_is_a_space_card(name: str) -> None:
    card = front_matter(name)
    version = re.search("gradio==(.+)", CONSTRAINTS.read_text())[1]
    assert {key: value for key, value in card.items() if key not in ("emoji", "description")} == {
        "title": name,
        "colorFrom": card["colorFrom"],
        "colorTo": card["colorTo"],
        "sdk": "gradio",
        "sdk_version": version,
        "app_file": "app.py",
        "python_version": "3.11",
        "pinned": False,
        "tags": ["evaluate", "metric"],
    }
    # those that the Hub takes
    assert {card["colorFrom"], card["colorTo"]} <= {
        *("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
    }
    assert card["emoji"] and card["description"]


@pytest.mark.parametrize("name", ["ner_f1", "ace_ri"])
def test_the_readme_examples_print_what_they_say(name: str) -> None:
    results = run_readme(name)
    assert results.attempted >= 8
    assert results.failed == 0


@pytest.mark.parametrize("name", ["ner_f1", "ace_ri"])
def test_the_module_documents_its_inputs_and_cites_the_paper_as_its_readme_does(name: str) -> None:
    metric = load(name)
    for feature in metric.features:
        assert f"{feature} (`list[list[str]]`)" in metric.inputs_description
    assert "A Weakly-Supervised Method for Named Entity Recognition" in metric.citation
    assert metric.citation in (FOLDERS / name / "README.md").read_text(encoding="utf-8")


def test_the_ace_ri_formulas_hold_between_its_own_numbers_at_every_level() -> None:
    scores = load("ace_ri").compute(
        predictions=PREDICTED, references=GOLD, do_context=DO_CONTEXT, do_entity=DO_ENTITY, resamples=5
    )
    for level in scores.values():
        assert level["ace_c"] == level["f1_do_context"] - level["f1"]
        assert level["ace_e"] == level["f1_do_entity"] - level["f1"]
        assert level["ri"] == pytest.approx(level["ace_c"] - level["ace_e"])


@pytest.mark.parametrize("name", ["ner_f1", "ace_ri"])
def test_the_folder_is_a_space_that_needs_hf_cfgen_alone(name: str) -> None:
    assert {path.name for path in (FOLDERS / name).iterdir()} - {"__init__.py", "__pycache__"} == {
        *(f"{name}.py", "app.py", "README.md", "requirements.txt")
    }
    assert (FOLDERS / name / "requirements.txt").read_text() == "hf-cfgen\n"


def test_the_installed_package_holds_the_folders(tmp_path: Path) -> None:
    shutil.copytree(FOLDERS.parent, tmp_path / "hf_cfgen", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "README.md", "LICENSE"):
        shutil.copy(CONSTRAINTS.with_name(name), tmp_path)
    build = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", "built"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    for name in ("ner_f1", "ace_ri"):
        source, built = FOLDERS / name, tmp_path / "built" / "hf_cfgen" / "metrics" / name
        assert {path.name: path.read_bytes() for path in built.iterdir()} == {
            path.name: path.read_bytes() for path in source.iterdir() if path.is_file()
        }
