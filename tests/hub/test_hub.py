"""Pushing a run and loading it again, against a small Hub on loopback, by the unmodified Hugging Face libraries."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, load_dataset
from huggingface_hub import DatasetCard, ModelCard
from transformers import DistilBertConfig, pipeline

from hf_cfgen import CfgenError, load_ner_dataset, push_dataset, push_model
from hf_cfgen.cli.main import main
from hf_cfgen.hub.cards import dataset_card
from hf_cfgen.hub.push import Pushed, _scrubbed
from hf_cfgen.modeling import LSTMTaggerConfig
from hf_cfgen.modeling.pipeline import as_discriminator
from hf_cfgen.reporting.markdown import escaped

from ..hub_server import DATASET_TYPE, SIGNATURE, TOKEN, Fault, File, Hub, running
from ..pushed import (
    DATA,
    PARQUET,
    REPOSITORY,
    all_rows,
    check_loaded,
    client,
    environment,
    results_of,
    written,
)
from ..samples import json_lines

DISEASE = "疾病和诊断"
GIVEN = {"language": ["zh"], "license": "cc-by-nc-4.0", "citation": "@misc{ccks,\n  title = {CCKS 2019}\n}"}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory) -> Path:
    """A run on Chinese files in a folder that nobody shall hear of; only the train file has notes."""
    home = tmp_path_factory.mktemp("home") / "ward-7"
    (home / "cner").mkdir(parents=True)
    demo = load_ner_dataset("demo:zh", num_train_examples=60)
    for split, rows in demo.items():
        names = rows.features["ner_tags"].feature.names
        records = [
            {"tokens": row["tokens"], "ner_tags": [names[tag] for tag in row["ner_tags"]]}
            | ({"note": "n"} if split == "train" else {})
            for row in rows.select(range(60))
        ]
        (home / "cner" / f"{split}.jsonl").write_text(json_lines(*records).replace("PLACE", DISEASE), encoding="utf-8")
    vectors = home / "vectors.vec"
    vectors.write_text("2 4\n的 1 0 0 1\n了 0 1 1 0\n", encoding="utf-8")
    output = home / "run"
    options = {"dataset": home / "cner", "vectors": vectors, "max_steps": 60, "learning_rate": 5e-2, "hidden_size": 32}
    options |= {"freeze_embeddings": False, "use_cpu": True, "disable_tqdm": True, "output_dir": output}
    main(["run", *(part for name, value in options.items() for part in (f"--{name}", str(value)))])
    return output


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as hub:
        yield hub


@contextmanager
def copied(run_dir: Path, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A copy of a run, and its results to change."""
    shutil.copytree(run_dir, folder)
    results = results_of(folder)
    yield folder, results
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


@pytest.fixture(scope="module")
def without_rejected(run_dir, tmp_path_factory) -> Path:
    """The same run with a discriminator that rejected nothing."""
    with copied(run_dir, tmp_path_factory.mktemp("other") / "run") as (folder, results):
        shutil.rmtree(folder / "rejected")
        results["counts"]["rejected"] = {}
    return folder


def test_what_is_loaded_is_what_was_pushed(run_dir, hub, tmp_path):
    repo, counts = "cfgen/cner-aug", results_of(run_dir)["counts"]
    assert counts["kept"] > 10 and len(counts["rejected"]) > 1
    push = ("push_data", {"run_dir": str(run_dir), "repo_id": repo, **GIVEN})
    calls = (
        ("load", {"repo_id": repo, "save": str(tmp_path / "loaded")}),
        ("stream", {"repo_id": repo}),
        ("sizes", {"repo_id": repo, "names": PARQUET}),
        ("download", {"repo_id": repo, "repo_type": "dataset", "names": PARQUET}),
        ("validate", {"repo_id": repo, "repo_type": "dataset"}),
        ("run_snippet", {"repo_id": repo, "repo_type": "dataset"}),
    )
    first, again, rows, ids, sizes, paths, card, snippet = client(hub, tmp_path / "home", push, push, *calls)
    assert first["url"] == f"{hub.endpoint}/datasets/{repo}" and first["error"] is None
    repository = hub.repositories["datasets", repo]
    assert repository.private
    # one commit for the push after that of the creation, none for the second push
    assert [sha for sha, _ in repository.commits][1:] == [first["commit"]]
    assert again["commit"] is None
    assert sorted(repository.head[1]) == sorted([".gitattributes", "README.md", *PARQUET])

    assert rows == all_rows(run_dir)
    configs = {name: splits["train"] for name, splits in rows.items() if name != "default"}
    assert snippet == {"data": rows["default"], **configs}
    assert [Path(path).read_bytes() for path in paths] == written(run_dir, PARQUET)
    assert sizes == {name: len(content) for name, content in zip(PARQUET, written(run_dir, PARQUET))}
    loaded = check_loaded(tmp_path / "loaded", run_dir, tmp_path / "parquet")
    assert card.encode() == repository.head[1]["README.md"].content

    # rows of the source are those that were read, counterfactual ones those that were kept
    data = load_ner_dataset(run_dir.parent / "cner")
    mixed = {row["id"]: row for row in loaded["default"]["train"]}
    assert ids == [*mixed]
    kept = {row["id"]: row for row in loaded["counterfactual"]["train"]}
    assert {row["id"]: row["tokens"] for row in data["train"]} == {
        key: row["tokens"] for key, row in mixed.items() if not row["is_counterfactual"]
    }
    # notes are in the train file alone, so they are in no split that must have the columns of the others
    assert set(next(iter(kept.values()))) - set(next(iter(mixed.values()))) == {"note"}
    assert {key: row for key, row in mixed.items() if row["is_counterfactual"]} == {
        key: {name: value for name, value in row.items() if name != "note"} for key, row in kept.items()
    }
    for split in ("validation", "test"):
        found = loaded["default"][split]
        assert found["tokens"][:] == data[split]["tokens"][:] and found["ner_tags"][:] == data[split]["ner_tags"][:]
        assert found["source_id"][:] == found["id"][:] == data[split]["id"][:]
        assert set(found["is_counterfactual"]) == {False} and set(found["reason"]) == {None}
    for row in loaded["rejected"]["train"]:
        for replaced in row["replaced"]:
            words = row["tokens"][replaced["start"] : replaced["end"]]
            assert words == replaced["replacement"] != replaced["original"]
        assert row["reason"] in counts["rejected"] and row["source_id"] in mixed

    (refused,) = client(hub, tmp_path / "stranger", ("load", {"repo_id": repo}), token="")
    assert refused == {"error": "DatasetNotFoundError"}


def test_the_dataset_card_says_what_the_run_recorded(run_dir, tmp_path):
    results = results_of(run_dir)
    counts = results["counts"]
    folder = tmp_path / "dry"
    assert push_dataset(run_dir, "cfgen/cner-aug", **GIVEN, dry_run=folder) == (str(folder), None)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == sorted(["README.md", *PARQUET])
    assert [(folder / name).read_bytes() for name in PARQUET] == written(run_dir, PARQUET)
    content = (folder / "README.md").read_text(encoding="utf-8")
    data, text = DatasetCard(content).data, DatasetCard(content).text
    assert (data.language, data.license, data.pretty_name) == (["zh"], "cc-by-nc-4.0", "cner-aug")
    assert (data.task_categories, data.size_categories) == (["token-classification"], ["n<1K"])
    assert [config["config_name"] for config in data.configs] == ["default", "counterfactual", "rejected"]
    assert data.configs[0]["data_files"] == [
        {"split": split, "path": path} for split, path in zip(("train", "validation", "test"), DATA)
    ]
    infos = {info["config_name"]: info for info in data.dataset_info}
    assert {
        name: {split["name"]: split["num_examples"] for split in info["splits"]} for name, info in infos.items()
    } == all_rows(run_dir)
    assert infos["rejected"]["download_size"] == len((folder / PARQUET[-1]).read_bytes())

    kept = load_dataset("parquet", data_files=str(folder / PARQUET[3]), split="train", cache_dir=str(tmp_path))
    (item,) = kept[0]["replaced"]
    assert f"**{''.join(item['original'])} → {''.join(item['replacement'])}**" in text
    for line in (
        *(f"| `{reason}` | {number} | " for reason, number in counts["rejected"].items()),
        f"| {DISEASE} | {' | '.join(str(number) for number in counts['by_type'][DISEASE].values())} |",
        f" {counts['drawn']} candidates. {counts['duplicates']} duplicates were dropped,\n{counts['kept']} ",
        "cner: 60 train, 60 validation and 60 test examples.\nLicense: cc-by-nc-4.0.",
        "```bibtex\n@misc{ccks,\n  title = {CCKS 2019}\n}\n```",
        f"has a strict F1 of {100 * results['taggers']['NoAug']['test']['strict']['f1']:.1f} %",
        f"| Aug | {60 + counts['kept']} | strict | ",
        "up to 10 candidates per example",
        "on the seed, 42, and the id of the row. The seed of the\n   splits is 42.\n",
        "- **They are not facts.** Nobody wrote these sentences.",
        "\nhf-cfgen run --hidden_size 32 --vectors vectors.vec --freeze_embeddings false --dataset cner "
        "--max_steps 60 --learning_rate 0.05 --use_cpu true --context_dropout 0.2 --output_dir my-run\n",
        f"torch {results['environment']['torch']}",
        f"commit {results['commit'].removesuffix('-dirty')}" if results["commit"] else "hf_cfgen",
    ):
        assert line in text, line
    for private in (str(run_dir), "ward-7", str(Path.home()), str(REPOSITORY)):
        assert private not in content
    # nothing is said that was not given
    bare = dataset_card(run_dir, "cfgen/cner-aug")
    assert not {"license", "language"} & set(bare.data.to_dict())
    assert "License: not stated" in bare.text and "no stated citation" in bare.text


@pytest.mark.slow
def test_the_command_of_the_card_repeats_the_run(run_dir, tmp_path, monkeypatch):
    command = results_of(run_dir)["command"].split()
    monkeypatch.chdir(run_dir.parent)
    main([*command[1:], "--disable_tqdm", "true", "--output_dir", str(tmp_path / "again")])
    assert written(tmp_path / "again", PARQUET) == written(run_dir, PARQUET)
    assert results_of(tmp_path / "again")["command"] == results_of(run_dir)["command"]


def test_a_tagger_that_is_loaded_is_the_one_that_was_pushed(run_dir, hub, tmp_path):
    results, repo = results_of(run_dir), "cfgen/cner-tagger"
    names = ["config.json", "crf.py", "lstm.py", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    tokens = load_ner_dataset(run_dir.parent / "cner")["test"][0]["tokens"]
    push = ("push_tagger", {"run_dir": str(run_dir), "repo_id": repo, "tagger": "NoAug", **GIVEN})
    first, again, content, paths, labels, snippet = client(
        hub,
        tmp_path / "home",
        push,
        push,
        ("validate", {"repo_id": repo, "repo_type": "model"}),
        ("download", {"repo_id": repo, "repo_type": "model", "names": names}),
        ("predict", {"repo_id": repo, "tokens": tokens}),
        ("run_snippet", {"repo_id": repo, "repo_type": "model", "text": "".join(tokens)}),
    )
    assert first["url"] == f"{hub.endpoint}/{repo}" and first["commit"] and not again["commit"]
    repository = hub.repositories["models", repo]
    assert repository.private and len(repository.commits) == 2
    assert sorted(repository.head[1]) == [".gitattributes", "README.md", *names]
    assert [Path(path).read_bytes() for path in paths] == [(run_dir / "noaug" / name).read_bytes() for name in names]
    judge = as_discriminator(str(run_dir / "noaug"))
    encoded = judge.tokenizer(tokens, is_split_into_words=True, return_tensors="pt")
    assert labels == [judge.model.config.id2label[int(i)] for i in judge.model(**encoded).logits[0].argmax(-1)]

    made = pipeline("word-classification", str(run_dir / "noaug"), aggregation_strategy="simple")
    mentions = [[found["entity_group"], found["word"]] for found in made("".join(tokens))]
    assert snippet == {"mentions": mentions} and mentions

    card = ModelCard(content)
    tagger = results["taggers"]["NoAug"]
    found = {result.metric_name: result.metric_value for result in card.data.eval_results}
    expected = {}
    for level in ("strict", "relaxed", "token"):
        expected |= {f"{level} {name}": tagger["test"][level][name] for name in ("f1", "precision", "recall")}
        expected |= {f"{level} {name}": tagger["causal"][level][name.lower()] for name in ("ACE_C", "ACE_E", "RI")}
    assert found == expected
    assert {(r.dataset_name, r.dataset_split, r.task_type) for r in card.data.eval_results} == {
        ("cner", "test", "token-classification")
    }
    assert card.data.model_name == "cner-tagger" and card.data.license == "cc-by-nc-4.0"
    assert "## As a discriminator" in card.text and "Pretrained vectors, vectors.vec, fine-tuned" in card.text
    assert 'aggregation_strategy="simple"' in card.text and "The text is split into characters.\n" in card.text
    assert "ward-7" not in content


def test_the_tagger_that_is_best_on_dev_is_pushed_where_none_is_named(run_dir, tmp_path):
    push_model(run_dir, "cfgen/tagger", dry_run=tmp_path / "dry")
    best = results_of(run_dir)["recommendation"]["tagger"].lower()
    assert (tmp_path / "dry" / "model.safetensors").read_bytes() == (run_dir / best / "model.safetensors").read_bytes()
    text = (tmp_path / "dry" / "README.md").read_text(encoding="utf-8")
    assert f"`my-run/{best}`" in text and ("As a discriminator" in text) == (best == "noaug")
    with pytest.raises(CfgenError, match="has no tagger 'Control': choose one of NoAug, Aug"):
        push_model(run_dir, "cfgen/tagger", "Control", dry_run=tmp_path / "other")


@pytest.mark.parametrize(
    ("source", "type_"),
    [("demo:zh", "demo-zh"), ("wnut/wnut_17", "wnut/wnut_17"), ("a.b", "a.b"), ('病 "(1)".json', "-1-.json")],
)
def test_the_hub_takes_the_name_of_any_source(run_dir, tmp_path, source, type_):
    with copied(run_dir, tmp_path / "run") as (folder, results):
        results["names"]["dataset"] = source
    push_model(folder, "cfgen/tagger", dry_run=tmp_path / "dry")
    found = {
        (r.dataset_type, r.dataset_name) for r in ModelCard.load(tmp_path / "dry" / "README.md").data.eval_results
    }
    assert found == {(type_, source)} and re.fullmatch(DATASET_TYPE, type_, re.ASCII)


def test_the_cards_tell_of_a_control_of_the_other_recipe_and_of_local_changes(run_dir, tmp_path):
    with copied(run_dir, tmp_path / "run") as (folder, results):
        results["taggers"]["Control"] = results["taggers"]["Aug"]
        shutil.copytree(folder / "aug", folder / "control")
        results["config"]["recipe"], results["commit"] = "paper", "0123abc-dirty"
        results["counts"]["unswappable_types"] = ["a|b", "C"]
        results["names"]["vectors"] = None
    kept = results["counts"]["kept"]
    push_model(folder, "cfgen/tagger", "Control", dry_run=tmp_path / "control")
    text = (tmp_path / "control" / "README.md").read_text(encoding="utf-8")
    assert f"trained on 60 examples of cner and {kept} counterfactual examples without discrimination." in text
    assert "**Context dropout.**" in text and "`my-run/control`" in text
    assert "Initialized at random and trained." in text
    assert f"hf_cfgen {results['hf_cfgen']}, commit 0123abc with local changes; python " in text
    plain = dataset_card(run_dir, "cfgen/x").text
    text = dataset_card(folder, "cfgen/x").text
    assert "The `paper` recipe replaces one random mention per example" in text
    assert "Aug and Control were trained with context dropout" in text and "Control" not in plain
    assert "Types without a second surface form: a\\|b, C." in text and "second surface form" not in plain
    assert f"\n| Control | {60 + kept} | strict | " in text
    push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "aug")
    text = (tmp_path / "aug" / "README.md").read_text(encoding="utf-8")
    assert f" and {kept} counterfactual examples that NoAug recognizes. hf_cfgen" in text


def test_what_an_error_says_holds_no_secret_whatever_the_token_looks_like(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "an-odd.token")
    said = "no an-odd.token\nBasic dXNlcjpwdw== hf_abcdefghijklmnopqrst https://u:p@x.y/z?token=1 'http://a?b=c'"
    assert _scrubbed(said) == "no *** Basic *** *** https://x.y/z 'http://a'"


def test_the_shape_of_a_transformer_is_told_whatever_its_architecture_calls_it(run_dir, tmp_path):
    with copied(run_dir, tmp_path / "run") as (folder, results):
        results["config"]["model"] = results["names"]["model"] = "distil"
        DistilBertConfig(n_layers=3, dim=24, n_heads=2).save_pretrained(folder / "aug")
    push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "dry")
    text = (tmp_path / "dry" / "README.md").read_text(encoding="utf-8")
    assert "\n`distil`, a pretrained transformer, with a token-classification head " in text
    assert "\n- **Shape.** distilbert, 3 layers of 24 units.\n" in text


@pytest.mark.parametrize(
    ("unit", "characters", "said"),
    [
        ("whitespace", False, "at whitespace"),
        ("words", True, "into words and punctuation marks"),
        ("characters", False, "into characters"),
        (None, False, "into words and punctuation marks"),
        (None, True, "into characters"),
    ],
)
def test_the_card_says_how_the_tagger_splits_text(unit, characters, said, run_dir, tmp_path):
    with copied(run_dir, tmp_path / "run") as (folder, results):
        results["data"]["characters"] = characters
        LSTMTaggerConfig(text_unit=unit).save_pretrained(folder / "aug")
    push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "dry")
    text = (tmp_path / "dry" / "README.md").read_text(encoding="utf-8")
    assert f" The text is split {said}.\n" in text
    assert "import hf_cfgen.modeling  # registers the task and LSTMTagger\n" in text


def test_a_tagger_is_pushed_whole_without_what_else_lies_in_its_folder(run_dir, tmp_path):
    with copied(run_dir, tmp_path / "run") as (folder, _):
        (folder / "aug" / ".env").write_text("HF_TOKEN=x")
        (folder / "aug" / "notes").mkdir()
    push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "dry")
    assert {path.name for path in (tmp_path / "dry").iterdir()} - {"README.md"} == {
        path.name for path in (run_dir / "aug").iterdir()
    }
    (folder / "aug" / "model.safetensors").unlink()
    with pytest.raises(CfgenError, match="aug no longer has weights"):
        push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "other")
    shutil.rmtree(folder / "aug")
    with pytest.raises(CfgenError, match="aug no longer holds a tagger"):
        push_model(folder, "cfgen/tagger", "Aug", dry_run=tmp_path / "other")
    assert not (tmp_path / "other").exists()


HOSTILE = ["a|b", "{{ 7 * 7 }}", "{% x", "`c`", "<b>", "d\ne", "q\"u'o", "no", "- x", "---", "# h", "1.", "病"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """A run on data whose every name means something in Markdown, YAML or Jinja, with dates and long tokens."""
    home = tmp_path_factory.mktemp("hostile")
    folder = home / 'it\'s "q" |{{ x }} `t` #1'
    folder.mkdir()
    forms = ["x|y", "{{y}}", "```", "</td>", "$x$", "1.", "L" * 5000, "a\nb", "\x07"]
    for split, size in (("train", 52), ("dev", 13), ("test", 13)):
        table = Dataset.from_dict(
            {
                "id": [f"{split}|{row}" for row in range(size)],
                "tokens": [["-", "see", forms[row % 9], "|", "{%", "<script>", f"n{row}"] for row in range(size)],
                "ner_tags": [["O", "O", f"B-{HOSTILE[row % 13]}", "O", "O", "O", "O"] for row in range(size)],
                "day": [date(2020, 1, 1 + row % 28) for row in range(size)],
                "at": [datetime(2020, 1, 1, row % 24, 0, 0, 1) for row in range(size)],
            }
        )
        table.to_parquet(folder / f"{split}.parquet")
    options = ["--dataset", str(folder), "--max_steps", "12", "--hidden_size", "8", "--use_cpu", "true"]
    main(["run", *options, "--disable_tqdm", "true", "--output_dir", str(home / "run")])
    return home / "run"


def headings(text: str) -> list[str]:
    """The headings of a card, outside its blocks of code."""
    return re.findall("^#+ .*", re.sub(r"^(```+)\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)


@pytest.mark.slow
def test_names_that_mean_something_in_markdown_yaml_or_jinja_stay_names(run_dir, hostile, hub, tmp_path):
    repo = "cfgen/x_y.z"
    citation = "@misc{x,\r\n  title = {```}\r\n}\n```\n# not a heading"
    given = {"run_dir": str(hostile), "language": ["no"], "license": "mit", "citation": citation}
    pushed, tagger, content, loaded = client(
        hub,
        tmp_path / "home",
        ("push_data", {"repo_id": repo, **given}),
        ("push_tagger", {"repo_id": repo, "tagger": "NoAug", **given}),
        ("validate", {"repo_id": repo, "repo_type": "dataset"}),
        ("load", {"repo_id": repo, "save": str(tmp_path / "loaded")}),
    )
    assert (pushed["error"], tagger["error"]) == (None, None)
    assert "rejected" in loaded and loaded == all_rows(hostile)
    rows = check_loaded(tmp_path / "loaded", hostile, tmp_path / "parquet")["rejected"]["train"]
    assert set(rows.features["ner_tags"].feature.names) == {"O", *(f"{p}-{t}" for t in HOSTILE for p in "BI")}
    assert (str(rows.features["day"].dtype), rows.features["at"].dtype) == ("date32", "timestamp[us]")
    card, plain = DatasetCard(content), dataset_card(run_dir, repo)
    assert card.data.language == ["no"]
    assert headings(card.text) == headings(plain.text)
    assert headings(ModelCard(hub.repositories["models", repo].head[1]["README.md"].content.decode()).text)
    # a cell ends at a bar that is not escaped
    table = card.text.split("| type | mentions in train |")[1].split("\n\n")[0].splitlines()[2:]
    assert sorted(re.split(r"(?<!\\)\|", line)[1].strip() for line in table) == sorted(map(escaped, HOSTILE))
    assert {len(re.split(r"(?<!\\)\|", line)) for line in table} == {7}
    assert all(len(line) < 1500 for line in card.text.splitlines())
    fence = "````"
    assert f"\n\n{fence}bibtex\n@misc{{x,\n  title = {{```}}\n}}\n```\n# not a heading\n{fence}\n\n" in card.text


SAID = f"Bearer {TOKEN} is not enough for https://u:pw@store/x?{SIGNATURE}"
CREATE, COMMIT, PUT = "POST /api/repos/create cfgen/{}$", "POST /api/datasets/cfgen/{}/commit/main", "PUT .*/{}/lfs/"
BUSY = {"Retry-After": "7"}
# of each what goes wrong, the seconds waited, and the error or, where the push is completed, None
FAULTS: dict[str, tuple[Fault, list[float], str | None]] = {
    "unknown": (
        Fault(CREATE, 401, 99, message=SAID),
        [],
        "the Hub does not know you (401): log in with hf auth login, or set HF_TOKEN to a token that is valid; "
        "it says: Bearer *** is not enough for https://store/x",
    ),
    "forbidden": (Fault(CREATE, 403, 99), [], "you may not write there (403): use a token that may write, or "),
    "read-only": (Fault(COMMIT, 403, 99, message=SAID), [], "you may not write there (403): use a token that may "),
    "conflict": (Fault(COMMIT, 409), [1], None),
    "conflicts": (Fault(COMMIT, 409, 99), [1, 2, 4], "somebody else is writing there (409): push again"),
    "busy": (Fault(CREATE, 429, headers=BUSY), [7], None),
    "busy-twice": (Fault(COMMIT, 429, 2, headers=BUSY), [7, 7], None),
    "too-busy": (
        Fault(COMMIT, 429, 99, headers={"Retry-After": "3600"}),
        [],
        "too many requests (429): push again in 3600 seconds",
    ),
    "busy-until": (
        Fault(COMMIT, 429, 99, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}),
        [1, 2, 4],
        "too many requests (429): push again later",
    ),
    "failing": (Fault(COMMIT, 500, 2), [1, 2], None),
    "failing-upload": (Fault(PUT, 500, 2), [], None),  # huggingface_hub tries again itself
    "refused-upload": (Fault(PUT, 403, 99, message=SAID), [], "you may not write there (403): use a token that may "),
    "broken": (Fault(COMMIT, 500, 99), [1, 2, 4], "the Hub fails (500): push again later"),
    "cut-upload": (Fault(PUT, "cut"), [], None),
    "cut-commit": (Fault(COMMIT, "cut"), [1], None),
    "cut-always": (Fault(COMMIT, "cut", 99), [1, 2, 4], ""),
    "lost-answer": (Fault(COMMIT, "lose"), [1], None),
    "race": (Fault(COMMIT, "race", files={DATA[0]: File(b"of another run", True)}), [1], None),
}


@pytest.fixture(scope="module")
def faulty(run_dir, tmp_path_factory) -> Iterator[tuple[Hub, dict[str, Any]]]:
    """The outcome of a push for every fault, each to a repository of its own."""
    with running() as hub:
        for name, (fault, _, _) in FAULTS.items():
            fault.request = fault.request.format(name)
            hub.faults.append(fault)
        calls = [("push_data", {"run_dir": str(run_dir), "repo_id": f"cfgen/{name}"}) for name in FAULTS]
        yield hub, dict(zip(FAULTS, client(hub, tmp_path_factory.mktemp("faulty"), *calls)))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_with_a_completed_push_or_a_clear_error_and_no_half_data_set(run_dir, faulty, name):
    hub, pushed = faulty
    fault, waits, error = FAULTS[name]
    assert fault.times < 99, "the fault happened"
    assert pushed[name]["waits"] == waits
    repository = hub.repositories.get(("datasets", f"cfgen/{name}"))
    if error is None:
        assert pushed[name]["error"] is None
        assert repository is not None
        assert [repository.head[1][path].content for path in PARQUET] == written(run_dir, PARQUET)
        # the creation, the push, and what somebody else pushed between
        assert len(repository.commits) == (3 if name == "race" else 2)
    else:
        assert pushed[name]["error"].startswith(f"cfgen/{name} is not pushed: {error}")
        assert "\n" not in pushed[name]["error"] and "pw" not in pushed[name]["error"]
        assert repository is None or list(repository.head[1]) == [".gitattributes"]


@pytest.mark.slow
def test_a_push_by_xet_that_fails_is_a_clear_error_and_no_half_data_set(run_dir, hub, tmp_path):
    # as huggingface_hub uploads where nothing is said against it; what a completed one sends is not tested here
    hub.faults.append(Fault("GET .*/forbidden/xet-write-token/", 403, 99))
    repositories = {"cfgen/absent": "404 Not Found", "cfgen/forbidden": "403 Forbidden"}
    pushes = [("push_data", {"run_dir": str(run_dir), "repo_id": repo_id}) for repo_id in repositories]
    for (repo_id, why), pushed in zip(repositories.items(), client(hub, tmp_path, *pushes, xet=True)):
        assert pushed["error"].startswith(f"{repo_id} is not pushed: ") and why in pushed["error"]
        assert list(hub.repositories["datasets", repo_id].head[1]) == [".gitattributes"]


@pytest.mark.slow
def test_a_hub_that_is_not_there_is_said_once(run_dir, tmp_path):
    with running() as gone:
        pass
    push = ("push_data", {"run_dir": str(run_dir), "repo_id": "cfgen/x"})
    (refused,) = client(gone, tmp_path, push)
    assert refused["error"].startswith("cfgen/x is not pushed: ") and refused["error"].count("refused") == 1
    assert refused["waits"] == [1, 2, 4]


@pytest.mark.slow
def test_a_push_that_is_killed_leaves_the_data_set_that_was_there(run_dir, without_rejected, hub, tmp_path):
    repo = "cfgen/cner-aug"
    before = {name: rows for name, rows in all_rows(run_dir).items() if name != "rejected"}
    push = ("push_data", {"run_dir": str(run_dir), "repo_id": repo})
    earlier = ("push_data", {"run_dir": str(without_rejected), "repo_id": repo})
    first, loaded = client(hub, tmp_path / "first", earlier, ("load", {"repo_id": repo}))
    assert first["commit"] and loaded == before
    hold = Fault("PUT .*/lfs/", "hold")
    hub.faults.append(hold)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.hub_client"],
        env=environment(hub, tmp_path / "killed"),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps([push]))
        process.stdin.close()
        assert hold.reached.wait(60)
        process.kill()
    hold.released.set()
    repository = hub.repositories["datasets", repo]
    assert len(repository.commits) == 2
    loaded, second, after, third, last = client(
        hub,
        tmp_path / "later",
        *(("load", {"repo_id": repo}), push, ("load", {"repo_id": repo}), earlier, ("load", {"repo_id": repo})),
    )
    assert loaded == before
    assert second["commit"] and after == all_rows(run_dir)
    # the push of a run without rejected rows takes those of the other run away
    assert third["commit"] and last == before
    assert sorted(repository.head[1]) == sorted([".gitattributes", "README.md", *PARQUET[:-1]])
    assert len(repository.commits) == 4


def test_clinical_text_is_public_only_if_that_is_said_and_licensed(run_dir, hub, tmp_path):
    def call(name: str, **options: Any) -> tuple[str, dict[str, Any]]:
        return "push_data", {"run_dir": str(run_dir), "repo_id": f"cfgen/{name}", **options}

    unlicensed, public, private, hidden, again, wrong = client(
        hub,
        tmp_path,
        call("open", public=True),
        call("open", public=True, license="mit"),
        call("hidden", license="mit"),
        call("open"),
        call("hidden", public=True, license="mit"),
        call("wrong", language=["Chinese"]),
    )
    assert unlicensed["error"].startswith("public without a license: give --license")
    assert public["error"] is None and private["error"] is None
    assert hidden["error"].startswith("cfgen/open exists and is public: push with --public and --license, ")
    assert again["error"].startswith("cfgen/hidden exists and is private: push without --public, ")
    privacy = {name: repository.private for (_, name), repository in hub.repositories.items()}
    assert privacy == {"cfgen/open": False, "cfgen/hidden": True, "cfgen/wrong": True}
    assert [len(repository.commits) for repository in hub.repositories.values()] == [2, 2, 1]
    # what the Hub says of a card is told
    assert wrong["error"].startswith("cfgen/wrong is not pushed: ") and "Chinese is not right" in wrong["error"]


@pytest.mark.parametrize(
    ("options", "pushed", "printed"),
    [
        ([], Pushed("https://hub/x", "0123"), "Pushed to https://hub/x (private), commit 0123\n"),
        (["--public"], Pushed("https://hub/x", "0123"), "Pushed to https://hub/x (public), commit 0123\n"),
        ([], Pushed("https://hub/x", None), "https://hub/x is already up to date\n"),
    ],
)
def test_the_command_pushes_and_says_so(run_dir, monkeypatch, capsys, options, pushed, printed):
    calls = []
    monkeypatch.setattr("hf_cfgen.cli.push.push_dataset", lambda **kw: calls.append(kw) or pushed)
    main(["push", str(run_dir), "--repo-id", "cfgen/x", "--language", "zh", "--license", "mit", *options])
    assert capsys.readouterr().out == printed
    given = {"public": bool(options), "license": "mit", "language": ["zh"], "citation": None, "dry_run": None}
    assert calls == [{"run_dir": str(run_dir), "repo_id": "cfgen/x", **given}]


def test_a_dry_run_by_command_sends_nothing_and_writes_what_would_be_pushed(run_dir, tmp_path, capsys):
    folder = tmp_path / "dry"
    main(["push", str(run_dir), "--repo-id", "cfgen/cner-aug", "--dry-run", str(folder)])
    assert capsys.readouterr().out == f"The files to push are in {folder}\n"
    assert (folder / "README.md").read_text(encoding="utf-8") == f"{dataset_card(run_dir, 'cfgen/cner-aug')}\n"


def test_options_of_a_push_come_from_yaml_in_either_spelling(run_dir, tmp_path):
    for name in ("repo-id", "repo_id"):
        config = tmp_path / f"{name}.yaml"
        config.write_text(
            f"{name}: cfgen/x\ndry-run: {tmp_path / name}\nlanguage: [zh, en]\ncitation: |\n  @a{{b,\n  }}\n"
        )
        main(["push", str(run_dir), "--config", str(config), "--license", "mit"])
        card = DatasetCard.load(tmp_path / name / "README.md")
        assert (card.data.language, card.data.license, card.data.pretty_name) == (["zh", "en"], "mit", "x")
        assert "```bibtex\n@a{b,\n}\n```" in card.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["RUN"], "the following arguments are required: --repo_id"),
        (["--repo_id", "cfgen/x"], "the following arguments are required: RUN_DIR"),
        (["RUN", "--repo_id", "x"], "--repo_id is 'x': give the user or organization too, NAMESPACE/x"),
        (["RUN", "--repo_id", "a/b/c"], "--repo_id 'a/b/c': "),
        (["RUN", "--repo_id", "cfgen/x", "--public"], "public without a license: give --license"),
        (["RUN", "--repo_id", "cfgen/x", "--token", "t"], "--token: unknown option: hf-cfgen push --help"),
        (["RUN", "--repo_id", "cfgen/x", "--token=t", "-x"], "--token: unknown option: hf-cfgen push --help"),
        (["nowhere", "--repo_id", "cfgen/x"], "nowhere is not a finished run: give the output folder of"),
        (["OLD", "--repo_id", "cfgen/x"], "an earlier version wrote it"),
        (["LESS", "--repo_id", "cfgen/x"], "has 0 rows, but results.json records 60: run it again"),
        (["CUT", "--repo_id", "cfgen/x"], "is not a complete parquet file ("),
        (["RUN", "--repo_id", "cfgen/x", "--dry_run", "RUN"], "already exists: choose another output"),
    ],
)
def test_bad_input_is_one_line_and_status_2_and_nothing_is_written(run_dir, tmp_path, capsys, options, message):
    folders = {name: tmp_path / name for name in ("OLD", "LESS", "CUT")}
    for folder in folders.values():
        shutil.copytree(run_dir, folder)
    results = results_of(run_dir)
    del results["names"]
    (folders["OLD"] / "results.json").write_text(json.dumps(results))
    (folders["LESS"] / DATA[1]).unlink()
    (folders["CUT"] / DATA[1]).write_bytes((run_dir / DATA[1]).read_bytes()[:-9])
    places = {"RUN": str(run_dir), **{name: str(folder) for name, folder in folders.items()}}
    before = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(run_dir.rglob("*")) if path.is_file()))
    dry = [] if "--dry_run" in options else ["--dry_run", str(tmp_path / "dry")]
    with pytest.raises(SystemExit) as ended:
        main(["push", *(places.get(option, option) for option in options), *dry])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("hf-cfgen: ") and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CUT", "LESS", "OLD"]
    after = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(run_dir.rglob("*")) if path.is_file()))
    assert after.digest() == before.digest()


def test_a_config_without_rows_is_left_out_and_the_card_says_so(without_rejected, tmp_path):
    push_dataset(without_rejected, "cfgen/x", dry_run=tmp_path / "dry")
    card = DatasetCard.load(tmp_path / "dry" / "README.md")
    assert [config["config_name"] for config in card.data.configs] == ["default", "counterfactual"]
    assert "The run made no rows for `rejected`, so the dataset does not have this config." in card.text
    assert 'load_dataset("cfgen/x", "rejected"' not in card.text
    assert not (tmp_path / "dry" / "rejected").exists()
