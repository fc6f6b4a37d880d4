"""Which rows train, which select, which score."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

from hf_cfgen.data.loading import load_ner_dataset
from hf_cfgen.data.splits import carve_splits, files_by_split, named_splits, pool_splits, split_of, subsample
from hf_cfgen.errors import CfgenError

from ..samples import coded


def numbers(count: int, start: int = 0) -> Dataset:
    return Dataset.from_dict({"x": range(start, start + count)})


def test_carve_takes_a_tenth_each_in_file_order() -> None:
    order = np.random.default_rng(7).permutation(36)
    splits = carve_splits({"train": numbers(36)}, 7)
    assert list(splits) == ["train", "validation", "test"]
    assert list(splits["validation"]["x"]) == sorted(order[:4])
    assert list(splits["test"]["x"]) == sorted(order[4:8])
    assert list(splits["train"]["x"]) == sorted(order[8:])
    assert [len(part) for part in carve_splits({"train": numbers(3)}, 7).values()] == [1, 1, 1]


def test_carve_leaves_what_is_there() -> None:
    order = np.random.default_rng(7).permutation(36)
    splits = carve_splits({"test": numbers(3, 100), "train": numbers(36)}, 7)
    assert list(splits["test"]["x"]) == [100, 101, 102]
    assert list(splits["validation"]["x"]) == sorted(order[:4])
    assert list(splits["train"]["x"]) == sorted(order[4:])
    given_all = {"train": numbers(1), "validation": numbers(1), "test": numbers(1)}
    assert carve_splits(given_all, 7) == given_all


def test_carve_errors() -> None:
    with pytest.raises(CfgenError, match="no train split, only validation, test: name one train"):
        carve_splits({"validation": numbers(3), "test": numbers(3)}, 7)
    with pytest.raises(
        CfgenError, match="train has 2 rows, too few to carve validation and test from: give more rows"
    ):
        carve_splits({"train": numbers(2)}, 7)


def test_pool(caplog: pytest.LogCaptureFixture) -> None:
    splits = {"test": numbers(2, 8), "train": numbers(5), "validation": numbers(3, 5)}
    order = list(np.random.default_rng(7).permutation(10))
    pooled = pool_splits(splits, (5, 3, 1), 7)
    assert [list(part["x"]) for part in pooled.values()] == [order[:5], order[5:8], order[8:9]]
    assert "1 of the 10 pooled rows are in no split" in caplog.text
    with pytest.raises(
        CfgenError, match="split sizes 9,1,1 sum to 11, the pool has 10 rows: give sizes that sum to at"
    ):
        pool_splits(splits, (9, 1, 1), 7)
    with pytest.raises(CfgenError, match="can't be pooled, their columns differ"):
        pool_splits({"train": numbers(5), "test": Dataset.from_dict({"x": ["a"]})}, (1, 1, 1), 7)


def test_pooled_ids_are_unique(tmp_path: Path) -> None:
    parts = {name: coded(2).add_column("id", ["0", "1"]) for name in ("train", "validation", "test")}
    DatasetDict(parts).save_to_disk(tmp_path / "saved")
    kept = load_ner_dataset(tmp_path / "saved")
    assert [list(part["id"]) for part in kept.values()] == [["0", "1"]] * 3
    pooled = load_ner_dataset(tmp_path / "saved", pool=True, split_sizes=(2, 2, 2))
    ids = [key for part in pooled.values() for key in part["id"]]
    order = np.random.default_rng(42).permutation(6)
    assert ids == [["train-0", "train-1", "validation-0", "validation-1", "test-0", "test-1"][row] for row in order]


def test_subsample_is_nested_and_seeded() -> None:
    order = list(np.random.default_rng(3).permutation(30))
    for count in (1, 10, 29, 30):
        assert list(subsample(numbers(30), count, 3)["x"]) == order[:count]
    assert list(subsample(numbers(30), 30, 4)["x"]) != order
    for count in (0, 31, -1, 2.0):
        with pytest.raises(
            CfgenError, match=f"num_train_examples is {count}: the train split has 30 rows; give 1 to 30"
        ):
            subsample(numbers(30), count, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *[(name, "train") for name in ("train.json", "subtask1_training_part1.txt", "eng.train", "wnut17train.conll")],
        *[(name, "validation") for name in ("dev.txt", "emerging.dev.conll", "VALID.csv", "val-0.json", "validation")],
        *[(name, "validation") for name in ("devel", "development.bio", "devset")],
        *[(name, "test") for name in ("test.json", "emerging.test.annotated", "subtask1_test_set_with_answer.json")],
        *[(name, None) for name in ("latest.json", "devices.txt", "strain.txt", "values.csv", "训练.json")],
    ],
)
def test_split_names(name: str, split: str | None) -> None:
    assert split_of(name) == split


def test_split_name_errors(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(CfgenError, match=r"'dev_of_train.txt' names the splits train and validation: rename it"):
        split_of("dev_of_train.txt")
    one = numbers(1)
    with pytest.raises(CfgenError, match="x: test_a and test_b both stand for test: save it with one of them"):
        named_splits(DatasetDict(train=one, test_a=one, test_b=one), "x")
    assert list(named_splits(DatasetDict(train=one, train_b=one, test=one), "x")) == ["train", "test"]
    assert "x: splits left out: train_b" in caplog.text
    folder = write("LICENSE", "train").parent
    with pytest.raises(CfgenError, match="data has no data files: give the folder that holds the files themselves"):
        files_by_split(folder)
    one_file = write("export.json", "")
    assert files_by_split(folder) == {"train": [one_file]}
    other = write("more.json", "")
    with pytest.raises(
        CfgenError, match=r"none of export\.json, more\.json is named after a split: put train, dev or"
    ):
        files_by_split(folder)
    train = other.rename(folder / "Train.json")
    assert files_by_split(folder) == {"train": [train]}
    assert "left out, being named after no split: export.json" in caplog.text
