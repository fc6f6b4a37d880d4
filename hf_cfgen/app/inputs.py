"""What a visitor gives: sentences, files, names of models and of data sets."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datasets import Dataset

from ..data.columns import tag_column
from ..data.formats.detection import TABLES, detect_format
from ..data.reading import read_splits
from ..errors import CfgenError
from .demo import DEMOS

MAX_SENTENCES, MAX_WORDS = 2000, 200_000

PASTED = "pasted.txt"


def read_sentences(text: str, file: str | None) -> Dataset:
    """Labelled sentences, pasted or in a file, in any format that the commands read.

    Args:
        text (`str`): Such as one word and its tag a line, a blank line after each sentence.
        file (`str` or `None`): A file that is read instead.

    Returns:
        `Dataset`: The sentences.

    Raises:
        CfgenError: There is none, or there are too many, or they can't be read.

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
        with without_folder(path):
            # tables are kept in memory, not in the cache of datasets, where nobody would delete them
            private: dict[str, Any] = (
                {"cache_dir": folder, "keep_in_memory": True} if detect_format(path) in TABLES else {}
            )
            splits = read_splits(path, **private).splits
    return check_size(path.name, splits[next(iter(splits))])


def check_size(name: str, sentences: Dataset) -> Dataset:
    """Check that a page can deal with so many sentences and words.

    Args:
        name (`str`): What they are called, for the message.
        sentences (`Dataset`): The sentences.

    Returns:
        `Dataset`: The same.

    Raises:
        CfgenError: There are too many.

    Example:

    >>> len(check_size("a.jsonl", Dataset.from_dict({"tokens": [["a"]]})))
    1
    """
    if len(sentences) > MAX_SENTENCES:
        raise CfgenError(
            f"{name}: {len(sentences)} sentences, where this page takes up to {MAX_SENTENCES}: give fewer, or use the "
            "commands hf-cfgen augment and hf-cfgen diagnose, which take any number"
        )
    if (words := sum(map(len, sentences["tokens"]))) > MAX_WORDS:
        raise CfgenError(f"{name}: {words} words, where this page takes up to {MAX_WORDS}: give fewer")
    return sentences


def check_name(name: str) -> str:
    """Check the name of a model or data set: on a Space visitors may not read the files of its machine.

    Args:
        name (`str`): A Hub name, a demo corpus, or a path.

    Returns:
        `str`: The name without blanks around it.

    Raises:
        CfgenError: There is none, or it is a path and this is a Space.

    Example:

    >>> check_name(" demo:en ")
    'demo:en'
    """
    name = name.strip()
    if not name:
        raise CfgenError("no name of a model or of a data set: give one")
    # load_dataset takes "json" and its like for the files of the working folder
    on_hub = re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name) and not Path(name).exists()
    if "SPACE_ID" in os.environ and name not in DEMOS and not on_hub:
        raise CfgenError(f"{name} may be a path on the machine of this Space: give OWNER/NAME on the Hub, or a file")
    return name


def as_lines(sentences: Dataset) -> str:
    """Sentences as they are pasted: one word and its tag a line, a blank line after each sentence.

    Args:
        sentences (`Dataset`): The sentences.

    Returns:
        `str`: The lines.

    Example:

    >>> as_lines(Dataset.from_dict({"tokens": [["Ada", "slept"]], "ner_tags": [["B-PER", "O"]]}))
    'Ada B-PER\\nslept O\\n'
    """
    rows = zip(sentences["tokens"], tag_column(sentences))
    return "\n".join("".join(f"{word} {tag}\n" for word, tag in zip(words, tags)) for words, tags in rows)


@contextmanager
def without_folder(path: Path) -> Iterator[None]:
    """Leave out of an error within the block where on the machine the file is.

    Args:
        path (`Path`): The file.

    Example:

    >>> with without_folder(Path("/tmp/a1/b.txt")):
    ...     raise CfgenError("/tmp/a1/b.txt:3: no tag")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: b.txt:3: no tag
    """
    try:
        yield
    except CfgenError as error:
        raise CfgenError(str(error).replace(f"{path.parent}{os.sep}", "")) from None
