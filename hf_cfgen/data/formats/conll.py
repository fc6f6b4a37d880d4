"""The CoNLL format."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...errors import CfgenError
from ...tagging.spans import split_tag
from .base import Format
from .records import BadRecord, WordRecord, parse_each
from .text_files import read_text


@dataclass
class Conll(Format[WordRecord]):
    """CoNLL columns: one word and its tag per line, and a blank line after each sentence.

    Columns are separated by tabs or, in a line without a tab, by spaces. A blank line or a `-DOCSTART-` line ends a
    sentence. A line that starts with `#` and has no valid tag is a comment: tweets have words like `#photography`,
    which do have one.

    Args:
        word_column (`int`, *optional*, defaults to 0): The column of the word, from 0.
        tag_column (`int`, *optional*, defaults to -1): The column of the tag, from 0, or from the end if negative.
        segmentation_digits (`bool`, *optional*, defaults to `False`): Whether every word ends in a digit that is
            removed: the position of a character in its word, as in the Weibo NER corpus.
    """

    name = "conll"
    endings = (".bio", ".conll", ".iob", ".tsv", ".txt")
    tokenization = "given"
    word_column: int = 0
    tag_column: int = -1
    segmentation_digits: bool = False

    def __post_init__(self) -> None:
        word, tag = self.word_column, self.tag_column
        if not isinstance(word, int) or word < 0:
            raise CfgenError(f"word_column is {word!r}: give an integer of at least 0")
        if not isinstance(tag, int) or tag == word:
            raise CfgenError(f"tag_column is {tag!r}: give an integer other than {word}, the word's column")

    def detect(self, head: str) -> bool:
        # half of the rows, so that a file with a wrong row is still read, and the row is named
        rows = tagged = 0
        for line in head.split("\n"):
            columns = _columns(line)
            if not columns or columns[0] == "-DOCSTART-":
                continue
            # in a line without tabs only the last word counts: any word of running text can be "O"
            candidates = columns[1:] if "\t" in line else columns[1:][-1:]
            if any(_is_tag(column) for column in candidates):
                tagged += 1
            elif line.startswith("#"):
                continue
            rows += 1
        return tagged * 2 >= rows > 0

    def read(self, path: Path) -> Iterator[WordRecord | BadRecord]:
        return parse_each(_blocks(path), self._parse)

    def write(self, records: Iterable[WordRecord], path: Path, sources: Sequence[Path]) -> None:
        """Write sentences. A sentence of a source keeps its lines; in others, the other columns become `_`."""
        known = {}
        for where, block in (located for source in sources for located in _blocks(source)):
            for record in parse_each([(where, block)], self._parse):
                if isinstance(record, WordRecord):
                    known[_words_and_tags(record)] = block.replace("\r\n", "\n").removesuffix("\r")
        first = next((block for _, block in _blocks(sources[0])), "")
        columns = max(len(_columns(line)) for line in first.split("\n"))
        width = max(columns, self.word_column + 1, self.tag_column + 1, 1 - self.tag_column)
        separator = " " if first and "\t" not in first else "\t"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for number, record in enumerate(records):
                words, tags = sentence = _words_and_tags(record)
                if number == 0 and words[0].startswith("\ufeff") and self.word_column == 0:
                    file.write("\ufeff")  # otherwise the word's own would be read as the file's byte-order mark
                lines = known.get(sentence) or "\n".join(
                    self._line(word, tag, width, separator) for word, tag in zip(words, tags)
                )
                file.write(f"{lines}\n\n")

    def _line(self, word: str, tag: str, width: int, separator: str) -> str:
        cells = ["_"] * width
        cells[self.word_column], cells[self.tag_column] = f"{word}0" if self.segmentation_digits else word, tag
        # spaces cannot separate cells that are empty or contain one
        return ("\t" if any(not cell or " " in cell for cell in cells) else separator).join(cells)

    def _parse(self, where: str, block: str) -> list[WordRecord]:
        file, _, first = where.rpartition(":")
        lines = enumerate(block.split("\n"), start=int(first))
        rows = [row for number, line in lines if (row := self._parse_line(f"{file}:{number}", line))]
        tokens, tags = [word for word, _ in rows], [tag for _, tag in rows]
        if len(tokens) > 2 and tokens == [str(number) for number in range(1, len(tokens) + 1)]:
            raise CfgenError(f"{where}: the words are 1, 2, 3 and so on: name the column of the words (word_column)")
        return [WordRecord(where, {"tokens": tokens, "ner_tags": tags})] if rows else []

    def _parse_line(self, where: str, line: str) -> tuple[str, str] | None:
        columns = _columns(line)
        index = self.tag_column if self.tag_column >= 0 else len(columns) + self.tag_column
        has_tag = 0 <= index < len(columns) and index != self.word_column < len(columns)
        # spaces at the end of a line are invisible: they must not make a new entity type
        tag = columns[index].strip(" ") if has_tag else ""
        if not _is_tag(tag):
            if line.startswith("#"):
                return None
            if not has_tag:
                last = " (the last)" * (self.tag_column == -1)
                raise CfgenError(
                    f"{where}: {len(columns)} column(s) in {line.removesuffix(chr(13))[:80]!r}, and tag_column is "
                    f"{self.tag_column}{last}: a row is a word, a tab or spaces, and in the tag's column a tag; "
                    "correct the row or set tag_column"
                )
            raise CfgenError(
                f"{where}: {tag!r} is not a tag: 'O' or PREFIX-LABEL, such as B-PER, is allowed; correct the row or "
                "set tag_column"
            )
        word = columns[self.word_column]
        if self.segmentation_digits:
            if len(word) < 2 or word[-1] not in "0123456789":
                raise CfgenError(
                    f"{where}: {word!r} has no segmentation digit: add it or leave out segmentation_digits"
                )
            word = word[:-1]
        return word, tag


def _words_and_tags(record: WordRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(record.columns["tokens"]), tuple(record.columns["ner_tags"])


def _blocks(path: Path) -> Iterator[tuple[str, str]]:
    """Return the location of each sentence and its lines."""
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


def _columns(line: str) -> list[str]:
    # neither str.split() nor str.strip(): words can be or contain other whitespace of Unicode
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
