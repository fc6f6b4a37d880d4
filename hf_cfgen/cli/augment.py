"""The `augment` command."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset

from ..counterfactual.config import CfgenConfig
from ..counterfactual.entity_sets import EntitySets
from ..counterfactual.generation import generate_counterfactuals, mix
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

_PROVENANCE = ("id", "source_id", "tokens", "ner_tags", "replaced", "score", "reason")


@dataclass(kw_only=True)
class AugmentArguments(ReadOptions, ModelOptions):
    """What `hf-cfgen augment` does.

    Args:
        data (`str`): A labelled file, a brat folder, or a folder of files named after splits, of which train is taken.
        output (`str`): The file to write, in the same format; for brat a folder.
        discriminator (`str`, *optional*): The folder or Hub name of a tagger trained on this data, which judges the
            candidates. Where neither this nor `train_discriminator` is given, none is judged and all are kept.
        train_discriminator (`bool`, *optional*, defaults to `False`): Train one on this data; a tenth of it, or its
            dev split, selects the best of 12 evaluations.
        recipe (`str`, *optional*, defaults to `"budget"`): See `CfgenConfig`.
        k (`int`, *optional*, defaults to 5): See `CfgenConfig`.
        mix (`bool`, *optional*, defaults to `False`): Write the observational examples too, all shuffled.
    """

    data: str = field(metadata={"help": "A labelled file, a brat folder, or a folder of files named after splits."})
    output: str = field(metadata={"help": "The file to write, in the same format; for brat a folder."})
    discriminator: str | None = field(default=None, metadata={"help": "A tagger trained on this data."})
    train_discriminator: bool = field(default=False, metadata={"help": "Train one on this data."})
    recipe: str = field(default="budget", metadata={"help": "budget (k candidates an example) or paper (all)."})
    k: int = field(default=5, metadata={"help": "Candidates an example under the budget recipe."})
    mix: bool = field(default=False, metadata={"help": "Write the observational examples, too."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.discriminator is not None and self.train_discriminator:
            raise CfgenError("--discriminator and --train_discriminator: give one of them")
        if not self.train_discriminator:
            for option in ("vectors", "num_layers", "hidden_size", "dropout"):
                if getattr(self, option) is not None:
                    raise CfgenError(f"--{option} is of a discriminator to be trained: add --train_discriminator")


def augment(arguments: AugmentArguments, training: TaggerTrainingArguments) -> dict[str, Any]:
    """Write the counterfactual examples of a labelled file in its own format.

    Beside the output stand `<output>.candidates.jsonl`, where every candidate came from, its score and, for a
    rejected one, the reason; and, with `skip_bad_records`, `<output>.skipped.jsonl` if it has a line. Nothing is
    overwritten, and nothing is left where an error ends the work.

    Args:
        arguments (`AugmentArguments`): What to do.
        training (`TaggerTrainingArguments`): How to train a discriminator, and the seed.

    Returns:
        `dict`: The counts of `generate_counterfactuals`, `written` (rows), `format` and `output`.

    Raises:
        CfgenError: The input is bad, an output is there already, or no candidate is kept.
    """
    output = Path(arguments.output)
    check_new(output)
    candidates_file, skipped_file = (
        output.with_name(f"{output.name}.{name}.jsonl") for name in ("candidates", "skipped")
    )
    check_new(candidates_file, skipped_file)
    config = CfgenConfig(recipe=arguments.recipe, k=arguments.k, seed=training.seed, scheme=arguments.scheme)
    options = arguments.read_options()
    source = read_splits(arguments.data, **options)
    if source.format is None:
        raise CfgenError(f"{arguments.data} is no file, and its rows have no format to write: use hf-cfgen run")
    if "train" not in source.splits:
        raise CfgenError(
            f"{arguments.data}: no train split, only {', '.join(source.splits)}: name one train, or give a single file"
        )
    train = source.splits["train"]
    with about(arguments.data):
        entity_sets = EntitySets.from_dataset(train)
        entity_sets.check_swappable()
    PartialState().wait_for_everyone()  # until every process has found the outputs free
    judge = _judge(arguments, training, source)
    kept, rejected, counts = generate_counterfactuals(train, judge, config, entity_sets=entity_sets)
    rows = mix(train, kept, training.seed) if arguments.mix else kept
    main = PartialState().is_main_process
    if main:
        print(f"{arguments.data}: {counts_line(counts)}" + ("" if judge else " (no discriminator: none judged)"))
    if not len(kept):
        remedy = "train a better discriminator, or " if counts["candidates"] else ""
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
    return {**counts, "written": len(rows), "format": source.format, "output": str(output)}


def _say_what_is_written(output: Path, rows: Dataset, rejected: Dataset, source: Source) -> None:
    left = [name for name in SPLITS if name != "train" and name in source.splits]
    print(
        f"{len(rows)} rows written to {output} ({source.format})"
        + f", where the candidates came from and why {len(rejected)} were rejected to {output}.candidates.jsonl"
        + (f"; the splits {', '.join(left)} stay as they are" if left else "")
    )


def _judge(
    arguments: AugmentArguments, training: TaggerTrainingArguments, source: Source
) -> DiscriminatorPipeline | None:
    if arguments.discriminator is not None:
        return as_discriminator(arguments.discriminator)
    if not arguments.train_discriminator:
        return None
    vectors = None if arguments.vectors is None else load_vectors(arguments.vectors)
    # beside the output: all processes read the best checkpoint
    checkpoints = Path(f"{arguments.output}.checkpoints.partial")
    return train_discriminator(arguments, source.splits, vectors, training, checkpoints)


def _provenance(*parts: Dataset) -> Iterator[dict[str, Any]]:
    for rows in parts:
        for row, tags in zip(rows, tag_column(rows)):
            yield {name: row[name] for name in _PROVENANCE} | {"ner_tags": tags}


@contextmanager
def _whole(path: Path, *beside: Path) -> Iterator[Path]:
    """A file or folder that appears only when all within the block is done; else those beside it go, too."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        for file in beside:
            file.unlink(missing_ok=True)
        raise
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)
