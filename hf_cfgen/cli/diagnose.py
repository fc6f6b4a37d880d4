"""The `diagnose` command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset

from .. import __version__
from ..data.loading import write_skipped
from ..data.options import ReadOptions, parse_map
from ..data.reading import read_splits
from ..data.splits import split_of
from ..errors import CfgenError
from ..evaluation.diagnosis import diagnose
from ..reporting.diagnosis import diagnosis_table
from ..utils.files import check_new, write_json


@dataclass(kw_only=True)
class DiagnoseArguments(ReadOptions):
    """What `hf-cfgen diagnose` does.

    Args:
        model (`str`): The folder or Hub name of a token-classification model.
        data (`str`): See `load_ner_dataset`: a file, a folder, a Hub name, or `demo:en`, `demo:zh`.
        split (`str`, *optional*): The split; test where there is one, else the only one, where it is not given.
        output (`str`, *optional*): A JSON file to write all of it to.
        model_labels (`list[str]`, *optional*): The meaning of the model's labels in the data, each `MODEL=DATA`; see
            `map_labels`.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.
    """

    model: str = field(metadata={"help": "The folder or Hub name of a token-classification model."})
    data: str = field(metadata={"help": "A file, a folder, a Hub name, or demo:en, demo:zh."})
    split: str | None = field(default=None, metadata={"help": "train, validation or test; test if there is one."})
    output: str | None = field(default=None, metadata={"help": "A JSON file to write."})
    model_labels: list[str] | None = field(
        default=None, metadata={"help": "The meaning of the model's labels in the data, MODEL=DATA ..."}
    )
    batch_size: int = field(default=32, metadata={"help": "Sentences a forward pass."})
    resamples: int = field(default=1000, metadata={"help": "Bootstrap resamples of the sentences."})
    seed: int = field(default=0, metadata={"help": "Seed of the resamples."})

    def __post_init__(self) -> None:
        if self.skip_bad_records and self.output is None:
            raise CfgenError("--skip_bad_records without --output: give one, what is skipped is written beside it")


def diagnose_data(arguments: DiagnoseArguments) -> dict[str, Any]:
    """Diagnose a tagger on a file or data set, and print the table.

    Args:
        arguments (`DiagnoseArguments`): What to do.

    Returns:
        `dict`: What `diagnose` returns, with `model`, `data` and `split`; the JSON file holds the same.

    Raises:
        CfgenError: See `read_splits` and `diagnose`; or there is no such split, or the output is there already.
    """
    output = None if arguments.output is None else Path(arguments.output)
    check_new(output)
    skipped_file = None if output is None else output.with_name(f"{output.name}.skipped.jsonl")
    check_new(skipped_file)
    source = read_splits(arguments.data, **arguments.read_options())
    PartialState().wait_for_everyone()  # until every process has found the output free
    split = chosen_split(arguments.data, source.splits, arguments.split)
    model_labels = parse_map(arguments.model_labels, "model_labels")
    diagnosis = diagnose(
        arguments.model,
        source.splits[split],
        model_labels=model_labels,
        batch_size=arguments.batch_size,
        resamples=arguments.resamples,
        seed=arguments.seed,
    )
    made_with = {"hf_cfgen": __version__, "model": arguments.model, "data": arguments.data, "split": split}
    record = made_with | diagnosis.to_dict()
    if PartialState().is_main_process:
        seen = " (too good where the tagger was trained on these rows)" if split == "train" else ""
        print(f"{arguments.model} on {arguments.data}, split {split}{seen}\n\n{diagnosis_table(diagnosis)}")
        if output is not None and skipped_file is not None:
            write_skipped(skipped_file, source.skipped)
            write_json(output, record)
    return record


def chosen_split(data: str, splits: Mapping[str, Dataset], name: str | None = None) -> str:
    """The split to diagnose on.

    Args:
        data (`str`): What the splits were read from, for messages.
        splits (`Mapping[str, Dataset]`): The splits that are there.
        name (`str`, *optional*): The split's name; test where there is one, else the only one, where it is not given.

    Returns:
        `str`: One of `splits`.

    Raises:
        CfgenError: There is no such split, or none is named and there are several without a test split.

    Example:

    >>> rows = Dataset.from_dict({})
    >>> chosen_split("a.jsonl", {"train": rows}), chosen_split("b", {"validation": rows, "test": rows}, "dev")
    ('train', 'validation')
    """
    if name is None and ("test" in splits or len(splits) == 1):
        return "test" if "test" in splits else next(iter(splits))
    wanted = split_of(name) if name else None
    if wanted is None or wanted not in splits:
        missing = f"no split {name!r}" if name else "no test split"
        raise CfgenError(f"{data}: {missing}: choose one of {', '.join(splits)} with --split")
    return wanted
