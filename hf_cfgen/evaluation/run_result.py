"""The output folder of `hf-cfgen run`: the names of its files, the types of its results, and functions to read it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..counterfactual.counts import GenerationCounts
from ..errors import CfgenError
from ..tagging.scoring import CausalEffects, TaggerScores
from ..training.dev_scores import DevScores
from ..utils.files import read_json
from ..utils.records import Record
from .recommendation import Recommendation

RESULTS = "results.json"  # written last, so only a finished run has it
STARTED = "started.json"  # a run that is in progress, or that was interrupted
SKIPPED = "skipped.jsonl"
DATA, KEPT, REJECTED, PSEUDO = "data", "kept", "rejected", "pseudo"
PARQUET = "{split}-00000-of-00001.parquet"
NOAUG, CONTROL, AUG, STUDENT = TAGGERS = ("NoAug", "Control", "Aug", "Student")

# the configs of the pushed dataset: folder of the run -> name of the config
CONFIGS = {DATA: "default", KEPT: "counterfactual", REJECTED: "rejected", PSEUDO: "pseudo_labeled"}

Files = dict[str, dict[str, Path]]


@dataclass(frozen=True, kw_only=True)
class Evaluation(Record):
    """The scores of a tagger on the test split, its causal effects, and seqeval's report on the same predictions."""

    test: TaggerScores
    seqeval: dict[str, dict[str, float]] = field(default_factory=dict)
    causal: CausalEffects


@dataclass(frozen=True, kw_only=True)
class TaggerResult(Evaluation, DevScores):
    """The training of a tagger and its evaluation on test.

    Args:
        examples (`int`): The different examples that it was trained on.
        context_dropout (`float`): See `TaggerTrainingArguments`.
        seconds (`dict[str, float]`): The duration of the training.
    """

    examples: int
    context_dropout: float
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RunData(Record):
    """The data of a run: whether tokens are characters, the sizes of the splits, and the entity types."""

    characters: bool
    examples: dict[str, int]
    types: list[str]


@dataclass(frozen=True, kw_only=True)
class UnlabeledCounts(Record):
    """The unlabeled sentences of a run.

    Args:
        sentences (`int`): The sentences of the file.
        known (`int`): Those that were left out because they equal a sentence of the data or an earlier one.
        pseudo_labeled (`int`): Those that Student was trained on.
    """

    sentences: int
    known: int
    pseudo_labeled: int


@dataclass(frozen=True, kw_only=True)
class RunResult(Record):
    """What `results.json` holds."""

    hf_cfgen: str
    command: str
    commit: str | None
    names: dict[str, str | None]
    config: dict[str, Any]
    environment: dict[str, str]
    data: RunData
    counts: GenerationCounts
    taggers: dict[str, TaggerResult]
    recommendation: Recommendation
    unlabeled: UnlabeledCounts | None = None


def read_run(run_dir: Path) -> RunResult:
    """Read the results of a finished run; a `CfgenError` says if the folder does not hold one.

    Example:

    >>> read_run(Path("no-such-run"))
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: no-such-run is not a finished run: give the output folder of hf-cfgen run
    """
    if not (run_dir / RESULTS).is_file():
        raise CfgenError(f"{run_dir} is not a finished run: give the output folder of hf-cfgen run")
    values = read_json(run_dir / RESULTS)
    try:
        return RunResult.from_dict(values)
    except CfgenError as error:
        raise CfgenError(f"{run_dir / RESULTS}: an earlier version wrote it ({error}): run it again") from None


def data_files(run_dir: Path) -> Files:
    """Find the parquet files of a run by config of the pushed dataset and split, without empty ones.

    Raises:
        CfgenError: The folder does not hold a finished run, or a file does not have the recorded number of rows.
    """
    result = read_run(run_dir)
    expected = {
        DATA: {**result.data.examples, "train": result.taggers[AUG].examples},
        KEPT: {"train": result.counts.kept},
        REJECTED: {"train": sum(result.counts.rejected.values())},
        PSEUDO: {"train": result.unlabeled.pseudo_labeled if result.unlabeled else 0},
    }
    files: Files = {}
    for folder, splits in expected.items():
        for split, rows in splits.items():
            path = run_dir / folder / PARQUET.format(split=split)
            try:
                found = pq.read_metadata(path).num_rows if path.exists() else 0
            except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
                raise CfgenError(f"{path} is not a complete parquet file ({error}): run it again") from None
            if found != rows:
                raise CfgenError(f"{path} has {found} rows, but {RESULTS} records {rows}: run it again")
            if found:
                files.setdefault(CONFIGS[folder], {})[split] = path
    return files


def tagger_folder(run_dir: Path, tagger: str) -> Path:
    """Find the folder of a tagger of a run; a `CfgenError` says if the run does not have it."""
    taggers, folder = read_run(run_dir).taggers, run_dir / tagger.lower()
    if tagger not in taggers:
        raise CfgenError(f"{run_dir} has no tagger {tagger!r}: choose one of {', '.join(taggers)}")
    if not (folder / "config.json").is_file():
        raise CfgenError(f"{folder} no longer holds a tagger: run it again")
    return folder
