"""`load_ner_dataset`: whatever is labelled, to train, validation and test with the same columns."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from ..errors import CfgenError, about
from ..utils.files import check_new, write_json_lines
from .formats.records import BadRecord
from .reading import read_splits
from .splits import carve_splits, pool_splits, subsample

logger = logging.getLogger(__name__)


def load_ner_dataset(
    path: str | os.PathLike[str],
    *,
    format: str = "auto",
    scheme: str | None = None,
    tokens_column: str = "tokens",
    tags_column: str = "ner_tags",
    tag_names: Sequence[str] | None = None,
    label_map: Mapping[str, str] | None = None,
    types: Sequence[str] | None = None,
    tokenization: str = "auto",
    max_length: int | None = None,
    skip_bad_records: str | os.PathLike[str] | None = None,
    num_train_examples: int | None = None,
    pool: bool = False,
    split_sizes: tuple[int, int, int] | None = None,
    split_seed: int = 42,
    seed: int = 42,
    **load_kwargs: Any,
) -> DatasetDict:
    """Load a data set for named entity recognition.

    Args:
        path (`str` or `os.PathLike`): What to load, the first that holds of:
            - `"demo:en"` or `"demo:zh"`: the embedded demo corpus.
            - A folder saved by `save_to_disk`.
            - A folder of brat documents (`.txt` and `.ann`), or of such folders named after splits.
            - A folder of data files of one format. A word in a file's name says which split it is: train or training;
              dev, devel, development, val, valid or validation; test or testing. Several files of a split are
              concatenated in the order of their names; other files are left out, with a warning. A single file with no
              such word is the train split. Subfolders, hidden files, READMEs and the like are not looked at.
            - A file: the train split.
            - A name on the Hub, for `datasets.load_dataset`.
        format (`str`, *optional*, defaults to `"auto"`): The files' format, one of
            `"brat"`, `"ccks"`, `"cluener"`, `"conll"`, `"doccano"`, `"label_studio"`, `"label_studio_min"`,
            `"spacy"`, or, for tables with a column of tokens and one of tags, `"json"` (lines), `"csv"` (with JSON
            lists in the cells) or `"parquet"`. `"auto"` judges the beginning of a file, never its name.
        scheme (`str`, *optional*): The scheme of the tags, one of `SCHEMES`, or `"BIO"`. Detected if not
            given. Formats of spans, which have no tags, are laid out in it (in IOB2 if not given).
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The column of tokens; it becomes `tokens`.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The column of tags; it becomes `ner_tags`.
        tag_names (`Sequence[str]`, *optional*): The tags that integers without names stand for, from 0.
        label_map (`Mapping[str, str]`, *optional*): New names of entity types; `"O"` for mentions to take away.
        types (`Sequence[str]`, *optional*): The entity types to keep, by the names in the data; other mentions are
            taken for words outside.
        tokenization (`str`, *optional*, defaults to `"auto"`): What the text of formats of spans is cut into,
            `"characters"` or `"words"`, see `hf_cfgen.data.segmentation`. `"auto"`: characters for CCKS and CLUENER,
            and where most letters of the data are Chinese, Japanese or Thai; words elsewhere.
        max_length (`int`, *optional*): For formats of spans: texts of more tokens are split at sentence ends, see
            `hf_cfgen.data.segmentation.split_long`.
        skip_bad_records (`str` or `os.PathLike`, *optional*): Leave out records that can't be used and write them,
            with the reason, to this file of JSON lines (`where`, `reason`, `record`). Where it is not given, the
            first such record is an error.
        num_train_examples (`int`, *optional*): Keep so many train rows, the first of an order that `seed` fixes: a
            smaller sample is the beginning of every larger one.
        pool (`bool`, *optional*, defaults to `False`): Pool all splits and cut them anew, to `split_sizes`.
        split_sizes (`tuple[int, int, int]`, *optional*): With `pool`, the sizes of train, validation and test.
        split_seed (`int`, *optional*, defaults to `42`): Seed of the splits. Without `pool`, a missing validation or
            test split is carved from train, a tenth each; splits that are there are never mixed.
        seed (`int`, *optional*, defaults to `42`): Seed of the train sample.
        load_kwargs (`Any`, *optional*): Passed on to the reader (`word_column`, `tag_column` and
            `segmentation_digits` for CoNLL, `offsets` for doccano and Label Studio),
            or to `datasets.load_dataset` (`name`, `revision`, `features`, ...).

    Returns:
        `DatasetDict`: `train`, `validation` and `test` with the columns `id` (string), `tokens` (list of strings),
        `ner_tags` (list of `ClassLabel`) and whatever else the data carries. The names of a `ClassLabel` are kept; for
        string tags they are `"O"` and all tags of the scheme, type by type in sorted order. Where there is no `id`, it
        is `"{split}-{row}"`, by the splits as they were given.

    Raises:
        CfgenError: The arguments, the files or the columns are not as described.

    Example:

    >>> dataset = load_ner_dataset("demo:en", num_train_examples=8)
    >>> list(dataset), len(dataset["train"]), dataset["train"].column_names[:3]
    (['train', 'validation', 'test'], 8, ['id', 'tokens', 'ner_tags'])
    """
    sizes = check_sizes(pool, split_sizes)
    check_new(None if skip_bad_records is None else Path(skip_bad_records))
    source = read_splits(
        path,
        format=format,
        scheme=scheme,
        tokens_column=tokens_column,
        tags_column=tags_column,
        tag_names=tag_names,
        label_map=label_map,
        types=types,
        tokenization=tokenization,
        max_length=max_length,
        skip_bad_records=skip_bad_records is not None,
        unique_ids=pool,
        **load_kwargs,
    )
    with about(path):
        data = cut_splits(source.splits, sizes, num_train_examples, split_seed, seed)
    if skip_bad_records is not None:
        write_skipped(Path(skip_bad_records), source.skipped)
    return data


def cut_splits(
    splits: Mapping[str, Dataset],
    sizes: tuple[int, ...] | None = None,
    num_train_examples: int | None = None,
    split_seed: int = 42,
    seed: int = 42,
) -> DatasetDict:
    """Make train, validation and test of the splits that are there.

    Args:
        splits (`Mapping[str, Dataset]`): Some of train, validation and test.
        sizes (`tuple[int, int, int]`, *optional*): Pool all splits and cut them anew, to these sizes; where it is not
            given, a missing validation or test split is carved from train.
        num_train_examples (`int`, *optional*): Keep so many train rows.
        split_seed (`int`, *optional*, defaults to 42): Seed of the splits.
        seed (`int`, *optional*, defaults to 42): Seed of the train sample.

    Returns:
        `DatasetDict`: The three splits.

    Raises:
        CfgenError: There is no train split, or too few rows.
    """
    for name, value in {"split_seed": split_seed, "seed": seed}.items():
        if not isinstance(value, int) or value < 0:
            raise CfgenError(f"{name} is {value!r}: give an integer of at least 0")
    cut = carve_splits(splits, split_seed) if sizes is None else pool_splits(splits, sizes, split_seed)
    if num_train_examples is not None:
        cut["train"] = subsample(cut["train"], num_train_examples, seed)
    return DatasetDict(cut)


def write_skipped(path: Path, skipped: Sequence[BadRecord]) -> None:
    """Write the records that can't be used, as JSON lines of `where`, `reason` and `record`; tell how many.

    Args:
        path (`Path`): The file to write; none is written where nothing was skipped.
        skipped (`Sequence[BadRecord]`): The records.
    """
    if skipped:
        write_json_lines(path, (record._asdict() for record in skipped))
        logger.warning("%d bad record(s) skipped, see %s", len(skipped), path)


def check_sizes(pool: bool, split_sizes: Any) -> tuple[int, ...] | None:
    """Check the sizes that pooled splits are cut to.

    Args:
        pool (`bool`): Whether splits are pooled.
        split_sizes (`Any`): The sizes, three with `pool` and none without.

    Returns:
        `tuple[int, int, int]` or `None`: The sizes.

    Raises:
        CfgenError: They are not given so.
    """
    if not pool and split_sizes is None:
        return None
    if not pool:
        raise CfgenError(
            f"split_sizes is {split_sizes!r} without pool: splits that are there are never mixed; set pool to cut anew"
        )
    if split_sizes is None:
        raise CfgenError(
            "pool without split_sizes: give the sizes of train, validation and test, such as 9674,1208,1208"
        )
    if isinstance(split_sizes, str) or not isinstance(split_sizes, Sequence) or len(split_sizes) != 3:
        raise CfgenError(f"split_sizes is {split_sizes!r}: give three sizes, of train, validation and test")
    if not all(isinstance(size, int) and size > 0 for size in split_sizes):
        raise CfgenError(f"split_sizes is {split_sizes!r}: give three integers of at least 1")
    return tuple(split_sizes)
