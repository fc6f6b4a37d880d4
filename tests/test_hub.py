"""Pushing a run and loading it again, against a small Hub on loopback, by the unmodified Hugging Face libraries."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict, load_dataset, load_from_disk
from huggingface_hub import DatasetCard, ModelCard

from hf_cfgen import CfgenError, load_ner_dataset, push_dataset, push_model
from hf_cfgen.cards import dataset_card
from hf_cfgen.cli import main
from hf_cfgen.discriminator import as_discriminator

from .hub_server import SIGNATURE, TOKEN, Fault, File, Hub, running
from .samples import json_lines

REPOSITORY = Path(__file__).resolve().parents[1]
DISEASE = "疾病和诊断"
GIVEN = {"language": ["zh"], "license": "cc-by-nc-4.0", "citation": "@misc{ccks,\n  title = {CCKS 2019}\n}"}
DATA = [f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")]
PARQUET = [*DATA, *(f"{folder}/train-00000-of-00001.parquet" for folder in ("counterfactual", "rejected"))]
Client = Any


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
    options = {"dataset": home / "cner", "vectors": vectors, "max_steps": 60, "learning_rate": 2e-2, "hidden_size": 32}
    options |= {"freeze_embeddings": False, "use_cpu": True, "disable_tqdm": True, "output_dir": output}
    main(["run", *(part for name, value in options.items() for part in (f"--{name}", str(value)))])
    return output


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as hub:
        yield hub


def environment(hub: Hub, home: Path, token: str = TOKEN) -> dict[str, str]:
    values = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    values |= {"HF_TOKEN": token, "PYTHONPATH": str(REPOSITORY), "HF_HUB_DISABLE_TELEMETRY": "1"}
    return {name: value for name, value in values.items() if name != "HF_HUB_OFFLINE"}


def check_secrets(*texts: str) -> None:
    for text in texts:
        assert TOKEN not in text and SIGNATURE not in text


def client(hub: Hub, home: Path, *calls: tuple[str, dict[str, Any]], token: str = TOKEN) -> list[Any]:
    """The outcomes of calls of `hub_client`, in a process of their own, whose cache is `home`."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hub_client"],
        input=json.dumps(calls),
        env=environment(hub, home, token),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    check_secrets(ran.stdout, ran.stderr)
    check_secrets(*(path.read_text("latin-1") for path in home.rglob("*") if path.is_file()))
    return json.loads(ran.stdout.splitlines()[-1])


def results_of(run_dir: Path) -> dict[str, Any]:
    return json.loads((run_dir / "results.json").read_text(encoding="utf-8"))


def written(run_dir: Path, names: list[str]) -> list[bytes]:
    return [(run_dir / name.replace("counterfactual/", "kept/")).read_bytes() for name in names]


def all_rows(run_dir: Path) -> dict[str, dict[str, int]]:
    results = results_of(run_dir)
    kept, rejected = results["counts"]["kept"], sum(results["counts"]["rejected"].values())
    return {
        "default": {"train": 60 + kept, "validation": 60, "test": 60},
        "counterfactual": {"train": kept},
        "rejected": {"train": rejected},
    }


@pytest.fixture(scope="module")
def without_rejected(run_dir, tmp_path_factory) -> Path:
    """The same run with a discriminator that rejected nothing."""
    copied = tmp_path_factory.mktemp("other") / "run"
    shutil.copytree(run_dir, copied)
    shutil.rmtree(copied / "rejected")
    results = results_of(copied)
    results["counts"]["rejected"] = {}
    (copied / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return copied


def test_what_is_loaded_is_what_was_pushed(run_dir, hub, tmp_path):
    repo, counts = "cfgen/cner-aug", results_of(run_dir)["counts"]
    assert counts["kept"] > 10 and len(counts["rejected"]) > 1
    push = ("push_data", {"run_dir": str(run_dir), "repo_id": repo, **GIVEN})
    first, again = client(hub, tmp_path / "pusher", push, push)
    assert first["url"] == f"{hub.endpoint}/datasets/{repo}" and first["error"] is None
    repository = hub.repositories["datasets", repo]
    assert repository.private
    # one commit for the push after that of the creation, none for the second push
    assert [sha for sha, _ in repository.commits][1:] == [first["commit"]]
    assert again["commit"] is None
    assert sorted(repository.head[1]) == sorted([".gitattributes", "README.md", *PARQUET])

    rows, ids, sizes, paths, card = client(
        hub,
        tmp_path / "clean",
        ("load", {"repo_id": repo, "save": str(tmp_path / "loaded")}),
        ("stream", {"repo_id": repo}),
        ("sizes", {"repo_id": repo, "names": PARQUET}),
        ("download", {"repo_id": repo, "repo_type": "dataset", "names": PARQUET}),
        ("validate", {"repo_id": repo, "repo_type": "dataset"}),
    )
    assert rows == all_rows(run_dir)
    assert [Path(path).read_bytes() for path in paths] == written(run_dir, PARQUET)
    assert sizes == {name: len(content) for name, content in zip(PARQUET, written(run_dir, PARQUET))}
    loaded = {name: load_from_disk(str(tmp_path / "loaded" / name)) for name in rows}
    for name, splits in loaded.items():
        assert isinstance(splits, DatasetDict)
        folder = {"default": "data", "counterfactual": "kept", "rejected": "rejected"}[name]
        for split, found in splits.items():
            source = str(run_dir / folder / f"{split}-00000-of-00001.parquet")
            expected = Dataset.from_parquet(source, cache_dir=str(tmp_path / "parquet"))
            assert found.features == expected.features
            assert found.to_list() == expected.to_list()
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
        (replaced,) = row["replaced"]
        assert row["tokens"][replaced["start"] : replaced["end"]] == replaced["replacement"] != replaced["original"]
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
        f"{counts['drawn']} candidates, {counts['duplicates']} of them left out as duplicates,\n{counts['kept']} kept",
        "cner, as the run read it: 60 train, 60 validation and\n60 test examples. License: cc-by-nc-4.0.",
        "```bibtex\n@misc{ccks,\n  title = {CCKS 2019}\n}\n```",
        f"has a strict F1 of {100 * results['taggers']['NoAug']['test']['strict']['f1']:.1f} %",
        f"| Aug | {60 + counts['kept']} | strict | ",
        "the budget recipe: up to 5 an example",
        "\n   seed, 42, and the row's id. The seed of the splits is 42.\n",
        "- **Facts.** Nobody wrote these sentences;",
        "\nhf-cfgen run --hidden_size 32 --vectors vectors.vec --freeze_embeddings false --dataset cner "
        "--max_steps 60 --learning_rate 0.02 --use_cpu true --output_dir my-run\n",
        f"torch {results['environment']['torch']}",
        f"commit {results['commit'].removesuffix('-dirty')}" if results["commit"] else "hf_cfgen",
    ):
        assert line in text, line
    for private in (str(run_dir), "ward-7", str(Path.home()), str(REPOSITORY)):
        assert private not in content
    # nothing is said that was not given
    bare = dataset_card(run_dir, "cfgen/cner-aug")
    assert not {"license", "language"} & set(bare.data.to_dict())
    assert "License: none was given." in bare.text and "No citation of the source was given." in bare.text


def test_the_command_of_the_card_repeats_the_run(run_dir, tmp_path, monkeypatch):
    command = results_of(run_dir)["command"].split()
    monkeypatch.chdir(run_dir.parent)
    main([*command[1:], "--disable_tqdm", "true", "--output_dir", str(tmp_path / "again")])
    assert written(tmp_path / "again", PARQUET) == written(run_dir, PARQUET)
    assert results_of(tmp_path / "again")["command"] == results_of(run_dir)["command"]


def test_a_tagger_that_is_loaded_is_the_one_that_was_pushed(run_dir, hub, tmp_path):
    results, repo = results_of(run_dir), "cfgen/cner-tagger"
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    tokens = load_ner_dataset(run_dir.parent / "cner")["test"][0]["tokens"]
    push = ("push_tagger", {"run_dir": str(run_dir), "repo_id": repo, "tagger": "NoAug", **GIVEN})
    first, again, content = client(
        hub, tmp_path / "pusher", push, push, ("validate", {"repo_id": repo, "repo_type": "model"})
    )
    assert first["url"] == f"{hub.endpoint}/{repo}" and first["commit"] and not again["commit"]
    repository = hub.repositories["models", repo]
    assert repository.private and len(repository.commits) == 2
    assert sorted(repository.head[1]) == [".gitattributes", "README.md", *names]
    paths, labels = client(
        hub,
        tmp_path / "clean",
        ("download", {"repo_id": repo, "repo_type": "model", "names": names}),
        ("predict", {"repo_id": repo, "tokens": tokens}),
    )
    assert [Path(path).read_bytes() for path in paths] == [(run_dir / "noaug" / name).read_bytes() for name in names]
    judge = as_discriminator(str(run_dir / "noaug"))
    encoded = judge.tokenizer(tokens, is_split_into_words=True, return_tensors="pt")
    assert labels == [judge.model.config.id2label[int(i)] for i in judge.model(**encoded).logits[0].argmax(-1)]

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
    assert "## As a discriminator" in card.text and "Pretrained vectors, vectors.vec, trained further" in card.text
    assert 'aggregation_strategy="simple"' in card.text
    assert "ward-7" not in content


def test_the_tagger_that_is_best_on_dev_is_pushed_where_none_is_named(run_dir, tmp_path):
    push_model(run_dir, "cfgen/tagger", dry_run=tmp_path / "dry")
    best = results_of(run_dir)["deploy"].lower()
    assert (tmp_path / "dry" / "model.safetensors").read_bytes() == (run_dir / best / "model.safetensors").read_bytes()
    text = (tmp_path / "dry" / "README.md").read_text(encoding="utf-8")
    assert f"`my-run/{best}`" in text and ("As a discriminator" in text) == (best == "noaug")
    with pytest.raises(CfgenError, match="has no tagger 'Control': choose one of NoAug, Aug"):
        push_model(run_dir, "cfgen/tagger", "Control", dry_run=tmp_path / "other")


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
    "failing": (Fault(COMMIT, 500, 2), [1, 2], None),
    "failing-upload": (Fault(PUT, 500, 2), [], None),  # huggingface_hub tries again itself
    "broken": (Fault(COMMIT, 500, 99), [1, 2, 4], "the Hub fails (500): push again later"),
    "cut-upload": (Fault(PUT, "cut"), [], None),
    "cut-commit": (Fault(COMMIT, "cut"), [1], None),
    "cut-always": (Fault(COMMIT, "cut", 99), [1, 2, 4], ""),
    "lost-answer": (Fault(COMMIT, "lose"), [1], None),
    "race": (Fault(COMMIT, "race", files={DATA[0]: File(b"of another run", True)}), [1], None),
}


@pytest.fixture(scope="module")
def faulty(run_dir, tmp_path_factory) -> Iterator[tuple[Hub, dict[str, Any], dict[str, Any]]]:
    """A push to a repository of its own for every fault, and what then loads from it."""
    with running() as hub:
        for name, (fault, _, _) in FAULTS.items():
            fault.request = fault.request.format(name)
            hub.faults.append(fault)
        calls = []
        for name in FAULTS:
            calls.append(("push_data", {"run_dir": str(run_dir), "repo_id": f"cfgen/{name}"}))
            calls.append(("load", {"repo_id": f"cfgen/{name}"}))
        outcomes = client(hub, tmp_path_factory.mktemp("faulty"), *calls)
        yield hub, dict(zip(FAULTS, outcomes[::2])), dict(zip(FAULTS, outcomes[1::2]))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_with_a_completed_push_or_a_clear_error_and_no_half_data_set(run_dir, faulty, name):
    hub, pushed, loaded = faulty
    fault, waits, error = FAULTS[name]
    assert fault.times < 99, "the fault happened"
    assert pushed[name]["waits"] == waits
    repository = hub.repositories.get(("datasets", f"cfgen/{name}"))
    if error is None:
        assert pushed[name]["error"] is None
        assert loaded[name] == all_rows(run_dir)
        assert repository is not None
        assert [repository.head[1][path].content for path in PARQUET] == written(run_dir, PARQUET)
        # the creation, the push, and what somebody else pushed between
        assert len(repository.commits) == (3 if name == "race" else 2)
    else:
        assert pushed[name]["error"].startswith(f"cfgen/{name} is not pushed: {error}")
        assert "\n" not in pushed[name]["error"] and "pw" not in pushed[name]["error"]
        assert list(loaded[name]) == ["error"]
        assert repository is None or list(repository.head[1]) == [".gitattributes"]


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
    assert hidden["error"].startswith("cfgen/open is there and is public: push with --public and --license, ")
    assert again["error"].startswith("cfgen/hidden is there and is private: push without --public, ")
    privacy = {name: repository.private for (_, name), repository in hub.repositories.items()}
    assert privacy == {"cfgen/open": False, "cfgen/hidden": True, "cfgen/wrong": True}
    assert [len(repository.commits) for repository in hub.repositories.values()] == [2, 2, 1]
    # what the Hub says of a card is told
    assert wrong["error"].startswith("cfgen/wrong is not pushed: ") and "Chinese is not right" in wrong["error"]


def test_the_command_pushes_and_says_so(run_dir, hub, tmp_path):
    def command(*options: str) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [sys.executable, "-m", "hf_cfgen.cli", "push", str(run_dir), "--repo-id", "cfgen/cner-aug", *options],
            env=environment(hub, tmp_path / "home"),
            capture_output=True,
            text=True,
        )
        check_secrets(ran.stdout, ran.stderr)
        return ran

    url = f"{hub.endpoint}/datasets/cfgen/cner-aug"
    given = ("--language", "zh", "--citation", "CCKS 2019")
    first = command(*given)
    commit = hub.repositories["datasets", "cfgen/cner-aug"].head[0]
    assert (first.stdout, first.stderr) == (f"Pushed to {url} (private), commit {commit}\n", "")
    again = command(*given)
    assert (again.stdout, again.stderr) == (f"{url} has all of it already\n", "")
    hub.faults.append(Fault("POST .*/preupload/main", 403, message=SAID))
    refused = command()
    assert refused.returncode == 2 and refused.stdout == ""
    assert re.fullmatch(r"hf-cfgen: cfgen/cner-aug is not pushed: you may not write there .*\n", refused.stderr)
    assert hub.repositories["datasets", "cfgen/cner-aug"].head[0] == commit


def test_a_dry_run_by_command_sends_nothing_and_writes_what_would_be_pushed(run_dir, tmp_path, capsys):
    folder = tmp_path / "dry"
    main(["push", str(run_dir), "--repo-id", "cfgen/cner-aug", "--dry-run", str(folder)])
    assert capsys.readouterr().out == f"What would be pushed is in {folder}\n"
    assert (folder / "README.md").read_text(encoding="utf-8") == f"{dataset_card(run_dir, 'cfgen/cner-aug')}\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["RUN"], "the following arguments are required: --repo_id"),
        (["--repo_id", "cfgen/x"], "0 argument(s) before the options: give hf-cfgen push RUN_DIR [options]"),
        (["RUN", "--repo_id", "x"], "--repo_id is 'x': give the user or organization too, NAMESPACE/x"),
        (["RUN", "--repo_id", "a/b/c"], "--repo_id 'a/b/c': "),
        (["RUN", "--repo_id", "cfgen/x", "--public"], "public without a license: give --license"),
        (["RUN", "--repo_id", "cfgen/x", "--token", "t"], "unknown options: --token t"),
        (["nowhere", "--repo_id", "cfgen/x"], "nowhere holds no finished run: give the output folder of"),
        (["OLD", "--repo_id", "cfgen/x"], "is a run of an earlier version, which recorded too little: run it again"),
        (["LESS", "--repo_id", "cfgen/x"], "has 0 rows, where results.json tells of 60: run it again"),
        (["CUT", "--repo_id", "cfgen/x"], "is no whole parquet file ("),
        (["RUN", "--repo_id", "cfgen/x", "--dry_run", "RUN"], "is there already: choose another output"),
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
    assert "The run made no row of `rejected`: there is no such config." in card.text
    assert 'load_dataset("cfgen/x", "rejected"' not in card.text
    assert not (tmp_path / "dry" / "rejected").exists()
