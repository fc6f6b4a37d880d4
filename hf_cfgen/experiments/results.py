"""The results of a grid: one JSON file per cell while it runs, one Parquet file per grid when it is finished."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..counterfactual.counts import GenerationCounts
from ..errors import CfgenError
from ..evaluation.corrections import Correction
from ..tagging.scoring import LEVELS, CausalEffects, TaggerScores
from ..training.dev_scores import DevScores
from ..utils.files import read_json, write_json

CELLS = "cells"

COUNTED = ("hits", "predicted", "gold")

# parts that differ between cells in their keys: a Parquet file holds them as JSON text
_JSON = ("config", "environment", "counts", "by_type", "dev", "corrections")


@dataclass(frozen=True, kw_only=True)
class TaggerRecord(DevScores):
    """A trained tagger: its provenance, its training, and its scores on the test split.

    Args:
        hf_cfgen (`str`): The version of this package.
        commit (`str` or `None`): What `checkout_commit` returned when the process started.
        environment (`dict[str, str]`): What `environment` returned.
        device (`str`): `"cpu"` or `"cuda"`.
        examples (`dict[str, int]`): The sizes of `train`, `validation` and `test`, and of `mixed`, the train split
            with the augmented rows.
        steps (`int`): Optimizer steps.
        test (`TaggerScores`): The scores on test.
        causal (`CausalEffects`): The causal effects on test.
        sentences (`dict[str, dict[str, list[int]]]`): By level, `hits`, `predicted` and `gold` of each test sentence.
        seconds (`dict[str, float]`): Durations of `generate`, `judge`, `train` and `evaluate`.
    """

    hf_cfgen: str
    commit: str | None
    environment: dict[str, str]
    device: str
    examples: dict[str, int]
    steps: int
    test: TaggerScores
    causal: CausalEffects
    sentences: dict[str, dict[str, Any]]  # lists too long to check value by value
    seconds: dict[str, float]

    def __post_init__(self) -> None:
        for level in LEVELS:
            counts = self.sentences.get(level, {})
            if lacking := [name for name in COUNTED if name not in counts]:
                raise CfgenError(f"it lacks sentences.{level}.{lacking[0]}")
            if len({len(counts[name]) for name in COUNTED}) > 1:
                raise CfgenError(f"sentences.{level}: the numbers of hits, predictions and gold items differ")
            if any(counts[name] and np.asarray(counts[name]).dtype.kind != "i" for name in COUNTED):
                raise CfgenError(f"sentences.{level}: a count is not a whole number")


@dataclass(frozen=True, kw_only=True)
class CellResult(TaggerRecord):
    """The result of one cell of a grid.

    Args:
        dataset (`str`): The name of the dataset in the grid.
        model (`str`): The name of the model.
        n (`int` or `None`): Train examples; `None` for the full train split.
        recipe (`str`): The name of the recipe.
        seed (`int`): The seed.
        config (`dict[str, Any]`): The options behind the names.
        types (`list[str]`): The entity types of the data.
        counts (`GenerationCounts` or `None`): The counts of the candidates, if there are any.
        judged (`int`): Candidates that the discriminator had to predict for this recipe.
        corrections (`list[Correction]`): Test sentences that this tagger gets right and NoAug wrong.
    """

    dataset: str
    model: str
    n: int | None
    recipe: str
    seed: int
    config: dict[str, Any]
    types: list[str]
    counts: GenerationCounts | None
    judged: int
    corrections: list[Correction]

    @property
    def name(self) -> str:
        """The name of the cell, from which its file is named."""
        return cell_name(self.dataset, self.model, self.n, self.recipe, self.seed, self.config)


def cell_name(dataset: str, model: str, n: int | None, recipe: str, seed: int, config: dict[str, Any]) -> str:
    """Return the name of a cell, which depends on its configuration and on nothing else."""
    return hashed_name([dataset, model, f"n{'all' if n is None else n}", recipe, f"seed{seed}"], config)


def hashed_name(parts: list[str], config: dict[str, Any]) -> str:
    """Join the parts of a name and a hash of them and of the configuration."""
    values = json.dumps([parts, config], sort_keys=True, ensure_ascii=False)
    return "-".join([*parts, hashlib.blake2b(values.encode(), digest_size=4).hexdigest()])


def read_results(path: Path) -> dict[Path, list[CellResult]]:
    """Read results.

    Args:
        path (`Path`): The output folder of `hf-cfgen reproduce`, a folder of its result files, a folder of Parquet
            files of `join_results`, or one such file.

    Returns:
        `dict[Path, list[CellResult]]`: The results of each file.

    Raises:
        CfgenError: There are no results, or a file holds something else.

    Example:

    >>> read_results(Path("no-such-folder"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-folder holds no result: give the output folder of hf-cfgen reproduce
    """
    files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
    files = files or sorted((path / CELLS if (path / CELLS).is_dir() else path).glob("*.json"))
    if not files:
        raise CfgenError(f"{path} holds no result: give the output folder of hf-cfgen reproduce")
    return {file: _read_file(file) for file in files}


def _read_file(file: Path) -> list[CellResult]:
    if file.suffix == ".parquet":
        try:
            found = [_nested(row) for row in pq.read_table(file).to_pylist()]
        except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
            raise CfgenError(f"{file}: not a Parquet file of results: {error}") from None
    else:
        found = [read_json(file)]
    try:
        return [CellResult.from_dict(values) for values in found]
    except CfgenError as error:
        raise CfgenError(f"{file}: not a result of a cell, {error}: take it out of the folder") from None


def join_results(results: Iterable[CellResult], file: Path) -> None:
    """Write results to one Parquet file, one row per cell.

    Nested parts become columns with dotted names, such as `test.strict.f1`; parts whose keys differ between cells
    become JSON text.

    Args:
        results (`Iterable[CellResult]`): The results.
        file (`Path`): The Parquet file. Its folder must exist.
    """
    order = sorted(results, key=lambda result: (result.dataset, result.model, result.n or 0, result.seed, result.name))
    table = pa.Table.from_pylist([flat(result.to_dict()) for result in order])
    partial = file.with_name(file.name + ".partial")
    pq.write_table(table, partial, compression="zstd", compression_level=19)
    partial.replace(file)


def split_results(path: Path, output_dir: Path) -> None:
    """Write one JSON file per cell, so that `hf-cfgen reproduce` does not repeat these cells.

    Args:
        path (`Path`): See `read_results`.
        output_dir (`Path`): The output folder of `hf-cfgen reproduce`; it need not exist.

    Raises:
        CfgenError: See `read_results`.
    """
    (output_dir / CELLS).mkdir(parents=True, exist_ok=True)
    for result in (result for results in read_results(path).values() for result in results):
        write_json(output_dir / CELLS / f"{result.name}.json", result.to_dict(), indent=None)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values as one row with dotted names.

    Example:

    >>> flat({"n": 9, "test": {"strict": {"f1": 0.5, "by_type": {"PER": 1}}}})
    {'n': 9, 'test.strict.f1': 0.5, 'test.strict.by_type': '{"PER": 1}'}
    """
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name in _JSON:
            row[prefix + name] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, dict):
            row |= flat(value, f"{prefix}{name}.")
        else:
            row[prefix + name] = value
    return row


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path, value in row.items():
        *parents, name = path.split(".")
        inner = values
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = json.loads(value) if name in _JSON else value
    return values
