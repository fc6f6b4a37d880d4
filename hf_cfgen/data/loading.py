"""Load labeled data as train, validation, and test splits with the same columns."""

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
    """Load a dataset for named entity recognition.

    Args:
        path (`str` or `os.PathLike`): The data to load. The first match applies:
            - `"demo:en"` or `"demo:zh"`: the embedded demo corpus.
            - A folder saved by `save_to_disk`.
            - A folder of brat documents (`.txt` and `.ann`), or a folder of such folders, named after splits.
            - A folder of data files of one format. A word in the file name determines the split: train or training;
              dev, devel, development, val, valid, or validation; test or testing. Files of the same split are
              concatenated in name order. Other files are skipped with a warning. A single file without such a word
              is the train split. Subfolders, hidden files, and documents such as READMEs are ignored.
            - A file: the train split.
            - A name on the Hub, for `datasets.load_dataset`.
        format (`str`, *optional*, defaults to `"auto"`): The files' format, one of
            `"brat"`, `"ccks"`, `"cluener"`, `"conll"`, `"doccano"`, `"label_studio"`, `"spacy"`, or, for tables with
            token and tag columns, `"json"` (lines), `"csv"` (with JSON lists in the cells), or `"parquet"`; or the
            name or import path (`"my_module:MyFormat"`) of your own, see `register_format`. `"auto"` detects the
            format from the start of a file, never from its name.
        scheme (`str`, *optional*): The tagging scheme, one of `SCHEMES`, or `"BIO"`. Detected if omitted.
            Formats of text and spans are converted to this scheme (IOB2 if omitted).
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The column of tokens, renamed to `tokens`.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The column of tags, renamed to `ner_tags`.
        tag_names (`Sequence[str]`, *optional*): The tags that integers without names represent, from 0.
        label_map (`Mapping[str, str]`, *optional*): New names of entity types. `"O"` removes a type.
        types (`Sequence[str]`, *optional*): The entity types to keep, as named in the data. Other mentions are
            tagged O. Defaults to all.
        tokenization (`str`, *optional*, defaults to `"auto"`): The tokens of formats of text and spans:
            `"characters"` or `"words"`, see `hf_cfgen.utils.text`. `"auto"` uses characters for CCKS, CLUENER,
            and data whose letters are mostly Chinese, Japanese, or Thai, and words otherwise.
        max_length (`int`, *optional*): For formats of text and spans: split texts of more tokens at sentence ends,
            see `hf_cfgen.data.segmentation.split_long`.
        skip_bad_records (`str` or `os.PathLike`, *optional*): Skip unusable records and write them, with the reason,
            to this file of JSON lines (`where`, `reason`, `record`). If omitted, the first such record raises an
            error.
        num_train_examples (`int`, *optional*): The number of train rows to keep. For the same `seed`, a larger sample
            starts with every smaller one. Defaults to all.
        pool (`bool`, *optional*, defaults to `False`): Pool all splits and split again by `split_sizes`.
        split_sizes (`tuple[int, int, int]`, *optional*): With `pool`, the sizes of train, validation, and test.
        split_seed (`int`, *optional*, defaults to `42`): Seed of the splits. Without `pool`, each missing validation
            or test split takes a tenth of train, and existing splits are never mixed.
        seed (`int`, *optional*, defaults to `42`): Seed of the train sample.
        load_kwargs (`Any`, *optional*): Options of the reader (`word_column`, `tag_column`, and
            `segmentation_digits` for CoNLL, `offsets` for doccano and Label Studio),
            or of `datasets.load_dataset` (`name`, `revision`, `features`, ...).

    Returns:
        `DatasetDict`: `train`, `validation`, and `test` with the columns `id` (string), `tokens` (list of strings),
        `ner_tags` (list of `ClassLabel`), and other columns of the data. An existing `ClassLabel` keeps its names. For
        string tags, the names are `"O"` and all tags of the scheme, sorted by type. A missing `id` defaults to
        `"{split}-{row}"`, with the original split and row.

    Raises:
        CfgenError: The arguments, files, or columns are invalid.

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
    """Create train, validation, and test from the existing splits.

    Args:
        splits (`Mapping[str, Dataset]`): Some of train, validation, and test.
        sizes (`tuple[int, int, int]`, *optional*): Pool all splits and split again by these sizes. If omitted,
            a missing validation or test split is carved from train.
        num_train_examples (`int`, *optional*): The number of train rows to keep. Defaults to all.
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
    """Write unusable records as JSON lines of `where`, `reason`, and `record`, and log how many there are.

    Args:
        path (`Path`): The file to write. Not written if there are no records.
        skipped (`Sequence[BadRecord]`): The records.
    """
    if skipped:
        write_json_lines(path, (record._asdict() for record in skipped))
        logger.warning("%d bad record(s) skipped, see %s", len(skipped), path)


def check_sizes(pool: bool, split_sizes: Any) -> tuple[int, ...] | None:
    """Check the sizes of pooled splits.

    Args:
        pool (`bool`): Whether to pool the splits.
        split_sizes (`Any`): Three sizes with `pool`, otherwise `None`.

    Returns:
        `tuple[int, int, int]` or `None`: The sizes.

    Raises:
        CfgenError: The sizes are invalid.
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
