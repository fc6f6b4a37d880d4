"""The `augment` command."""

import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset

from ..counterfactual.generation import generate_counterfactuals, mix
from ..counterfactual.train_split import TrainSplit
from ..data.columns import tag_column
from ..data.export import write_rows
from ..data.loading import write_skipped
from ..data.options import ReadOptions
from ..data.reading import Source, read_splits
from ..data.splits import SPLITS
from ..errors import CfgenError, about
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..modeling.word_vectors import load_vectors
from ..reporting.run_tables import counts_line
from ..training.config import ModelOptions, TaggerTrainingArguments
from ..training.taggers import train_discriminator
from ..utils.files import check_new, write_json_lines
from ..utils.logging import silence_libraries
from ..utils.objects import import_object
from ..utils.threads import limit_threads
from .options import TEXTS, TRAINING, RecipeOptions
from .parser import CommandParser, field_names, from_arguments
from .processes import check_processes

_PROVENANCE = ("id", "source_id", "tokens", "ner_tags", "replaced", "score", "reason")


@dataclass(kw_only=True)
class AugmentArguments(ReadOptions, ModelOptions, RecipeOptions):
    """The options of `hf-cfgen augment`, except those of training.

    Args:
        data (`str`): A labeled file, a brat folder, or a folder of files named after splits, whose train split is
            augmented.
        output (`str`): The file to write, in the same format. For brat, a folder.
        discriminator (`str`, *optional*): The folder or Hub name of a tagger trained on this data, or the import path
            of a function from sentences to tags. It accepts or rejects the candidates. Without it and
            `train_discriminator`, all candidates are kept.
        train_discriminator (`bool`, *optional*, defaults to `False`): Train a discriminator on this data. Its dev
            split, or a tenth of it, selects the best of 12 evaluations.
        mix (`bool`, *optional*, defaults to `False`): Write the observational examples too, all shuffled.

    Raises:
        CfgenError: A value is not allowed, or options contradict each other.
    """

    data: str = field(metadata={"help": "A labeled file, a brat folder, or a folder of files named after splits."})
    output: str = field(metadata={"help": "The file to write, in the same format. For brat, a folder."})
    discriminator: str | None = field(
        default=None, metadata={"help": "Tagger trained on this data: folder, Hub name, or my_module:my_function."}
    )
    train_discriminator: bool = field(default=False, metadata={"help": "Train a discriminator on this data."})
    mix: bool = field(default=False, metadata={"help": "Write the observational examples, too."})

    def __post_init__(self) -> None:
        ReadOptions.__post_init__(self)
        ModelOptions.__post_init__(self)
        self.recipe_config()
        if self.discriminator is not None and self.train_discriminator:
            raise CfgenError("--discriminator and --train_discriminator: give one of them")
        if not self.train_discriminator:
            for option in ("vectors", "num_layers", "hidden_size", "dropout"):
                if getattr(self, option) is not None:
                    raise CfgenError(f"--{option} needs a discriminator to train: add --train_discriminator")


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    groups = {
        "data": field_names(ReadOptions),
        "recipe": field_names(RecipeOptions),
        "discriminator": ("discriminator", "train_discriminator", *field_names(ModelOptions)),
        "training of the discriminator": (*TRAINING, "context_dropout"),
        "output": ("mix",),
    }
    classes = AugmentArguments, TaggerTrainingArguments
    parser.add_options(*classes, groups=groups, positionals=("data", "output"), left_out=("output_dir",), texts=TEXTS)


def main(command_line: Namespace) -> None:
    """Run the command."""
    silence_libraries()
    arguments = from_arguments(AugmentArguments, command_line)
    training = from_arguments(TaggerTrainingArguments, command_line)
    check_processes(use_cpu=True)
    limit_threads(one=arguments.is_lstm)
    augment(arguments, training)


def augment(arguments: AugmentArguments, training: TaggerTrainingArguments) -> dict[str, Any]:
    """Write the counterfactual examples of a labeled file in its own format.

    Next to the output, `<output>.candidates.jsonl` has every candidate with its source, its score and, if rejected,
    the reason. With `skip_bad_records`, `<output>.skipped.jsonl` has the skipped records. Nothing is overwritten, and
    nothing is left if an error ends the work.

    Args:
        arguments (`AugmentArguments`): The options.
        training (`TaggerTrainingArguments`): How to train a discriminator, and the seed.

    Returns:
        `dict`: The counts of `generate_counterfactuals`, `written` (rows), `format` and `output`.

    Raises:
        CfgenError: The input cannot be used, an output exists, or no candidate is kept.
    """
    output = Path(arguments.output)
    check_new(output)
    candidates_file, skipped_file = (
        output.with_name(f"{output.name}.{name}.jsonl") for name in ("candidates", "skipped")
    )
    check_new(candidates_file, skipped_file)
    config = arguments.recipe_config(training.seed, arguments.scheme)
    options = arguments.read_options()
    source = read_splits(arguments.data, **options)
    if source.format is None:
        raise CfgenError(f"{arguments.data} is not a file, so its rows have no format to write: use hf-cfgen run")
    if "train" not in source.splits:
        raise CfgenError(
            f"{arguments.data}: no train split, only {', '.join(source.splits)}: name a file train, or give one file"
        )
    with about(arguments.data):
        split = TrainSplit.from_dataset(source.splits["train"], config.scheme)
        split.entity_sets.check_swappable()
    PartialState().wait_for_everyone()  # until every process has found the outputs free
    discriminator = _discriminator(arguments, training, source)
    kept, rejected, counts = generate_counterfactuals(split, discriminator, config)
    rows = mix(split, kept, training.seed) if arguments.mix else kept
    main = PartialState().is_main_process
    if main:
        print(f"{arguments.data}: {counts_line(counts)}" + ("" if discriminator else " (no discriminator: all kept)"))
    if not len(kept):
        remedy = "train a better discriminator, or " if counts.candidates else ""
        raise CfgenError(
            f"{arguments.data}: no candidate is kept, so nothing is written: see the counts, and {remedy}give "
            "sentences with other mentions"
        )
    if main:
        with _whole(output, candidates_file, skipped_file) as partial:
            if source.format == "brat":
                partial.mkdir()
            write_rows(partial, rows, source, "train", options)
            write_json_lines(candidates_file, _provenance(kept, rejected))
            write_skipped(skipped_file, source.skipped)
        _say_what_is_written(output, rows, rejected, source)
    PartialState().wait_for_everyone()
    return {**counts.to_dict(), "written": len(rows), "format": source.format, "output": str(output)}


def _say_what_is_written(output: Path, rows: Dataset, rejected: Dataset, source: Source) -> None:
    left = [name for name in SPLITS if name != "train" and name in source.splits]
    print(
        f"{len(rows)} rows written to {output} ({source.format}), all candidates with the reasons of "
        f"{len(rejected)} rejections to {output}.candidates.jsonl"
        + (f"; the splits {', '.join(left)} are unchanged" if left else "")
    )


def _discriminator(
    arguments: AugmentArguments, training: TaggerTrainingArguments, source: Source
) -> DiscriminatorPipeline | Callable[..., Any] | None:
    if arguments.discriminator is not None:
        # a Hub name has no colon
        is_import_path = ":" in arguments.discriminator and not Path(arguments.discriminator).exists()
        return (import_object if is_import_path else as_discriminator)(arguments.discriminator)
    if not arguments.train_discriminator:
        return None
    vectors = None if arguments.vectors is None else load_vectors(arguments.vectors)
    # next to the output, where all processes can read the best checkpoint
    checkpoints = Path(f"{arguments.output}.checkpoints.partial")
    return train_discriminator(arguments, source.splits, vectors, training, checkpoints)


def _provenance(*parts: Dataset) -> Iterator[dict[str, Any]]:
    for rows in parts:
        for row, tags in zip(rows, tag_column(rows)):
            yield {name: row[name] for name in _PROVENANCE} | {"ner_tags": tags}


@contextmanager
def _whole(path: Path, *others: Path) -> Iterator[Path]:
    """A file or folder that appears when the block is done. If the block fails, the other files are removed, too."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        for file in others:
            file.unlink(missing_ok=True)
        raise
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)
