"""A run, and what a user sees of it on a Hub: shared by the tests that push."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from datasets import Dataset, load_from_disk

from .hub_server import SIGNATURE, TOKEN, Hub

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = {"default": "data", "counterfactual": "kept", "rejected": "rejected"}  # of a run, by config
DATA = [f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")]
PARQUET = [*DATA, *(f"{folder}/train-00000-of-00001.parquet" for folder in ("counterfactual", "rejected"))]


def environment(hub: Hub, home: Path, token: str = TOKEN, xet: bool = False) -> dict[str, str]:
    """That of a user of the Hub, whose cache is `home`. The server keeps no files by Xet, only by LFS."""
    values = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_TOKEN": token}
    values |= {"HF_HUB_DISABLE_XET": "0" if xet else "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    values |= {"PYTHONPATH": str(REPOSITORY)}
    return {name: value for name, value in values.items() if name != "HF_HUB_OFFLINE"}


def check_secrets(*texts: str) -> None:
    for text in texts:
        assert TOKEN not in text and SIGNATURE not in text


def client(
    hub: Hub, home: Path, *calls: tuple[str, dict[str, Any]], token: str = TOKEN, xet: bool = False
) -> list[Any]:
    """The outcomes of calls of `hub_client`, in a process of their own."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hub_client"],
        input=json.dumps(calls),
        env=environment(hub, home, token, xet),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "DEBUG" in ran.stderr, "it logs all that it can"
    check_secrets(ran.stdout, ran.stderr)
    check_secrets(*(path.read_text("latin-1") for path in home.rglob("*") if path.is_file()))
    return json.loads(ran.stdout.splitlines()[-1])


def results_of(run_dir: Path) -> dict[str, Any]:
    return json.loads((run_dir / "results.json").read_text(encoding="utf-8"))


def written(run_dir: Path, names: list[str]) -> list[bytes]:
    """Files of a data set's repository as the run wrote them."""
    return [(run_dir / name.replace("counterfactual/", "kept/")).read_bytes() for name in names]


def all_rows(run_dir: Path) -> dict[str, dict[str, int]]:
    """The numbers of rows that a run recorded, by config, if it has any, and split."""
    results = results_of(run_dir)
    kept, rejected = results["counts"]["kept"], sum(results["counts"]["rejected"].values())
    examples = results["data"]["examples"]
    rows = {
        "default": {**examples, "train": examples["train"] + kept},
        "counterfactual": {"train": kept},
        "rejected": {"train": rejected},
    }
    return {name: splits for name, splits in rows.items() if all(splits.values())}


def check_loaded(folder: Path, run_dir: Path, cache: Path) -> dict[str, dict[str, Dataset]]:
    """The data sets that `hub_client.load` saved, which have the features and the rows of the run's files."""
    rows = all_rows(run_dir)
    loaded: dict[str, dict[str, Dataset]] = {name: dict(load_from_disk(str(folder / name))) for name in rows}
    assert rows == {name: {split: len(table) for split, table in splits.items()} for name, splits in loaded.items()}
    for name, splits in loaded.items():
        for split, found in splits.items():
            source = str(run_dir / FOLDERS[name] / f"{split}-00000-of-00001.parquet")
            expected = Dataset.from_parquet(source, cache_dir=str(cache))
            assert found.features == expected.features
            assert found.to_list() == expected.to_list()
    return loaded
