"""Any function from sentences to tags discriminates."""

import json

import pytest
from datasets import Dataset

from hf_cfgen import CfgenConfig, CfgenError, generate_counterfactuals
from hf_cfgen.cli.main import main
from hf_cfgen.experiments.recipes import resolve_recipes

TRAIN = Dataset.from_dict(
    {
        "tokens": [["Ada", "met", "Bo"], ["in", "New", "York"], ["to", "Rome"]],
        "ner_tags": [["B-PER", "O", "B-PER"], ["O", "B-LOC", "I-LOC"], ["O", "B-LOC"]],
    }
)
TAGS = {"Ada": "B-PER", "Bo": "B-PER", "New": "B-LOC", "York": "I-LOC", "Rome": "B-LOC"}


def lookup(**changes):
    tags = TAGS | changes
    return lambda sentences: [[tags.get(word, "O") for word in words] for words in sentences]


@pytest.mark.parametrize(
    "changes, rejected",
    [
        ({}, {}),
        ({"Rome": "O"}, {"in Rome": "missed"}),
        ({"Rome": "B-PER"}, {"in Rome": "wrong_type"}),
        ({"York": "O"}, {"to New York": "wrong_boundaries"}),
    ],
)
def test_a_candidate_is_kept_if_the_function_finds_every_replaced_mention(changes, rejected):
    result = generate_counterfactuals(TRAIN, lookup(**changes), CfgenConfig("budget", k=1))
    everything = {
        "in Rome",
        "to New York",
        *(" ".join(row["tokens"]) for row in result.kept if "met" in row["tokens"]),
    }
    assert {" ".join(row["tokens"]): row["reason"] for row in result.rejected} == rejected
    assert {" ".join(row["tokens"]) for row in result.kept} == everything - set(rejected)
    assert len(result.kept) + len(result.rejected) == len(everything) == 3
    assert {row["score"] for row in result.kept} == {None}
    assert result.kept.features == result.rejected.features
    assert result.counts.kept == len(result.kept) and sum(result.counts.rejected.values()) == len(rejected)


@pytest.mark.parametrize("answer", [lambda sentences: [], lambda sentences: [["O"]] * len(sentences)])
def test_a_function_must_return_one_tag_per_word(answer):
    with pytest.raises(CfgenError, match="one tag per word"):
        generate_counterfactuals(TRAIN, answer, CfgenConfig("budget", k=1))


@pytest.fixture
def my_module(tmp_path, monkeypatch):
    code = """
from hf_cfgen.counterfactual.baselines import shuffle_within_segments
def no_rome(sentences):
    tags = {"New": "B-LOC", "York": "I-LOC", "Ada": "B-PER", "Bo": "B-PER"}
    return [[tags.get(word, "O") for word in words] for words in sentences]
def two_copies(train, p, copies, seed):
    return shuffle_within_segments(train, p, 2 * copies, seed)
"""
    (tmp_path / "cfgen_my_module.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_command_line_takes_the_import_path_of_a_function(my_module, tmp_path, capsys):
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in TRAIN))
    output = tmp_path / "out.jsonl"
    main(["augment", str(data), str(output), "--discriminator", "cfgen_my_module:no_rome", "--k", "1"])
    candidates = [json.loads(line) for line in (tmp_path / "out.jsonl.candidates.jsonl").open()]
    assert {" ".join(row["tokens"]): row["reason"] for row in candidates if row["reason"]} == {"in Rome": "missed"}
    with pytest.raises(SystemExit):
        main(["augment", str(data), str(tmp_path / "b.jsonl"), "--discriminator", "cfgen_my_module:wrong"])
    assert "cfgen_my_module has no wrong" in capsys.readouterr().err


def test_a_grid_takes_the_import_path_of_a_baseline(my_module):
    from hf_cfgen.counterfactual.baselines import shuffle_within_segments

    options, _ = resolve_recipes({"mine": {"baseline": "cfgen_my_module:two_copies", "p": 1.0}})["mine"]
    rows = options.augment(TRAIN, seed=3)
    assert rows.to_dict() == shuffle_within_segments(TRAIN, 1.0, 2, 3).to_dict() and len(rows) > 0
    with pytest.raises(CfgenError, match=r"unknown baseline 'mine'.*my_module:my_name"):
        resolve_recipes({"mine": {"baseline": "mine", "p": 1.0}})
