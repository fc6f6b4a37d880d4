"""What a tagger reads, on one data set: its scores, causal effects, and the predictions that interventions change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset

from . import __version__
from .arguments import DataArguments, parse_map
from .causal import empty_words, intervened_predictions, map_labels
from .columns import check_columns, tag_column
from .data.loading import write_skipped
from .data.source import read_splits
from .data.splits import split_of
from .discriminator import as_tagger
from .errors import CfgenError
from .output import check_new, write_json
from .report.diagnosis import diagnosis_table
from .scoring import causal_scores, ner_scores
from .spans import split_tag, tags_to_spans


def diagnose(
    model: Any,
    dataset: Dataset,
    *,
    label_map: Mapping[str, str] | None = None,
    batch_size: int = 32,
    resamples: int = 1000,
    seed: int = 0,
    examples: int = 10,
) -> dict[str, Any]:
    """Score a tagger, and show how its scores and predictions change without the context and without the entities.

    Args:
        model (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): Any token-classification model; see
            `as_tagger`.
        dataset (`Dataset`): One split with `tokens` and `ner_tags`, and `id` if it has one.
        label_map (`Mapping[str, str]`, *optional*): What the model's labels are called in the data; see `map_labels`.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.
        examples (`int`, *optional*, defaults to 10): The most sentences to show for each intervention.

    Returns:
        `dict`: JSON-serialisable.

        - `sentences` (`int`): Their number.
        - `scores`, `effects`: What `ner_scores` and `causal_scores` return.
        - `label_map` (`dict[str, str]`): The one given.
        - `model_types_without_data` (`list[str]`): Types of the model, by their mapped names, of which the data has no
          mention. What the model predicts of them counts as errors; mapping such a type to `"O"` drops it.
        - `most_changed`: Under `do_context` and `do_entity` what `most_changed` returns.

    Raises:
        CfgenError: Columns are missing, there is no mention, the model's labels are no tags, the label map does not
            fit them, the data has an entity type that the model lacks, or a number is too small.
    """
    check_columns(dataset)
    least = {"batch_size": (batch_size, 1), "resamples": (resamples, 1), "seed": (seed, 0), "examples": (examples, 0)}
    for name, (value, smallest) in least.items():
        if value < smallest:
            raise CfgenError(f"{name} is {value}: give at least {smallest}")
    sentences, tags = list(dataset["tokens"]), tag_column(dataset)
    if not any(tags_to_spans(gold) for gold in tags):
        raise CfgenError("no mention in these rows: every score would be 0; give rows with some, or another split")
    ids = [str(name) for name in (dataset["id"] if "id" in dataset.column_names else range(len(dataset)))]
    tagger = as_tagger(model)
    types = {split_tag(tag)[1] for tag in map_labels(tagger.model.config.id2label.values(), label_map).values()}
    passes = intervened_predictions(tagger, sentences, tags, batch_size, label_map)
    effects = causal_scores(tags, **passes, resamples=resamples, seed=seed)
    return {
        "sentences": len(sentences),
        "scores": ner_scores(tags, passes["predictions"]),
        "effects": effects,
        "label_map": dict(label_map or {}),
        "model_types_without_data": sorted(types - {split_tag(tag)[1] for gold in tags for tag in gold} - {""}),
        "most_changed": {
            name: most_changed(
                {
                    "id": ids,
                    "tokens": sentences,
                    "gold": tags,
                    "predicted": passes["predictions"],
                    "intervened": passes[name],
                    "empty": empty,
                },
                examples,
            )
            for name, empty in empty_words(tags).items()
        },
    }


def most_changed(columns: Mapping[str, Sequence[Any]], limit: int) -> list[dict[str, Any]]:
    """The sentences whose prediction an intervention changes most.

    Args:
        columns (`Mapping[str, Sequence]`): Under `id` a name for each sentence, under `tokens`, `gold`, `predicted`,
            `intervened` and `empty` its words, their gold tags, their predicted tags as they are and under the
            intervention, and whether it made them [EMPTY].
        limit (`int`): The most sentences to return.

    Returns:
        `list[dict]`: Rows of `columns` with `changed`, the number of words whose predicted tag differs: most changes
        first, equals in the order given, none without a change.

    Example:

    >>> columns = {"id": ["a", "b"], "predicted": [["O"], ["B-PER"]], "intervened": [["O"], ["O"]]}
    >>> most_changed(columns, limit=10)
    [{'id': 'b', 'predicted': ['B-PER'], 'intervened': ['O'], 'changed': 1}]
    """
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    for row in rows:
        row["changed"] = sum(one != other for one, other in zip(row["predicted"], row["intervened"]))
    return sorted((row for row in rows if row["changed"]), key=lambda row: -row["changed"])[:limit]


@dataclass(kw_only=True)
class DiagnoseArguments(DataArguments):
    """What `hf-cfgen diagnose` does.

    Args:
        model (`str`): The folder or Hub name of a token-classification model.
        data (`str`): See `load_ner_dataset`: a file, a folder, a Hub name, or `demo:en`, `demo:zh`.
        split (`str`, *optional*): The split; test where there is one, else the only one, where it is not given.
        output (`str`, *optional*): A JSON file to write all of it to.
        label_map (`list[str]`, *optional*): What the model's labels are called in the data, each `MODEL=DATA`; see
            `map_labels`.
        batch_size (`int`, *optional*, defaults to 32): Windows a forward pass.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the sentences.
        seed (`int`, *optional*, defaults to 0): Seed of the resamples.
    """

    model: str = field(metadata={"help": "The folder or Hub name of a token-classification model."})
    data: str = field(metadata={"help": "A file, a folder, a Hub name, or demo:en, demo:zh."})
    split: str | None = field(default=None, metadata={"help": "train, validation or test; test if there is one."})
    output: str | None = field(default=None, metadata={"help": "A JSON file to write."})
    label_map: list[str] | None = field(default=None, metadata={"help": "The model's labels in the data, MODEL=DATA."})
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
    source = read_splits(arguments.data, **arguments.read_options() | {"label_map": None})
    PartialState().wait_for_everyone()  # until every process has found the output free
    split = chosen_split(arguments.data, source.splits, arguments.split)
    label_map = parse_map(arguments.label_map)
    diagnosis = {
        "hf_cfgen": __version__,
        "model": arguments.model,
        "data": arguments.data,
        "split": split,
        **diagnose(
            arguments.model,
            source.splits[split],
            label_map=label_map,
            batch_size=arguments.batch_size,
            resamples=arguments.resamples,
            seed=arguments.seed,
        ),
    }
    if PartialState().is_main_process:
        seen = " (too good where the tagger was trained on these rows)" if split == "train" else ""
        print(f"{arguments.model} on {arguments.data}, split {split}{seen}\n\n{diagnosis_table(diagnosis)}")
        if output is not None and skipped_file is not None:
            write_skipped(skipped_file, source.skipped)
            write_json(output, diagnosis)
    return diagnosis


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
