"""Run one cell of a grid: train its NoAug tagger, make its train split, train its tagger and score it."""

import copy
import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
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
    discriminate_counterfactuals,
    generate_counterfactuals,
    mix,
    random_swap,
)
from ..data.columns import tag_column
from ..data.loading import cut_splits
from ..data.reading import read_splits
from ..errors import CfgenError, about
from ..evaluation.corrections import Correction, find_corrections
from ..evaluation.scores import score_passes
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..modeling.word_vectors import load_vectors
from ..tagging.scoring import LEVELS, count
from ..training.config import with_defaults
from ..training.taggers import create_tagger, train_tagger
from ..utils.environment import environment
from ..utils.files import finished_folder, read_json, write_json
from ..utils.records import Record
from .grid import Cell, TaggerArguments
from .results import COUNTED, CellResult, TaggerRecord

NOAUG, CANDIDATES, CHECKPOINTS = "noaug", "candidates", "checkpoints"

_RECORD, _COUNTS = "record.json", "counts.json"

Lock = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class NoAugRecord(Record):
    """A NoAug tagger and its predictions for the test split."""

    tagger: TaggerRecord
    predictions: list[list[str]]


class Sources:
    """Read each dataset and each file of vectors once per process."""

    def __init__(self) -> None:
        self._splits: dict[str, DatasetDict] = {}
        self._vectors: dict[str, dict[str, Any]] = {}

    def data(self, cell: Cell, arguments: TaggerArguments) -> DatasetDict:
        """Return the splits of a cell; train has the cell's number of examples.

        Raises:
            CfgenError: The data cannot be read, or has too few rows.
        """
        if cell.dataset not in self._splits:
            read = read_splits(arguments.dataset, **arguments.read_options(), unique_ids=arguments.pool)
            with about(arguments.dataset):
                self._splits[cell.dataset] = cut_splits(read.splits, arguments.split_sizes, None, arguments.split_seed)
        with about(arguments.dataset):
            return cut_splits(self._splits[cell.dataset], None, cell.n, seed=cell.seed)

    def digests(self, cell: Cell, arguments: TaggerArguments) -> dict[str, str]:
        """Return digests of the full splits, by `Cell.source`, and of the vectors, by the name of their file.

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
        """Return the pretrained vectors of a cell, or `None` if it has none.

        Raises:
            CfgenError: They cannot be read.
        """
        if arguments.vectors is None:
            return None
        if arguments.vectors not in self._vectors:
            self._vectors[arguments.vectors] = load_vectors(arguments.vectors)
        return self._vectors[arguments.vectors]


def check_cell(cell: Cell, sources: Sources) -> None:
    """Check that the data and the model of a cell can be used, before anything is trained.

    Raises:
        CfgenError: They cannot.
    """
    arguments, _ = cell.arguments()
    data = sources.data(cell, arguments)
    with about(arguments.dataset):
        EntitySets.from_dataset(data["train"])
    create_tagger(arguments, data, sources.vectors(arguments))


def run_cell(cell: Cell, output: Path, sources: Sources, lock: Lock, device: str, commit: str | None) -> CellResult:
    """Run one cell.

    The NoAug tagger and the candidates that it judges are made if they do not exist, each under a lock.

    Args:
        cell (`Cell`): The cell.
        output (`Path`): The folder that all cells share.
        sources (`Sources`): The datasets and vectors that are already read.
        lock (`Callable`): Creates the lock of a name; it may raise if another process holds it.
        device (`str`): `"cpu"` or `"cuda"`.
        commit (`str` or `None`): What `checkout_commit` returned when this process started.

    Returns:
        `CellResult`: The result.

    Raises:
        CfgenError: Something cannot be used.
    """
    run = _CellRun(cell, output, sources, device, commit)
    noaug = run.noaug(lock)
    augmentation, train = cell.augmentation, run.data["train"]
    counts, judged, corrections = None, 0, list[Correction]()
    seconds = {"generate": 0.0, "judge": 0.0}
    tagger = noaug.tagger
    if cell.config["recipe"]:
        made, rejected = None, None
        if augmentation.counterfactual:
            made, rejected, counts, seconds = run.counterfactuals(lock)
            judged = counts.candidates if augmentation.judge else 0
        elif augmentation.baseline is not None:
            start = time.perf_counter()
            made = augmentation.augment(train, cell.seed, run.arguments.scheme)
            seconds["generate"] = time.perf_counter() - start
        rows = train if made is None else mix(train, made, cell.seed)
        assert not isinstance(augmentation.context_dropout, str), "the grid has replaced the default by a number"
        _, tagger, predictions = run.train(rows, cell.name, augmentation.context_dropout)
        corrections = find_corrections(run.data["test"], noaug.predictions, predictions, train, made, rejected)
    return CellResult(
        **vars(tagger) | {"seconds": seconds | tagger.seconds},
        **cell.key,
        config=cell.config,
        types=entity_types(run.data),
        counts=counts,
        judged=judged,
        corrections=corrections,
    )


class _CellRun:
    """The steps of one cell."""

    def __init__(self, cell: Cell, output: Path, sources: Sources, device: str, commit: str | None) -> None:
        self.cell, self.output, self.device, self.commit = cell, output, device, commit
        self.arguments, training = cell.arguments(device)
        self.training = with_defaults(training, self.arguments.training_defaults())
        self._sources = sources
        self._data: DatasetDict | None = None

    @property
    def data(self) -> DatasetDict:
        if self._data is None:  # not before all locks are free
            self._data = self._sources.data(self.cell, self.arguments)
        return self._data

    def train(
        self, rows: Dataset, name: str, context_dropout: float = 0.0
    ) -> tuple[DiscriminatorPipeline, TaggerRecord, list[list[str]]]:
        """Train a tagger and score it; return it with its record and its predictions for the test split."""
        training = copy.copy(self.training)
        training.context_dropout = context_dropout
        checkpoints = self.output / CHECKPOINTS / name
        shutil.rmtree(checkpoints, ignore_errors=True)  # left by a process that was killed
        start = time.perf_counter()
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
        record = TaggerRecord(
            hf_cfgen=__version__,
            commit=self.commit,
            environment=environment(),
            device=self.device,
            examples={**{split: len(part) for split, part in self.data.items()}, "mixed": len(rows)},
            steps=trainer.state.global_step,
            **vars(trainer.dev_scores()),
            test=scores.test,
            causal=scores.causal,
            sentences=_sentence_counts(references, passes["predictions"]),
            seconds={"train": trained - start, "evaluate": time.perf_counter() - trained},
        )
        return tagger, record, passes["predictions"]

    def noaug(self, lock: Lock) -> NoAugRecord:
        """Return the record of the NoAug tagger that all recipes share; train it if it does not exist."""
        folder = self.output / NOAUG / self.cell.noaug
        finished = folder / _RECORD
        if not finished.exists():
            with lock(self.cell.noaug):
                if not finished.exists():
                    tagger, record, predictions = self.train(self.data["train"], self.cell.noaug)
                    with finished_folder(folder) as partial:
                        tagger.model.save_pretrained(partial)
                        tagger.tokenizer.save_pretrained(partial)
                        write_json(partial / _RECORD, NoAugRecord(record, predictions).to_dict(), indent=None)
        with about(finished):
            return NoAugRecord.from_dict(read_json(finished))

    def counterfactuals(self, lock: Lock) -> tuple[Dataset, Dataset | None, GenerationCounts, dict[str, float]]:
        """Return the counterfactual rows to train on, the rejected rows, their counts, and the seconds spent."""
        augmentation = self.cell.augmentation
        config = augmentation.config(self.cell.seed, self.arguments.scheme)
        if augmentation.judge:
            made, seconds = self._judged(config, lock)
            return *made, seconds
        size = None if augmentation.as_many_as is None else self._judged(config, lock)[0].counts.kept
        start = time.perf_counter()
        generated = generate_counterfactuals(self.data["train"], None, config)
        rows = generated.kept if size is None else random_swap(generated.kept, size, self.cell.seed)
        return rows, None, generated.counts, {"generate": time.perf_counter() - start, "judge": 0.0}

    def _judged(self, config: CfgenConfig, lock: Lock) -> tuple[Counterfactuals, dict[str, float]]:
        """Return the kept and rejected candidates, which recipes with the same candidates share."""
        parts = [config.recipe, None if config.recipe == "paper" else f"k{config.k}", config.filter]
        name = "-".join([self.cell.noaug, *(str(part).replace(":", ".") for part in parts if part)])
        folder = self.output / CANDIDATES / name
        finished = folder / _COUNTS
        if not finished.exists():
            with lock(name):
                if not finished.exists():
                    tagger = as_discriminator(str(self.output / NOAUG / self.cell.noaug))
                    tagger.model.to(self.training.device)
                    start = time.perf_counter()
                    unfiltered = dataclasses.replace(config, filter=None)
                    generated = generate_counterfactuals(self.data["train"], None, unfiltered)
                    middle = time.perf_counter()
                    made = discriminate_counterfactuals(generated, tagger, config.custom_filter())
                    seconds = {"generate": middle - start, "judge": time.perf_counter() - middle}
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
    """Count hits, predictions and gold items of every sentence, over all types."""
    values = count(references, predictions).values.sum(axis=2)
    return {
        level: {name: values[:, i, j].tolist() for j, name in enumerate(COUNTED)} for i, level in enumerate(LEVELS)
    }
