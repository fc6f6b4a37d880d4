"""The `run` command."""

import copy
import json
import os
import re
import shutil
import time
from argparse import Namespace
from dataclasses import asdict, dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset, DatasetDict

from .. import __version__
from ..counterfactual.entity_sets import entity_types
from ..counterfactual.generation import generate_counterfactuals, mix, random_swap, with_provenance
from ..counterfactual.train_split import TrainSplit
from ..data.columns import tag_column
from ..data.loading import check_sizes, cut_splits, write_skipped
from ..data.options import ReadOptions, SplitOptions
from ..data.reading import read_splits
from ..data.unlabeled import Unlabeled, read_unlabeled
from ..errors import CfgenError, about
from ..evaluation.recommendation import recommend
from ..evaluation.run_result import (
    AUG,
    CONTROL,
    DATA,
    KEPT,
    NOAUG,
    PARQUET,
    PSEUDO,
    REJECTED,
    RESULTS,
    SKIPPED,
    STARTED,
    STUDENT,
    TAGGERS,
    RunData,
    RunResult,
    TaggerResult,
    UnlabeledCounts,
)
from ..evaluation.scores import evaluate_tagger, predicted_tags
from ..modeling import saved_config
from ..modeling.pipeline import DiscriminatorPipeline
from ..modeling.word_vectors import load_vectors
from ..reporting.formatting import counted
from ..reporting.run_tables import causal_table, counts_line, recommendation_text, score_table, unlabeled_line
from ..training.config import (
    ModelOptions,
    TaggerTrainingArguments,
    changed_options,
    result_options,
    with_defaults,
)
from ..training.self_training import mix_pseudo_labeled, new_sentences, pseudo_label
from ..training.taggers import create_tagger, train_tagger
from ..training.trainer import SELECTION_MENTIONS, selects_weights
from ..utils.environment import base_name, checkout_commit, command_line, environment
from ..utils.files import finished_folder, read_json, write_json
from ..utils.logging import silence_libraries
from ..utils.text import default_gap, is_in_characters, text_unit, token_offsets
from ..utils.threads import limit_threads
from .options import TEXTS, TRAINING, RecipeOptions
from .parser import CommandParser, field_names, from_arguments
from .processes import check_processes

_CONTEXT_DROPOUT = "Of Aug and Control: probability that a word outside mentions is [EMPTY]; 0.2 for an LSTM, else 0."

_SMALL_DEV = (
    f"Note: dev has {{}} with fewer than {SELECTION_MENTIONS} mentions, too few to choose by: every tagger keeps the "
    "weights of its last step."
)

_NO_PRETRAINED_MODEL = (
    "Note: the LSTM learns only the words of the train split. A pretrained model usually scores far higher on words: "
    "add --model NAME."
)


@dataclass(kw_only=True)
class RunArguments(ReadOptions, SplitOptions, ModelOptions, RecipeOptions):
    """The options of `hf-cfgen run`, except those of training."""

    dataset: str = field(metadata={"help": "A file, a folder, a Hub name, or demo:en, demo:zh."})
    control: bool = field(
        default=False, metadata={"help": "Also train on the same number of candidates without discrimination."}
    )
    unlabeled: str | None = field(
        default=None,
        metadata={"help": "File of unlabeled sentences, one per line or in any format: also train Student on them."},
    )

    def __post_init__(self) -> None:
        ReadOptions.__post_init__(self)
        ModelOptions.__post_init__(self)
        check_sizes(self.pool, self.split_sizes)
        self.recipe_config()


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    groups = {
        "data": ("dataset", *field_names(ReadOptions), *field_names(SplitOptions)),
        "model": field_names(ModelOptions),
        "recipe": (*field_names(RecipeOptions), "control", "unlabeled", "context_dropout"),
        "training": TRAINING,
        "output": ("output_dir",),
    }
    classes = RunArguments, TaggerTrainingArguments
    texts = TEXTS | {"context_dropout": _CONTEXT_DROPOUT}
    parser.add_options(*classes, groups=groups, example="--dataset DATA", texts=texts)


def main(command_line: Namespace) -> None:
    """Run the command."""
    silence_libraries()
    arguments = from_arguments(RunArguments, command_line)
    if command_line.output_dir is None:
        command_line.output_dir = str(Path("runs", _folder_name(arguments.dataset)))
        _say(os.environ.get("RANK", "0") == "0", f"Writing to {command_line.output_dir}")
    training = from_arguments(TaggerTrainingArguments, command_line)
    check_processes(use_cpu=True)
    limit_threads(one=arguments.is_lstm)
    run(arguments, training)


def _folder_name(dataset: str) -> str:
    """Return a folder's name for the output.

    Example:

    >>> _folder_name("demo:en"), _folder_name("owner/name")
    ('demo-en', 'name')
    """
    path = Path(dataset).expanduser().resolve()
    return re.sub(r"[^\w.-]", "-", path.stem if path.is_file() else path.name)


def run(arguments: RunArguments, training: TaggerTrainingArguments) -> RunResult:
    """Train NoAug, generate counterfactual examples with it as the discriminator, train Aug, and evaluate both.

    The output folder gets the taggers with their tokenizers in `noaug/`, `aug/` and, if asked for, `control/` and
    `student/`; the counterfactual examples in `kept/` and `rejected/` and the pseudo-labeled ones in `pseudo/`, unless
    there are none; the splits that Aug is trained and evaluated on in `data/`; and last `results.json`. Running again
    with the same arguments replaces them. All taggers but NoAug are trained with context dropout.

    Args:
        arguments (`RunArguments`): The data, the model and the recipe.
        training (`TaggerTrainingArguments`): The training, and the output folder.

    Returns:
        `RunResult`: What `results.json` holds.

    Raises:
        CfgenError: The input cannot be used, or the output folder holds something else.
    """
    defaults = arguments.training_defaults()
    training = with_defaults(training, defaults)
    if training.context_dropout is None:
        training.context_dropout = defaults.context_dropout
    output = Path(training.output_dir)
    config = json.loads(json.dumps(asdict(arguments))) | {
        name: str(value) for name, value in result_options(training).items()
    }
    config |= {name: getattr(training, name) for name in ("seed", "max_steps", "learning_rate", "context_dropout")}
    _check_output(output, config)
    commit = checkout_commit()  # now, because files may change during a long run
    recipe = arguments.recipe_config(training.seed, arguments.scheme)
    vectors = None if arguments.vectors is None else load_vectors(arguments.vectors)
    source = read_splits(arguments.dataset, **arguments.read_options(), unique_ids=arguments.pool)
    # find input that cannot be used before anything is removed or trained
    with about(arguments.dataset):
        data = cut_splits(
            source.splits, arguments.split_sizes, arguments.num_train_examples, arguments.split_seed, training.seed
        )
        split = TrainSplit.from_dataset(data["train"], recipe.scheme)
        entity_sets = split.entity_sets
        observational = {split: with_provenance(data[split]) for split in ("validation", "test")}
    unlabeled = None if arguments.unlabeled is None else _read_unlabeled(arguments.unlabeled, arguments, data)
    create_tagger(arguments, data, vectors)
    main = training.process_index == 0
    PartialState().wait_for_everyone()  # until every process has checked the folder
    if main:
        _start(output, config)
        write_skipped(output / SKIPPED, [*source.skipped, *(unlabeled.skipped if unlabeled else ())])
    if not selects_weights(data["validation"]):
        _say(main, _SMALL_DEV.format(counted(len(data["validation"]), "sentence")))
    if arguments.is_lstm and vectors is None and not is_in_characters(chain.from_iterable(data["train"]["tokens"])):
        _say(main, _NO_PRETRAINED_MODEL)
    results: dict[str, TaggerResult] = {}
    on_dev: dict[str, list[list[str]]] = {}

    def train(name: str, rows: Dataset, context_dropout: float = 0.0) -> DiscriminatorPipeline:
        """Train and evaluate a tagger."""
        examples = len(rows.unique("id"))  # some rows of Student are repeated
        _say(main, f"Training {name} on {examples} examples, {training.max_steps} steps")
        options = copy.copy(training)
        options.context_dropout = context_dropout
        begin = time.perf_counter()
        tagger, trainer = train_tagger(
            arguments, data, rows, vectors, options, output / f"checkpoints-{name.lower()}.partial"
        )
        seconds = {"train": time.perf_counter() - begin}
        on_dev[name] = predicted_tags(tagger, data["validation"], training.per_device_eval_batch_size)
        evaluation = evaluate_tagger(tagger, data["test"], training.per_device_eval_batch_size)
        results[name] = TaggerResult(
            examples=examples,
            context_dropout=context_dropout,
            seconds=seconds,
            **vars(trainer.dev_scores()),
            **vars(evaluation),
        )
        if main:
            with finished_folder(output / name.lower()) as folder:
                tagger.model.save_pretrained(folder)
                tagger.tokenizer.save_pretrained(folder)
        return tagger

    discriminator = train(NOAUG, data["train"])
    kept, rejected, counts = generate_counterfactuals(split, discriminator, recipe, entity_sets=entity_sets)
    _say(main, counts_line(counts))
    if main:
        for name, rows in ((KEPT, kept), (REJECTED, rejected)):
            if len(rows):  # datasets cannot open a dataset without rows
                _write_splits(output / name, {"train": rows})
    if arguments.control:
        candidates = generate_counterfactuals(split, None, recipe, entity_sets=entity_sets).kept
        swapped = random_swap(candidates, len(kept), training.seed)
        train(CONTROL, mix(split, swapped, training.seed), training.context_dropout)
    mixed = mix(split, kept, training.seed)
    if main:
        _write_splits(output / DATA, {"train": mixed, **observational})
    aug = train(AUG, mixed, training.context_dropout)
    unlabeled_counts = None
    if unlabeled is not None:
        new = new_sentences(unlabeled.sentences, data)
        pseudo = pseudo_label(aug, new)
        unlabeled_counts = UnlabeledCounts(
            sentences=len(unlabeled.sentences),
            known=len(unlabeled.sentences) - len(new),
            pseudo_labeled=len(pseudo),
        )
        _say(main, unlabeled_line(unlabeled_counts))
        if len(pseudo):
            if main:
                _write_splits(output / PSEUDO, {"train": pseudo})
            train(STUDENT, mix_pseudo_labeled(mixed, pseudo, training.seed), training.context_dropout)

    places = {"dataset": arguments.dataset, "model": arguments.model, "vectors": arguments.vectors}
    result = RunResult(
        hf_cfgen=__version__,
        command=f"hf-cfgen run {_command_line(arguments, training)}",
        commit=commit,
        names={name: value and base_name(value) for name, value in places.items()},
        config=config,
        environment=environment(),
        data=RunData(
            characters=is_in_characters(chain.from_iterable(data["train"]["tokens"])),
            examples={split: len(rows) for split, rows in data.items()},
            types=entity_types(data),
        ),
        counts=counts,
        taggers=results,
        recommendation=recommend(tag_column(data["validation"]), on_dev, NOAUG, AUG),
        unlabeled=unlabeled_counts,
    )
    PartialState().wait_for_everyone()  # no results if another process failed
    if main:
        write_json(output / RESULTS, result.to_dict())
        (output / STARTED).unlink()
    tables = f"{score_table(result)}\n\n{causal_table(result)}"
    _say(main, f"\n{tables}\n\n{recommendation_text(result.recommendation)}")
    if result.recommendation.tagger is not None:
        _say(main, _usage_line(output / result.recommendation.tagger.lower(), data["test"]))
    return result


def _read_unlabeled(path: str, options: ReadOptions, data: DatasetDict) -> Unlabeled:
    """Read unlabeled sentences, split as train is, and check that some of them are not in the data."""
    unlabeled = read_unlabeled(path, text_unit(chain.from_iterable(data["train"]["tokens"])), options)
    if not len(new_sentences(unlabeled.sentences, data)):
        raise CfgenError(f"{path}: each sentence is also in the labeled data: give other ones")
    return unlabeled


def _command_line(arguments: RunArguments, training: TaggerTrainingArguments) -> str:
    options = asdict(arguments) | changed_options(training)
    return command_line(options, {option.name: option.default for option in fields(arguments)})


def _start(output: Path, config: dict[str, Any]) -> None:
    """Remove what an earlier run left in the folder, and mark the folder as started."""
    output.mkdir(parents=True, exist_ok=True)
    (output / RESULTS).unlink(missing_ok=True)
    write_json(output / STARTED, {"config": config})
    (output / SKIPPED).unlink(missing_ok=True)
    for name in (DATA, KEPT, REJECTED, PSEUDO, *TAGGERS):
        shutil.rmtree(output / name.lower(), ignore_errors=True)


def _write_splits(path: Path, splits: dict[str, Dataset]) -> None:
    """Write one parquet file per split, with the columns that are the same in all splits."""
    features = [rows.features for rows in splits.values()]
    columns = [name for name in features[0] if all(other.get(name) == features[0][name] for other in features)]
    with finished_folder(path) as folder:
        for split, rows in splits.items():
            rows.select_columns(columns).to_parquet(folder / PARQUET.format(split=split))


def _check_output(output: Path, config: dict[str, Any]) -> None:
    """Check that the output folder is new, or that the same run or an interrupted run wrote it."""
    for path in (output, *output.parents):
        if path.exists() and not path.is_dir():
            raise CfgenError(f"{path} is a file: choose another --output_dir")
    if (output / RESULTS).exists():
        if read_json(output / RESULTS).get("config") != config:
            raise CfgenError(f"{output} holds another run: choose another --output_dir, or delete that folder")
    elif output.exists() and any(output.iterdir()) and not (output / STARTED).exists():
        raise CfgenError(f"{output} is not empty and does not hold a run: choose another --output_dir")


def _usage_line(folder: Path, test: Dataset) -> str:
    """Return a line of Python that tags a test sentence: its text, or its words if the text does not give them."""
    tokens = next((row["tokens"] for row in test if any(row["ner_tags"])), test[0]["tokens"])
    unit = saved_config(folder).text_unit
    text = default_gap(unit).join(tokens)
    is_text = [text[start:end] for start, end in token_offsets(text, unit)] == tokens
    inputs = repr(text) if is_text else f"{tokens!r}, is_split_into_words=True"
    return (
        "import hf_cfgen.modeling; from transformers import pipeline; "
        f"print(pipeline('word-classification', {folder.as_posix()!r}, aggregation_strategy='simple')({inputs}))"
    )


def _say(main: bool, text: str) -> None:
    if main:
        print(text, flush=True)
