"""What a finished run left behind: what it recorded, and its data set."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import DatasetInfo, Features
from datasets.splits import SplitDict, SplitInfo

from ..errors import CfgenError
from ..utils.files import PARQUET, RESULTS, read_json

# the configs of a pushed data set: of each its folder in a run, its folder in the repository, and its splits
CONFIGS = {
    "default": ("data", "data", ("train", "validation", "test")),
    "counterfactual": ("kept", "counterfactual", ("train",)),
    "rejected": ("rejected", "rejected", ("train",)),
}

Files = dict[str, dict[str, Path]]


def read_run(run_dir: Path) -> dict[str, Any]:
    """What a finished run recorded.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.

    Returns:
        `dict`: What its `results.json` holds.

    Raises:
        CfgenError: It is no finished run, or one of a version that did not record what cards need.

    Example:

    >>> read_run(Path("no-such-run"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-run holds no finished run: give the output folder of hf-cfgen run
    """
    if not (run_dir / RESULTS).is_file():
        raise CfgenError(f"{run_dir} holds no finished run: give the output folder of hf-cfgen run")
    results = read_json(run_dir / RESULTS)
    if "names" not in results:
        raise CfgenError(f"{run_dir} is a run of an earlier version, which recorded too little: run it again")
    return results


def data_files(run_dir: Path) -> Files:
    """The parquet files of a run's data set.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.

    Returns:
        `dict[str, dict[str, Path]]`: By config and split; a config without rows is left out.

    Raises:
        CfgenError: It is no finished run, or its files don't agree with its `results.json`.
    """
    results = read_run(run_dir)
    counts, examples = results["counts"], results["data"]["examples"]
    expected = {
        "default": {**examples, "train": results["taggers"]["Aug"]["examples"]},
        "counterfactual": {"train": counts["kept"]},
        "rejected": {"train": sum(counts["rejected"].values())},
    }
    files: Files = {}
    for config, (folder, _, splits) in CONFIGS.items():
        for split in splits:
            path = run_dir / folder / PARQUET.format(split=split)
            try:
                found = pq.read_metadata(path).num_rows if path.exists() else 0
            except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
                raise CfgenError(f"{path} is no whole parquet file ({error}): run it again") from None
            if found != expected[config][split]:
                raise CfgenError(
                    f"{path} has {found} rows, where {RESULTS} tells of {expected[config][split]}: run it again"
                )
            if found:
                files.setdefault(config, {})[split] = path
    return files


def tagger_folder(run_dir: Path, tagger: str) -> Path:
    """The folder of a run's tagger.

    Args:
        run_dir (`Path`): The output folder of `hf-cfgen run`.
        tagger (`str`): Its name, `"NoAug"`, `"Aug"` or `"Control"`.

    Returns:
        `Path`: The folder.

    Raises:
        CfgenError: It is no finished run, or has no such tagger, or no longer.
    """
    taggers, folder = read_run(run_dir)["taggers"], run_dir / tagger.lower()
    if tagger not in taggers:
        raise CfgenError(f"{run_dir} has no tagger {tagger!r}: choose one of {', '.join(taggers)}")
    if not (folder / "config.json").is_file():
        raise CfgenError(f"{folder} holds no tagger any more: run it again")
    return folder


def repository_path(config: str, path: Path) -> str:
    """Where a file of a config stands in the repository.

    Args:
        config (`str`): The config.
        path (`Path`): The file in the run.

    Returns:
        `str`: Its path.

    Example:

    >>> repository_path("counterfactual", Path("runs/mine/kept/train-00000-of-00001.parquet"))
    'counterfactual/train-00000-of-00001.parquet'
    """
    return f"{CONFIGS[config][1]}/{path.name}"


def dataset_info(files: dict[str, Path]) -> DatasetInfo:
    """What `datasets` knows of a config, for the card.

    Args:
        files (`dict[str, Path]`): Its parquet files by split.

    Returns:
        `DatasetInfo`: Features, splits and sizes.

    Raises:
        CfgenError: The splits have different columns.
    """
    features = {split: Features.from_arrow_schema(pq.read_schema(path)) for split, path in files.items()}
    first = next(iter(features.values()))
    if any(other != first for other in features.values()):
        raise CfgenError(f"{next(iter(files.values())).parent}: the splits have different columns: run it again")
    splits = SplitDict()
    for split, path in files.items():
        rows = pq.read_table(path)
        splits.add(SplitInfo(name=split, num_bytes=rows.nbytes, num_examples=rows.num_rows))
    return DatasetInfo(
        features=first,
        splits=splits,
        download_size=sum(path.stat().st_size for path in files.values()),
        dataset_size=sum(split.num_bytes for split in splits.values()),
    )
