"""Recipes and filters of the user's own, by import path and as functions."""

import json
import re
from pathlib import Path

import pytest
from datasets import Dataset

from hf_cfgen import CfgenConfig, CfgenError, Span, generate_counterfactuals
from hf_cfgen.cli.main import main
from hf_cfgen.experiments.recipes import resolve_recipes

ROWS = {
    "id": ["a", "b", "c"],
    "tokens": [["Ada", "met", "Bo"], ["in", "New", "York"], ["to", "Rome"]],
    "ner_tags": [["B-PER", "O", "B-PER"], ["O", "B-LOC", "I-LOC"], ["O", "B-LOC"]],
}
TRAIN = Dataset.from_dict(ROWS)

CODE = '''
def last_mention(example, entity_sets, random):
    """Replace the last mention by every other form of its type, in reverse."""
    assert 0 <= random.random() < 1
    mention = example["mentions"][-1]
    own = tuple(example["tokens"][mention.start : mention.end])
    return [(mention, form) for form in reversed(entity_sets.forms[mention.label]) if form != own]

def no_long_names(example):
    (swap,) = example["replaced"]
    return "long_name" if len(swap["replacement"]) > 1 else None
'''


@pytest.fixture
def my_module(tmp_path, monkeypatch):
    (tmp_path / "cfgen_extensions.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)


def made(config: CfgenConfig, discriminator=None, **map_kwargs):
    kept, rejected, counts = generate_counterfactuals(TRAIN, discriminator, config, **map_kwargs)
    rows = [{row["id"]: (" ".join(row["tokens"]), row["reason"]) for row in part} for part in (kept, rejected)]
    return *rows, counts


def test_a_recipe_chooses_the_mentions_and_their_new_forms(my_module):
    config = CfgenConfig(recipe="cfgen_extensions:last_mention")
    kept, rejected, counts = made(config)
    assert kept == {"a#0": ("Ada met Ada", None), "b#0": ("in Rome", None), "c#0": ("to New York", None)}
    assert rejected == {}
    assert (counts.drawn, counts.candidates, counts.kept) == (3, 3, 3)
    assert made(config, batch_size=1)[0] == made(config, num_proc=2)[0] == kept
    row = generate_counterfactuals(TRAIN, None, config).kept[2]
    assert (row["ner_tags"], row["replaced"]) == (
        ["O", "B-LOC", "I-LOC"],
        [{"start": 1, "end": 3, "label": "LOC", "original": ["Rome"], "replacement": ["New", "York"]}],
    )


def test_the_generator_of_a_recipe_depends_on_the_seed_and_the_id_alone():
    def numbers(train: Dataset, seed: int) -> dict[str, float]:
        found = {}

        def recipe(example, entity_sets, random):
            found[example["id"]] = random.random()
            return []

        generate_counterfactuals(train, config=CfgenConfig(recipe=recipe, seed=seed))
        return found

    first = numbers(TRAIN, 1)
    assert list(first) == ["a", "b", "c"] and len(set(first.values())) == 3
    assert numbers(TRAIN.select([2, 0, 1]), 1) == first != numbers(TRAIN, 2)


def test_an_edit_of_the_recipe_s_module_changes_the_rows_of_a_dataset_on_disk(my_module, tmp_path, monkeypatch):
    TRAIN.save_to_disk(tmp_path / "train")
    train = Dataset.load_from_disk(tmp_path / "train")
    config = CfgenConfig(recipe="cfgen_extensions:last_mention")
    assert generate_counterfactuals(train, config=config).kept["id"][:] == ["a#0", "b#0", "c#0"]
    monkeypatch.setattr("cfgen_extensions.last_mention", lambda *_: [])
    assert len(generate_counterfactuals(train, config=config).kept) == 0


@pytest.mark.parametrize(
    "pair, message",
    [
        ((Span(1, 2, "PER"), ["Bo"]), r"row a: the recipe replaces Span\(start=1, .* not a mention of the row"),
        ((Span(0, 1, "PER"), ["Cy"]), r"row a: the recipe swaps in \['Cy'\], which is not a surface form of PER"),
    ],
)
def test_a_recipe_swaps_surface_forms_of_mentions(pair, message):
    with pytest.raises(CfgenError, match=message):
        made(CfgenConfig(recipe=lambda *_: [pair]))


def test_a_filter_rejects_with_its_own_reason_what_the_discriminator_accepts(my_module):
    seen = []

    def filter(example):
        seen.append((example["id"], example["ner_tags"], example["reason"]))
        return "long_name" if len(example["replaced"][0]["replacement"]) > 1 else None

    def no_rome(sentences):
        tags = {"New": "B-LOC", "York": "I-LOC", "Ada": "B-PER", "Bo": "B-PER"}
        return [[tags.get(word, "O") for word in words] for words in sentences]

    recipe = "cfgen_extensions:last_mention"
    kept, rejected, counts = made(CfgenConfig(recipe=recipe, filter=filter), no_rome)
    assert kept == {"a#0": ("Ada met Ada", None)}
    assert rejected == {"b#0": ("in Rome", "missed"), "c#0": ("to New York", "long_name")}
    assert seen == [("a#0", ["B-PER", "O", "B-PER"], None), ("c#0", ["O", "B-LOC", "I-LOC"], None)]
    assert counts.rejected == {"long_name": 1, "missed": 1}
    assert (counts.kept, counts.by_type["LOC"].kept, counts.by_type["PER"].kept) == (1, 0, 1)

    kept, rejected, counts = made(CfgenConfig(recipe=recipe, filter="cfgen_extensions:no_long_names"))
    assert list(kept) == ["a#0", "b#0"] and rejected == {"c#0": ("to New York", "long_name")}
    assert counts.rejected == {"long_name": 1}


@pytest.mark.parametrize("answer", [False, "", 1])
def test_a_filter_returns_a_reason_or_none(answer):
    with pytest.raises(CfgenError, match=rf"row a#0: the filter returned {answer!r}: return a reason to reject"):
        made(CfgenConfig(filter=lambda example: answer))


def test_the_command_line_takes_a_recipe_and_a_filter(my_module, tmp_path, capsys):
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in TRAIN))
    options = ["--recipe", "cfgen_extensions:last_mention", "--filter", "cfgen_extensions:no_long_names"]
    main(["augment", str(data), str(tmp_path / "out.jsonl"), *options])
    candidates = [json.loads(line) for line in (tmp_path / "out.jsonl.candidates.jsonl").open()]
    assert [(row["id"], row["reason"]) for row in candidates] == [("a#0", None), ("b#0", None), ("c#0", "long_name")]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    capsys.readouterr()


@pytest.mark.parametrize("command", [["augment", "DATA", "OUT"], ["run", "--dataset", "demo:en"]])
@pytest.mark.parametrize(
    "option, value, message",
    [
        ("--recipe", "cfgen_extensions:wrong", "cfgen_extensions:wrong: cfgen_extensions has no wrong"),
        ("--filter", "cfgen_missing:filter", "cfgen_missing:filter: cannot import cfgen_missing"),
        ("--filter", "short", "'short' is not an import path: write my_module:my_name"),
        ("--recipe", "all", "unknown recipe 'all': choose one of varied, budget, paper, or write my_module:my_recipe"),
    ],
)
def test_a_path_that_is_misnamed_is_one_line_and_status_2(my_module, capsys, command, option, value, message):
    with pytest.raises(SystemExit) as ended:
        main([*command, option, value])
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and len(lines) == 1 and lines[0].startswith(f"hf-cfgen: {message}")


def test_a_grid_takes_a_recipe_and_a_filter(my_module):
    options = {"recipe": "cfgen_extensions:last_mention", "filter": "cfgen_extensions:no_long_names"}
    arguments, resolved = resolve_recipes({"mine": options})["mine"]
    assert resolved == options
    assert list(made(arguments.config(seed=3))[0]) == ["a#0", "b#0"]
    with pytest.raises(CfgenError, match=r"recipes: mine: 'short' is not an import path"):
        resolve_recipes({"mine": {"k": 3, "filter": "short"}})
    with pytest.raises(CfgenError, match=r"recipes: mine: k is for varied and budget, not for cfgen_extensions:last"):
        resolve_recipes({"mine": {"k": 3, "recipe": "cfgen_extensions:last_mention"}})


def test_the_examples_of_contributing_run():
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Extend it")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names = {"train": TRAIN, "CfgenConfig": CfgenConfig, "generate_counterfactuals": generate_counterfactuals}
    results = []
    for block in blocks:
        if "generate_counterfactuals(" in block:
            exec(block, names)
            results.append((names["kept"]["id"][:], names["counts"].rejected))
    assert results == [
        (["a#0", "a#1", "a#4"], {"wrong_type": 2}),
        (["a#0", "b#0", "c#0"], {}),
        (["a#0", "a#1", "a#4"], {"other_length": 2}),
    ]
