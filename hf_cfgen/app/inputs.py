"""What a visitor enters: sentences, files, and the names of models and datasets."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from datasets import Dataset

from ..data.columns import tag_column
from ..data.formats.detection import detect_format
from ..data.reading import read_splits
from ..errors import CfgenError
from .demo import DEMOS

MAX_SENTENCES, MAX_WORDS = 2000, 200_000

PASTED = "pasted.txt"


def read_sentences(text: str, file: str | None) -> Dataset:
    """Read labeled sentences, pasted or in a file, in any format that the commands read.

    Args:
        text (`str`): The pasted text, such as one word and its tag per line and a blank line after each sentence.
        file (`str` or `None`): A file to read instead.

    Returns:
        `Dataset`: The sentences.

    Raises:
        CfgenError: There are no sentences, there are too many, or they cannot be read.

    Example:

    >>> read_sentences("Ada B-PER\\nslept O\\n", None)["tokens"][0]
    ['Ada', 'slept']
    """
    if file is None and not text.strip():
        raise CfgenError("no sentences: paste some, choose an example, or give a file")
    with TemporaryDirectory() as folder:
        if file is None:
            path = Path(folder, PASTED)
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
        else:
            path = Path(file)
        with _without_folder(path):
            if detect_format(path) == "parquet":  # keep it out of the cache of datasets: nobody would delete it
                splits = read_splits(path, cache_dir=folder, keep_in_memory=True).splits
            else:
                splits = read_splits(path).splits
    return check_size(path.name, splits[next(iter(splits))])


def check_size(name: str, sentences: Dataset) -> Dataset:
    """Return the sentences; raise a `CfgenError` that starts with `name` if they are too many for the page."""
    if len(sentences) > MAX_SENTENCES:
        raise CfgenError(
            f"{name}: {len(sentences)} sentences, but this page takes up to {MAX_SENTENCES}: give fewer, or use the "
            "commands hf-cfgen augment and hf-cfgen diagnose, which take any number"
        )
    if (words := sum(map(len, sentences["tokens"]))) > MAX_WORDS:
        raise CfgenError(f"{name}: {words} words, but this page takes up to {MAX_WORDS}: give fewer")
    return sentences


def check_name(name: str) -> str:
    """Return the name of a model or dataset without surrounding spaces.

    Args:
        name (`str`): A Hub name, a demo corpus, or a path.

    Returns:
        `str`: The name.

    Raises:
        CfgenError: The name is empty, or it may be a path on a Space, whose files visitors may not read.

    Example:

    >>> check_name(" demo:en ")
    'demo:en'
    """
    name = name.strip()
    if not name:
        raise CfgenError("no name of a model or dataset: give one")
    # load_dataset reads the files of the working folder if the name is "json" or another file type
    on_hub = re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name) and not Path(name).exists()
    if "SPACE_ID" in os.environ and name not in DEMOS and not on_hub:
        raise CfgenError(f"{name} may be a path on the machine of this Space: give OWNER/NAME on the Hub, or a file")
    return name


def as_lines(sentences: Dataset) -> str:
    """Format sentences for the text box: one word and its tag per line, a blank line after each sentence.

    Example:

    >>> as_lines(Dataset.from_dict({"tokens": [["Ada", "slept"]], "ner_tags": [["B-PER", "O"]]}))
    'Ada B-PER\\nslept O\\n'
    """
    rows = zip(sentences["tokens"], tag_column(sentences))
    return "\n".join("".join(f"{word} {tag}\n" for word, tag in zip(words, tags)) for words, tags in rows)


@contextmanager
def _without_folder(path: Path) -> Iterator[None]:
    """Remove the folder of the file from messages, because visitors need not know it."""
    try:
        yield
    except CfgenError as error:
        raise CfgenError(str(error).replace(f"{path.parent}{os.sep}", "")) from None
