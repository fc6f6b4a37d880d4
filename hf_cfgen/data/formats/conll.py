"""CoNLL columns: a word and its tag a line, a blank line after a sentence."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from ...errors import CfgenError
from ...tagging.spans import split_tag
from .records import BadRecord, Record, Row, parse_each
from .text_files import read_text


def matches(head: str) -> bool:
    """Tell whether a text looks like CoNLL columns: at least half of its rows carry a tag.

    Half, so that a file with a wrong row is still read, and the row named.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches("Paris B-LOC\\n. O\\n"), matches("Paris is a city.\\n")
    (True, False)
    """
    rows = tagged = 0
    for line in head.split("\n"):
        columns = _columns(line)
        if not columns or columns[0] == "-DOCSTART-":
            continue
        # In a line without tabs only the last word counts: any word of running text may be "O".
        candidates = columns[1:] if "\t" in line else columns[1:][-1:]
        if any(_is_tag(column) for column in candidates):
            tagged += 1
        elif line.startswith("#"):
            continue
        rows += 1
    return tagged * 2 >= rows > 0


def read(
    path: Path, *, word_column: int = 0, tag_column: int = -1, segmentation_digits: bool = False
) -> Iterator[Record | Row | BadRecord]:
    """Read the sentences of a CoNLL file.

    Columns are separated by tabs or, in a line without a tab, by blanks (U+0020). A blank line or a `-DOCSTART-` line
    ends a sentence. A line that starts with `#` and has no valid tag is a comment: tweets
    have words like `#photography`, which do have one.

    Args:
        path (`Path`): The file, in UTF-8.
        word_column (`int`, *optional*, defaults to 0): The column of the word, counted from 0.
        tag_column (`int`, *optional*, defaults to `-1`): The column of the tag, counted from 0, or from the end when
            negative.
        segmentation_digits (`bool`, *optional*, defaults to `False`): Take away the digit at the end of every word,
            the position of a character in its word, as the Weibo NER corpus has it.

    Returns:
        `Iterator[Row | BadRecord]`: Rows of `tokens` and `ner_tags`, tags as strings in the scheme of the file; bad
        is a sentence with a line that has no such column, no tag of any scheme there, or no digit where there shall
        be one, and one whose words count 1, 2, 3.

    Raises:
        CfgenError: The file is not UTF-8, its lines end in `"\\r"` alone, or a column is none.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.conll")
    >>> _ = path.write_text("# newsgroup 7\\nParis\\tB-LOC\\n.\\tO\\n\\n#travel\\tO\\n")
    >>> [row.columns for row in read(path)]
    [{'tokens': ['Paris', '.'], 'ner_tags': ['B-LOC', 'O']}, {'tokens': ['#travel'], 'ner_tags': ['O']}]
    """
    if not isinstance(word_column, int) or word_column < 0:
        raise CfgenError(f"word_column is {word_column!r}: give an integer of at least 0")
    if not isinstance(tag_column, int) or tag_column == word_column:
        raise CfgenError(f"tag_column is {tag_column!r}: give an integer other than {word_column}, the word's column")

    options: dict[str, Any] = {
        "word_column": word_column,
        "tag_column": tag_column,
        "segmentation_digits": segmentation_digits,
    }
    return parse_each(_blocks(path), partial(_parse_block, **options))


def write(
    rows: Iterable[Row],
    path: Path,
    like: Path,
    *,
    word_column: int = 0,
    tag_column: int = -1,
    segmentation_digits: bool = False,
    sources: Sequence[Path] = (),
) -> None:
    """Write sentences as CoNLL, in as many columns as a file of the same kind has.

    Args:
        rows (`Iterable[Row]`): The sentences, tags as strings.
        path (`Path`): The file to write.
        like (`Path`): A file of the same format, whose number of columns and separator are taken.
        word_column (`int`, *optional*, defaults to 0): See `read`.
        tag_column (`int`, *optional*, defaults to `-1`): See `read`.
        segmentation_digits (`bool`, *optional*, defaults to `False`): Put a `0` after every word.
        sources (`Sequence[Path]`, *optional*): Files to take the lines of a sentence from as they are, where they have
            it. In other sentences the columns besides the word's and the tag's, which a swap makes false, are `_`.
    """
    options: dict[str, Any] = {
        "word_column": word_column,
        "tag_column": tag_column,
        "segmentation_digits": segmentation_digits,
    }
    known = {}
    for source in sources:
        for where, block in _blocks(source):
            for row in parse_each([(where, block)], partial(_parse_block, **options)):
                if isinstance(row, Row):
                    known[_key(row)] = "\n".join(line.removesuffix("\r") for line in block.split("\n"))
    first = next((block for _, block in _blocks(like)), "")
    columns = max(len(_columns(line)) for line in first.split("\n"))
    width = max(columns, word_column + 1, tag_column + 1, 1 - tag_column)
    separator = " " if first and "\t" not in first else "\t"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, row in enumerate(rows):
            tokens = row.columns["tokens"]
            if number == 0 and tokens[0].startswith("\ufeff") and word_column == 0:
                file.write("\ufeff")  # else the word's own would be read as the file's byte-order mark
            if (lines := known.get(_key(row))) is not None:
                file.write(f"{lines}\n\n")
                continue
            for token, tag in zip(tokens, row.columns["ner_tags"]):
                cells = ["_"] * width
                cells[word_column], cells[tag_column] = f"{token}0" if segmentation_digits else token, tag
                # an empty cell, or one with a blank, is none where blanks separate
                file.write(("\t" if any(not cell or " " in cell for cell in cells) else separator).join(cells) + "\n")
            file.write("\n")


def _key(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(row.columns["tokens"]), tuple(row.columns["ner_tags"])


def _parse_block(where: str, block: str, word_column: int, tag_column: int, segmentation_digits: bool) -> list[Row]:
    file, _, first = where.rpartition(":")
    tokens, tags = [], []
    for number, line in enumerate(block.split("\n"), start=int(first)):
        parsed = _parse_line(f"{file}:{number}", line, word_column, tag_column, segmentation_digits)
        if parsed is not None:
            tokens.append(parsed[0])
            tags.append(parsed[1])
    if len(tokens) > 2 and tokens == [str(number) for number in range(1, len(tokens) + 1)]:
        raise CfgenError(f"{where}: the words are 1, 2, 3 and so on: name the column of the words (word_column)")
    return [Row(where, {"tokens": tokens, "ner_tags": tags})] if tokens else []


def _blocks(path: Path) -> Iterator[tuple[str, str]]:
    block: list[str] = []
    text = read_text(path)
    if "\r" in text and "\n" not in text:
        raise CfgenError(f"{path}: lines end in a carriage return alone: convert them, with tr '\\r' '\\n'")
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        columns = _columns(line)
        if columns and columns[0] != "-DOCSTART-":
            block.append(line)
        elif block:
            yield f"{path}:{number - len(block)}", "\n".join(block)
            block = []


def _parse_line(
    where: str, line: str, word_column: int, tag_column: int, segmentation_digits: bool
) -> tuple[str, str] | None:
    columns = _columns(line)
    index = tag_column if tag_column >= 0 else len(columns) + tag_column
    # Blanks at the end of a line are invisible: they must not make a new entity type.
    tag = columns[index].strip(" ") if 0 <= index < len(columns) and index != word_column < len(columns) else None
    if tag is None or not _is_tag(tag):
        if line.startswith("#"):
            return None
        if tag is None:
            given = f"{len(columns)} column(s) in {line.removesuffix(chr(13))[:80]!r}"
            raise CfgenError(
                f"{where}: {given}, and tag_column is {tag_column}{' (the last)' * (tag_column == -1)}: a row is a "
                "word, a tab or blanks, and in the tag's column a tag; correct the row or set tag_column"
            )
        raise CfgenError(
            f"{where}: {tag!r} is no tag: 'O' or PREFIX-LABEL, such as B-PER, is allowed; correct the row "
            "or set tag_column"
        )
    word = columns[word_column]
    if segmentation_digits:
        if len(word) < 2 or word[-1] not in "0123456789":
            raise CfgenError(f"{where}: {word!r} has no segmentation digit: add it or leave out segmentation_digits")
        word = word[:-1]
    return word, tag


def _columns(line: str) -> list[str]:
    # Neither str.split() nor str.strip(): words may be or hold blanks of Unicode other than these.
    line = line.removesuffix("\r")
    if not line.strip(" \t"):
        return []
    return line.split("\t") if "\t" in line else [column for column in line.split(" ") if column]


@cache
def _is_tag(tag: str) -> bool:
    try:
        split_tag(tag)
    except CfgenError:
        return False
    return True
