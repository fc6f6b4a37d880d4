"""Read unlabeled sentences."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from datasets import Dataset, Features, List, Value

from ..errors import CfgenError
from ..utils.text import token_offsets
from .formats.base import find_format
from .formats.detection import PLAIN_TEXT, detect_format
from .formats.records import BadRecord
from .formats.text_files import json_lines
from .options import ReadOptions
from .reading import read_splits, readable

_FEATURES = Features({"id": Value("string"), "tokens": List(Value("string"))})


class Unlabeled(NamedTuple):
    """Unlabeled sentences, and the records of their file that cannot be used.

    Args:
        sentences (`Dataset`): Their `id`, `"unlabeled-0"` and so on, and `tokens`.
        skipped (`list[BadRecord]`): The unusable records.
    """

    sentences: Dataset
    skipped: list[BadRecord]


@readable()
def read_unlabeled(path: str, unit: str, options: ReadOptions) -> Unlabeled:
    """Read sentences from a file of any readable format, without its labels, or from a text file.

    Args:
        path (`str`): The file. A text file has one sentence per line.
        unit (`str`): How to split text into tokens, one of `TEXT_UNITS`; see `text_unit`.
        options (`ReadOptions`): The options of the labeled data. `format` is detected; the other options apply if the
            file has a format that takes them, except those on labels.

    Returns:
        `Unlabeled`: The sentences.

    Raises:
        CfgenError: There is no such file, or it can't be read.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise CfgenError(f"there is no file {path}: correct the path of the unlabeled sentences")
    name = detect_format(file, plain_text=True)
    if name == PLAIN_TEXT:
        return Unlabeled(_split((text.strip() for _, text in json_lines(file)), unit), [])
    reader = find_format(name)
    taken = {"scheme", "tokens_column", "tags_column", "tag_names", "skip_bad_records"}
    if reader is not None:
        taken |= {*reader.option_names()} | ({"max_length"} if reader.tokenization != "given" else set())
    given = {option: value for option, value in options.read_options().items() if option in taken}
    source = read_splits(path, **given, labeled=False)
    (split,) = source.splits
    if source.texts is None:
        return Unlabeled(_dataset(source.splits[split]["tokens"]), source.skipped)
    return Unlabeled(_split(source.texts[split], unit), source.skipped)


def _split(texts: Iterable[str], unit: str) -> Dataset:
    return _dataset([text[start:end] for start, end in token_offsets(text, unit)] for text in texts)


def _dataset(rows: Iterable[list[str]]) -> Dataset:
    tokens = list(rows)
    ids = [f"unlabeled-{row}" for row in range(len(tokens))]
    return Dataset.from_dict({"id": ids, "tokens": tokens}, features=_FEATURES)
