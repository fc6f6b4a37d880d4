"""The `diagnose` command."""

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..data.loading import write_skipped
from ..data.options import ReadOptions
from ..data.reading import read_splits
from ..data.splits import choose_split
from ..errors import CfgenError
from ..utils.files import check_new, write_json
from ..utils.logging import silence_libraries
from ..utils.threads import limit_threads
from .parser import CommandParser, field_names, from_arguments
from .processes import check_processes


@dataclass(kw_only=True)
class DiagnoseArguments(ReadOptions):
    """The options of `hf-cfgen diagnose`."""

    model: str = field(metadata={"help": "The folder or Hub name of a token-classification model."})
    data: str = field(metadata={"help": "A file, a folder, a Hub name, or demo:en, demo:zh."})
    split: str | None = field(default=None, metadata={"help": "Split: train, validation or test; test if omitted."})
    model_labels: dict[str, str] | None = field(
        default=None, metadata={"help": "What the model's labels mean in the data, LABEL=TAG or TYPE=TYPE."}
    )
    batch_size: int = field(default=32, metadata={"help": "Windows per forward pass."})
    resamples: int = field(default=1000, metadata={"help": "Bootstrap resamples of the sentences."})
    seed: int = field(default=0, metadata={"help": "Seed of the resamples."})
    output: str | None = field(default=None, metadata={"help": "JSON file to write."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.skip_bad_records and self.output is None:
            raise CfgenError("--skip_bad_records needs --output: the skipped records are written next to it")


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    groups = {
        "data": ("split", *field_names(ReadOptions)),
        "model": ("model_labels", "batch_size"),
        "output": ("resamples", "seed", "output"),
    }
    parser.add_options(DiagnoseArguments, groups=groups, positionals=("model", "data"))


def main(command_line: Namespace) -> None:
    """Run the command."""
    arguments = from_arguments(DiagnoseArguments, command_line)
    silence_libraries()
    check_processes()
    diagnose_data(arguments)


def diagnose_data(arguments: DiagnoseArguments) -> dict[str, object]:
    """Diagnose a tagger on a file or dataset, and print the table.

    Args:
        arguments (`DiagnoseArguments`): The options.

    Returns:
        `dict`: The content of the JSON file: the result of `diagnose`, with `model`, `data` and `split`.

    Raises:
        CfgenError: The data cannot be used, the split does not exist, or the output exists.
    """
    output = None if arguments.output is None else Path(arguments.output)
    skipped_file = None if output is None else output.with_name(f"{output.name}.skipped.jsonl")
    check_new(output, skipped_file)
    source = read_splits(arguments.data, **arguments.read_options())
    split = choose_split(arguments.data, source.splits, arguments.split)
    limit_threads()  # this and what follows imports torch
    from accelerate import PartialState

    from ..evaluation.diagnosis import diagnose
    from ..reporting.diagnosis import diagnosis_table

    PartialState().wait_for_everyone()  # until every process has found the output free
    diagnosis = diagnose(
        arguments.model,
        source.splits[split],
        model_labels=arguments.model_labels,
        batch_size=arguments.batch_size,
        resamples=arguments.resamples,
        seed=arguments.seed,
    )
    made_with = {"hf_cfgen": __version__, "model": arguments.model, "data": arguments.data, "split": split}
    written = {**made_with, **diagnosis.to_dict()}
    if PartialState().is_main_process:
        seen = " (the scores are too high if the tagger was trained on these rows)" if split == "train" else ""
        print(f"{arguments.model} on {arguments.data}, split {split}{seen}\n\n{diagnosis_table(diagnosis)}")
        if output is not None and skipped_file is not None:
            write_skipped(skipped_file, source.skipped)
            write_json(output, written)
    return written
