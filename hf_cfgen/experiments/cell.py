"""What a cell of a grid does: the NoAug tagger of its group, its rows, its tagger, its scores."""

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

from .. import __version__
from ..causal.interventions import intervened_predictions
from ..counterfactual.config import CfgenConfig
from ..counterfactual.counts import GenerationCounts
from ..counterfactual.entity_sets import EntitySets, entity_types
from ..counterfactual.generation import (
    Counterfactuals,
    generate_counterfactuals,
    judge_counterfactuals,
    mix,
    random_swap,
)
from ..data.columns import tag_column
from ..data.loading import cut_splits
from ..data.reading import read_splits
from ..errors import CfgenError, about
from ..evaluation.corrections import find_corrections
from ..evaluation.scores import score_passes
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..modeling.word_vectors import load_vectors
from ..tagging.scoring import LEVELS, count
from ..training.taggers import create_tagger, train_tagger, with_learning_rate
from ..training.trainer import dev_scores
from ..utils.environment import environment
from ..utils.files import finished_folder, read_json, write_json
from .grid import Cell, TaggerArguments

CELLS, NOAUG, CANDIDATES, CHECKPOINTS = "cells", "noaug", "candidates", "checkpoints"

_RECORD, _COUNTS = "record.json", "counts.json"

_COUNTED = ("hits", "predicted", "gold")

Lock = Callable[[str], AbstractContextManager[Any]]


class Sources:
    """Data sets and vectors, read once for all cells of a process."""

    def __init__(self) -> None:
        self._splits: dict[str, DatasetDict] = {}
        self._vectors: dict[str, dict[str, Any]] = {}

    def data(self, cell: Cell, arguments: TaggerArguments) -> DatasetDict:
        """Train, validation and test of a cell.

        Args:
            cell (`Cell`): The cell.
            arguments (`TaggerArguments`): What its `arguments` returns.

        Returns:
            `DatasetDict`: The three splits, train of as many examples as the cell is of.

        Raises:
            CfgenError: The data can't be read, or has too few rows.
        """
        if cell.dataset not in self._splits:
            read = read_splits(arguments.dataset, **arguments.read_options(), unique_ids=arguments.pool)
            with about(arguments.dataset):
                self._splits[cell.dataset] = cut_splits(read.splits, arguments.split_sizes, None, arguments.split_seed)
        with about(arguments.dataset):
            return cut_splits(self._splits[cell.dataset], None, cell.n, seed=cell.seed)

    def digests(self, cell: Cell, arguments: TaggerArguments) -> dict[str, str]:
        """Digests of what is read for a cell: the splits before they are made smaller, and the file of vectors.

        Args:
            cell (`Cell`): The cell.
            arguments (`TaggerArguments`): What its `arguments` returns.

        Returns:
            `dict[str, str]`: By `Cell.source` and by the name of the file.

        Raises:
            CfgenError: See `data`.
        """
        self.data(cell, arguments)
        digest = hashlib.blake2b(digest_size=16)
        for split, rows in self._splits[cell.dataset].items():
            for row in zip(rows["tokens"], tag_column(rows)):
                digest.update(json.dumps([split, *row]).encode())
        found = {cell.source: digest.hexdigest()}
        if arguments.vectors is not None:
            vectors = Path(arguments.vectors)
            found[vectors.name] = hashlib.blake2b(vectors.read_bytes(), digest_size=16).hexdigest()
        return found

    def vectors(self, arguments: TaggerArguments) -> dict[str, Any] | None:
        """The pretrained vectors of a cell.

        Args:
            arguments (`TaggerArguments`): What its `arguments` returns.

        Returns:
            `dict[str, np.ndarray]` or `None`: The vectors; `None` where it has none.

        Raises:
            CfgenError: They can't be read.
        """
        if arguments.vectors is None:
            return None
        if arguments.vectors not in self._vectors:
            self._vectors[arguments.vectors] = load_vectors(arguments.vectors)
        return self._vectors[arguments.vectors]


def check_cell(cell: Cell, sources: Sources) -> None:
    """Find out whether a cell's data and model can be used, before anything is trained.

    Args:
        cell (`Cell`): The cell.
        sources (`Sources`): The data and vectors read before.

    Raises:
        CfgenError: They can't.
    """
    arguments, _ = cell.arguments()
    data = sources.data(cell, arguments)
    with about(arguments.dataset):
        EntitySets.from_dataset(data["train"])
    create_tagger(arguments, data, sources.vectors(arguments))


def run_cell(
    cell: Cell, output: Path, sources: Sources, lock: Lock, device: str, commit: str | None
) -> dict[str, Any]:
    """Do one cell.

    The NoAug tagger and the judged candidates that it needs are made where they are not there, each under a lock.

    Args:
        cell (`Cell`): The cell.
        output (`Path`): The folder that all cells share.
        sources (`Sources`): The data and vectors read before.
        lock (`Callable`): Makes a lock of a name; it may raise where another process holds it.
        device (`str`): `"cpu"` or `"cuda"`.
        commit (`str` or `None`): What `checkout_commit` returned when this process began.

    Returns:
        `dict`: The result, what the cell's file shall hold.

    Raises:
        CfgenError: Something can't be used.
    """
    bench = _Bench(cell, output, sources, device, commit)
    noaug = bench.noaug(lock)
    counts, judged, cases = None, 0, []
    seconds = {"generate": 0.0, "judge": 0.0}
    if not cell.config["recipe"]:
        record = noaug
    else:
        made, rejected = None, None
        rows = bench.data["train"]
        if cell.making.counterfactual:
            made, rejected, counts, seconds = bench.counterfactuals(lock)
            judged = counts.candidates if cell.making.judge else 0
        elif cell.making.baseline is not None:
            begin = time.perf_counter()
            made = cell.making.augment(rows, cell.seed, bench.arguments.scheme)
            seconds["generate"] = time.perf_counter() - begin
        if made is not None:
            rows = mix(rows, made, cell.seed)
        record = bench.train(rows, cell.name, cell.making.context_dropout)[1]
        test, train = bench.data["test"], bench.data["train"]
        cases = find_corrections(test, noaug["predictions"], record["predictions"], train, made, rejected)
    return {
        **{name: record.get(name, value) for name, value in bench.made_with.items()},  # as its tagger was made
        "cell": cell.axes,
        "config": cell.config,
        "examples": {**{split: len(rows) for split, rows in bench.data.items()}, "mixed": record["mixed"]},
        "types": entity_types(bench.data),
        "counts": None if counts is None else counts.to_dict(),
        "judged": judged,
        **{name: record[name] for name in ("steps", "dev", "dev_strict_f1", "best_step")},
        **{name: record[name] for name in ("test", "causal", "sentences")},
        "cases": [case.to_dict() for case in cases],
        "seconds": seconds | record["seconds"],
    }


def choose_result(cell: Cell, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The result of a cell that is chosen among others.

    Args:
        cell (`Cell`): The cell.
        results (`Sequence[dict]`): The results of its `among`.

    Returns:
        `dict`: The one with the highest strict F1 on dev, the first of equals, with its recipe's name as `chosen`;
        `judged`, `steps` and `seconds` are of all that were trained for it, save NoAug, which all recipes need.
    """
    best = max(results, key=lambda result: result["dev_strict_f1"])
    trained = [(other, result) for other, result in zip(cell.among, results) if other.config["recipe"]]
    # candidates that are judged are made and judged once for all recipes that have the same; other rows in each cell
    made = {
        str(other.making.candidates) if other.making.counterfactual and other.making.judge else other.name: result
        for other, result in trained
    }.values()
    return best | {
        "cell": cell.axes,
        "config": cell.config,
        "chosen": best["cell"]["recipe"],
        **{"counts": None, "cases": []},  # those of the others stand in their results
        "judged": sum(result["judged"] for result in made),
        "steps": sum(result["steps"] for _, result in trained),
        "seconds": {
            **{name: sum(result["seconds"][name] for result in made) for name in ("generate", "judge")},
            **{name: sum(result["seconds"][name] for _, result in trained) for name in ("train", "evaluate")},
        },
    }


class _Bench:
    """What the steps of a cell share."""

    def __init__(self, cell: Cell, output: Path, sources: Sources, device: str, commit: str | None) -> None:
        self.cell, self.output = cell, output
        self.made_with: dict[str, Any] = {
            "hf_cfgen": __version__,
            "commit": commit,
            "environment": environment(),
            "device": device,
        }
        self.arguments, training = cell.arguments(device)
        self.training = with_learning_rate(training, self.arguments)
        self._sources = sources
        self._data: DatasetDict | None = None

    @property
    def data(self) -> DatasetDict:
        if self._data is None:  # only when no lock stands in the way
            self._data = self._sources.data(self.cell, self.arguments)
        return self._data

    def train(
        self, rows: Dataset, name: str, context_dropout: float = 0.0
    ) -> tuple[DiscriminatorPipeline, dict[str, Any]]:
        """Train a tagger and score it."""
        training = copy.copy(self.training)
        training.context_dropout = context_dropout
        checkpoints = self.output / CHECKPOINTS / name
        shutil.rmtree(checkpoints, ignore_errors=True)  # those of a process that was killed
        begin = time.perf_counter()
        tagger, trainer = train_tagger(
            self.arguments, self.data, rows, self._sources.vectors(self.arguments), training, checkpoints
        )
        trained = time.perf_counter()
        test = self.data["test"]
        references = tag_column(test)
        passes = intervened_predictions(
            tagger, list(test["tokens"]), references, self.training.per_device_eval_batch_size
        )
        scores = score_passes(references, passes)
        return tagger, {
            **self.made_with,
            "mixed": len(rows),
            "steps": trainer.state.global_step,
            **dev_scores(trainer.state),
            "test": scores.test.to_dict(),
            "causal": scores.causal.to_dict(),
            "sentences": _sentence_counts(references, passes["predictions"]),
            "seconds": {"train": trained - begin, "evaluate": time.perf_counter() - trained},
            "predictions": passes["predictions"],
        }

    def noaug(self, lock: Lock) -> dict[str, Any]:
        """What there is to tell of the NoAug tagger of the cell's group, which is trained where it is not there."""
        folder = self.output / NOAUG / self.cell.noaug
        finished = folder / _RECORD
        if not finished.exists():
            with lock(self.cell.noaug):
                if not finished.exists():
                    tagger, record = self.train(self.data["train"], self.cell.noaug)
                    with finished_folder(folder) as partial:
                        tagger.model.save_pretrained(partial)
                        tagger.tokenizer.save_pretrained(partial)
                        write_json(partial / _RECORD, record, indent=None)
        return read_json(finished)

    def counterfactuals(self, lock: Lock) -> tuple[Dataset, Dataset | None, GenerationCounts, dict[str, float]]:
        """The counterfactual rows that the tagger is trained on, the rejected ones, their counts, and seconds."""
        making = self.cell.making
        config = making.config(self.cell.seed, self.arguments.scheme)
        if making.judge:
            judged, seconds = self._judged(config, lock)
            return *judged, seconds
        taken = None if making.as_many_as is None else self._judged(config, lock)[0].counts.kept
        begin = time.perf_counter()
        unjudged = generate_counterfactuals(self.data["train"], None, config)
        rows = unjudged.kept if taken is None else random_swap(unjudged.kept, taken, self.cell.seed)
        return rows, None, unjudged.counts, {"generate": time.perf_counter() - begin, "judge": 0.0}

    def _judged(self, config: CfgenConfig, lock: Lock) -> tuple[Counterfactuals, dict[str, float]]:
        """Candidates with verdicts, which recipes with the same candidates share."""
        name = f"{self.cell.noaug}-{config.recipe}" + (f"-k{config.k}" if config.recipe == "budget" else "")
        folder = self.output / CANDIDATES / name
        finished = folder / _COUNTS
        if not finished.exists():
            with lock(name):
                if not finished.exists():
                    tagger = as_discriminator(str(self.output / NOAUG / self.cell.noaug))
                    tagger.model.to(self.training.device)
                    begin = time.perf_counter()
                    unjudged = generate_counterfactuals(self.data["train"], None, config)
                    drawn = time.perf_counter()
                    made = judge_counterfactuals(unjudged, tagger)
                    seconds = {"generate": drawn - begin, "judge": time.perf_counter() - drawn}
                    with finished_folder(folder) as partial:
                        for part in ("kept", "rejected"):
                            getattr(made, part).to_parquet(partial / f"{part}.parquet")
                        write_json(partial / _COUNTS, {"counts": made.counts.to_dict(), "seconds": seconds})
        try:
            kept, rejected = (Dataset(pq.read_table(folder / f"{part}.parquet")) for part in ("kept", "rejected"))
        except (OSError, pa.ArrowInvalid) as error:
            raise CfgenError(f"{folder}: not the candidates of a finished run ({error}): delete it") from None
        record = read_json(finished)
        return Counterfactuals(kept, rejected, GenerationCounts.from_dict(record["counts"])), record["seconds"]


def _sentence_counts(references: list[list[str]], predictions: list[list[str]]) -> dict[str, dict[str, list[int]]]:
    """Hits, predictions and gold items of every sentence, over all types."""
    values = count(references, predictions).values.sum(axis=2)
    return {
        level: {name: values[:, i, j].tolist() for j, name in enumerate(_COUNTED)} for i, level in enumerate(LEVELS)
    }
