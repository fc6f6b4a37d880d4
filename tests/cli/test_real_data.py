"""The whole method on real corpora, a few steps each: `make test-slow`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import load_dataset
from huggingface_hub import DatasetCard

from hf_cfgen.cli.main import main

from ..hub_server import running
from ..pushed import PARQUET, all_rows, check_loaded, check_secrets, client, environment, written

pytestmark = pytest.mark.slow


def run(output: Path, *options: str) -> dict:
    main(["run", *options, "--use_cpu", "true", "--disable_tqdm", "true", "--output_dir", str(output)])
    return json.loads((output / "results.json").read_text(encoding="utf-8"))


def test_an_lstm_with_vectors_on_cluener_twice_gives_the_same_bytes(shared, tmp_path):
    options = ["--dataset", str(shared / "data" / "cluener"), "--num_train_examples", "200", "--max_steps", "120"]
    options += ["--vectors", str(shared / "vectors" / "zh_chars_100d.vec")]
    first, again = (run(tmp_path / name, *options) for name in ("first", "again"))
    kept = [(tmp_path / name / "kept" / "train-00000-of-00001.parquet").read_bytes() for name in ("first", "again")]
    assert kept[0] == kept[1]
    assert first["data"]["examples"] == {"train": 200, "validation": 1343, "test": 1075}
    assert first["counts"]["kept"] > 20
    assert first["taggers"]["Aug"]["test"] == again["taggers"]["Aug"]["test"]
    rows = load_dataset(str(tmp_path / "first" / "kept"), split="train", cache_dir=str(tmp_path / "cache"))
    for row in rows:
        (swap,) = row["replaced"]
        assert row["tokens"][swap["start"] : swap["end"]] == swap["replacement"] != swap["original"]


def test_a_pretrained_transformer_on_wnut17(shared, minilm, tmp_path):
    options = ["--dataset", str(shared / "data" / "wnut17"), "--num_train_examples", "50", "--max_steps", "4"]
    results = run(tmp_path / "out", *options, "--model", minilm, "--num_layers", "2", "--learning_rate", "1e-3")
    assert results["data"]["types"] == ["corporation", "creative-work", "group", "location", "person", "product"]
    assert results["data"]["examples"] == {"train": 50, "validation": 1009, "test": 1287}
    counts = results["counts"]
    assert counts["kept"] + sum(counts["rejected"].values()) == counts["candidates"] > 50
    assert (tmp_path / "out" / "aug" / "tokenizer.json").is_file()


@pytest.mark.parametrize(
    ("data", "options", "sizes", "types"),
    [
        ("cner", ["--types", "疾病和诊断"], (1322, 164, 164), ["疾病和诊断"]),
        ("idiag_standin/label_studio_export.json", [], (9274, 1157, 1157), ["Diagnosis"]),
    ],
)
def test_an_lstm_on_clinical_corpora_in_the_splits_of_table_1(shared, tmp_path, data, options, sizes, types):
    options = [*options, "--pool", "--split_sizes", ",".join(map(str, sizes)), "--num_train_examples", "100"]
    options += ["--vectors", str(shared / "vectors" / "zh_chars_100d.vec"), "--max_steps", "12"]
    results = run(tmp_path / "out", "--dataset", str(shared / "data" / data), *options)
    assert results["data"]["examples"] == {"train": 100, "validation": sizes[1], "test": sizes[2]}
    assert results["data"]["types"] == types
    assert results["counts"]["candidates"] > 300
    assert sorted(results["taggers"]) == ["Aug", "NoAug"]


def test_the_clinical_corpus_is_pushed_by_the_command_and_loaded_from_a_clean_cache(shared, tmp_path):
    output, repo = tmp_path / "run", "cfgen/cner-aug"
    options = ["--types", "疾病和诊断", "--pool", "--split_sizes", "1322,164,164", "--num_train_examples", "100"]
    options += ["--vectors", str(shared / "vectors" / "zh_chars_100d.vec"), "--max_steps", "24"]
    results = run(output, "--dataset", str(shared / "data" / "cner"), *options)
    assert sorted(all_rows(output)) == ["counterfactual", "default", "rejected"]
    with running() as hub:
        pushed = subprocess.run(
            [sys.executable, "-m", "hf_cfgen.cli.main", "push", str(output), "--repo-id", repo, "--language", "zh"],
            env=environment(hub, tmp_path / "pusher"),
            capture_output=True,
            text=True,
        )
        check_secrets(pushed.stdout, pushed.stderr)
        repository = hub.repositories["datasets", repo]
        assert pushed.stdout == f"Pushed to {hub.endpoint}/datasets/{repo} (private), commit {repository.head[0]}\n"
        assert repository.private
        rows, paths, card = client(
            hub,
            tmp_path / "clean",
            ("load", {"repo_id": repo, "save": str(tmp_path / "loaded")}),
            ("download", {"repo_id": repo, "repo_type": "dataset", "names": PARQUET}),
            ("validate", {"repo_id": repo, "repo_type": "dataset"}),
        )
    assert rows == all_rows(output)
    assert [Path(path).read_bytes() for path in paths] == written(output, PARQUET)
    loaded = check_loaded(tmp_path / "loaded", output, tmp_path / "cache")
    for splits in loaded.values():
        for table in splits.values():
            assert {"source_id", "is_counterfactual", "replaced", "score", "reason"} <= set(table.column_names)
    train = loaded["default"]["train"]
    assert sum(train["is_counterfactual"]) == results["counts"]["kept"]
    assert set(train["source_id"]) == {row["id"] for row in train if not row["is_counterfactual"]}
    text = DatasetCard(card).text
    assert "\ncner, as the run read it: 100 train, 164 validation and\n164 test examples." in text
    assert str(shared) not in card and str(tmp_path) not in card
