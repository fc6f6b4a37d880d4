"""Name, carve, pool, and subsample splits."""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset, DatasetDict, concatenate_datasets

from ..errors import CfgenError

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")

_NO_DATA = re.compile(
    r"[._].*|(readme|licen[cs]e|copying|citation|notice|changelog)\b.*|.*\.(md|rst|py|ya?ml|pdf|html?)"
)

_WORDS = {
    "train": re.compile(r"train(ing)?(set|data)?"),
    "validation": re.compile(r"(dev(el(opment)?)?|val(id(ation)?)?)(set|data)?"),
    "test": re.compile(r"test(ing)?(set|data)?"),
}


def split_of(name: str, folder: Path | None = None) -> str | None:
    """Return the split that a file name or the name of a Hub split refers to, one of `SPLITS`, if there is one.

    Matches one word (a run of ASCII letters): `train`, `training`; `dev`, `devel`, `development`, `val`, `valid`,
    `validation`; `test`, `testing`; each optionally with `set` or `data` appended. `folder` is for messages.

    Raises:
        CfgenError: The words refer to more than one split.

    Example:

    >>> split_of("subtask1_training_part1.txt"), split_of("emerging.dev.conll"), split_of("latest.json")
    ('train', 'validation', None)
    """
    words = re.findall("[a-z]+", name.lower())
    found = [split for split in SPLITS if any(_WORDS[split].fullmatch(word) for word in words)]
    if len(found) > 1:
        given = repr(name) if folder is None else folder / name
        raise CfgenError(f"{given} names the splits {' and '.join(found)}: rename it so that it names one")
    return found[0] if found else None


def is_document(name: str) -> bool:
    """Check whether a file name is hidden, or that of a document such as a README or a license."""
    return _NO_DATA.fullmatch(name.lower()) is not None


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """Map the data files of a folder to splits by their names, in name order.

    Subfolders, hidden files, and documents such as READMEs and licenses are ignored. Files without a split name are
    skipped with a warning, but a single file is always train.

    Raises:
        CfgenError: There are no data files, or several files without a split name.
    """
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not is_document(file.name)]
    if not files:
        raise CfgenError(f"{folder} has no data files: give the folder that holds the files themselves")
    groups: dict[str, list[Path]] = {}
    others = []
    for file in files:
        split = split_of(file.name, folder)
        if split:
            groups.setdefault(split, []).append(file)
        else:
            others.append(file.name)
    if not groups and len(files) > 1:
        raise CfgenError(
            f"{folder}: none of {', '.join(others)} is named after a split: put train, dev or test into their names, "
            "or give one file"
        )
    if groups and others:
        logger.warning("%s: left out, being named after no split: %s", folder, ", ".join(others))
    return groups or {"train": files}


def named_splits(loaded: Dataset | DatasetDict, source: str) -> dict[str, Dataset]:
    """Map the splits of a Hub or saved dataset to `SPLITS` by name. A `Dataset` is train. `source` is for messages.

    An exact name takes priority. Other splits are skipped with a warning.

    Raises:
        CfgenError: Two splits match the same name, and neither matches exactly.

    Example:

    >>> dataset = Dataset.from_dict({"x": [1]})
    >>> list(named_splits(DatasetDict({"dev": dataset, "train": dataset}), "x"))
    ['train', 'validation']
    """
    if isinstance(loaded, Dataset):
        return {"train": loaded.with_format(None)}
    chosen = {}
    for split in SPLITS:
        names = [split] if split in loaded else [name for name in loaded if split_of(name) == split]
        if len(names) > 1:
            raise CfgenError(
                f"{source}: {' and '.join(names)} both stand for {split}: save it with one of them and load that"
            )
        if names:
            chosen[split] = names[0]
    if others := [name for name in loaded if name not in chosen.values()]:
        logger.warning("%s: splits left out: %s", source, ", ".join(others))
    return {split: loaded[name].with_format(None) for split, name in chosen.items()}


def choose_split(data: str, splits: Mapping[str, Dataset], name: str | None = None) -> str:
    """Choose the split to evaluate on: the one with this name. Defaults to test, or to the only split.

    Args:
        data (`str`): The source of the splits, for messages.
        splits (`Mapping[str, Dataset]`): The splits that exist.
        name (`str`, *optional*): The name of the split.

    Raises:
        CfgenError: There is no such split, or no name is given and there are several splits without a test split.

    Example:

    >>> rows = Dataset.from_dict({})
    >>> choose_split("a.jsonl", {"train": rows}), choose_split("b", {"validation": rows, "test": rows}, "dev")
    ('train', 'validation')
    """
    if name is None and ("test" in splits or len(splits) == 1):
        return "test" if "test" in splits else next(iter(splits))
    wanted = split_of(name) if name else None
    if wanted is None or wanted not in splits:
        missing = f"no split {name!r}" if name else "no test split"
        raise CfgenError(f"{data}: {missing}: choose one of {', '.join(splits)} with --split")
    return wanted


def carve_splits(splits: Mapping[str, Dataset], split_seed: int) -> dict[str, Dataset]:
    """Carve missing validation and test splits from train.

    Each takes a tenth of the original train split (rounded, at least one row): the first rows, validation before test,
    of `default_rng(split_seed).permutation(len(train))`. Carved and remaining rows keep their order. Existing splits
    do not change.

    Raises:
        CfgenError: There is no train split, or it has too few rows.

    Example:

    >>> splits = carve_splits({"train": Dataset.from_dict({"x": range(10)})}, split_seed=42)
    >>> {split: list(dataset["x"]) for split, dataset in splits.items()}
    {'train': [0, 1, 2, 3, 4, 7, 8, 9], 'validation': [5], 'test': [6]}
    """
    if "train" not in splits:
        raise CfgenError(f"no train split, only {', '.join(splits)}: name one train (in a folder: a file's name)")
    train = splits["train"]
    missing = [split for split in SPLITS if split not in splits]
    if not missing:
        return {split: splits[split] for split in SPLITS}
    size = max(1, round(len(train) / 10))
    if len(train) <= size * len(missing):
        raise CfgenError(
            f"train has {len(train)} rows, too few to carve {' and '.join(missing)} from: give more rows or these "
            "splits"
        )
    order = np.random.default_rng(split_seed).permutation(len(train))
    parts = {split: order[place * size : (place + 1) * size] for place, split in enumerate(missing)}
    parts["train"] = order[len(missing) * size :]
    logger.info("%s: %d rows each, carved from the %d of train", " and ".join(missing), size, len(train))
    carved = {split: train.select(np.sort(rows)) for split, rows in parts.items()}
    return {split: carved[split] if split in carved else splits[split] for split in SPLITS}


def pool_splits(splits: Mapping[str, Dataset], sizes: Sequence[int], split_seed: int) -> dict[str, Dataset]:
    """Pool train, validation, and test in this order, shuffle the rows, and split them again by the three sizes.

    The order is `default_rng(split_seed).permutation(...)` of the pool.

    Raises:
        CfgenError: The pool has too few rows, or the column types of the splits differ.

    Example:

    >>> splits = pool_splits({"train": Dataset.from_dict({"x": range(10)})}, sizes=(3, 2, 1), split_seed=42)
    >>> {split: list(dataset["x"]) for split, dataset in splits.items()}
    {'train': [5, 6, 0], 'validation': [7, 3], 'test': [2]}
    """
    try:
        pool = concatenate_datasets([splits[split] for split in SPLITS if split in splits])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise CfgenError(f"the splits can't be pooled, their columns differ ({reason}): make them equal") from None
    if sum(sizes) > len(pool):
        raise CfgenError(
            f"split sizes {','.join(map(str, sizes))} sum to {sum(sizes)}, the pool has {len(pool)} rows: give sizes "
            f"that sum to at most {len(pool)}"
        )
    if sum(sizes) < len(pool):
        logger.warning("%d of the %d pooled rows are in no split", len(pool) - sum(sizes), len(pool))
    order = np.random.default_rng(split_seed).permutation(len(pool))
    ends = np.cumsum([0, *sizes])
    return {split: pool.select(order[ends[place] : ends[place + 1]]) for place, split in enumerate(SPLITS)}


def subsample(dataset: Dataset, n: int, seed: int) -> Dataset:
    """Take the first `n` rows of a seeded order. Every larger sample starts with the smaller one.

    Raises:
        CfgenError: `n` is not from 1 to the number of rows.

    Example:

    >>> dataset = Dataset.from_dict({"x": range(10)})
    >>> list(subsample(dataset, 2, seed=42)["x"]), list(subsample(dataset, 3, seed=42)["x"])
    ([5, 6], [5, 6, 0])
    """
    if not isinstance(n, int) or not 1 <= n <= len(dataset):
        raise CfgenError(
            f"num_train_examples is {n!r}: the train split has {len(dataset)} rows; give 1 to {len(dataset)}"
        )
    return dataset.select(np.random.default_rng(seed).permutation(len(dataset))[:n])
