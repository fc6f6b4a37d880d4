"""The brat standoff format.

Every line of a text that is not blank is a sentence. Offsets are code points over the whole `.txt` file, including a
byte-order mark at its start and the `"\\r"` of line ends.
"""

import logging
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import CfgenError
from ...tagging.spans import Span
from ..splits import is_document, split_of
from .base import Format
from .records import BadRecord, TextRecord, checked_span
from .text_files import read_text

logger = logging.getLogger(__name__)

_LAYOUT = "T1<tab>Type start end<tab>text"

_MENTION = re.compile(r"T\S*\t(\S+) ([0-9]{1,15} [0-9]{1,15}(?:;[0-9]{1,15} [0-9]{1,15})*)\t(.*)")

# relations, events, attributes (two), normalizations, notes and equivalences
_NO_MENTION = re.compile(r"[REAMN][0-9]|[#*]")

_HEAD = re.compile(r"T[0-9]+\t\S+ [0-9]+ [0-9]+[^\t]*\t|([REAMN][0-9]+|#[0-9]+|\*)\t(\S+ \S|\S+:T[0-9])")


class Brat(Format[TextRecord]):
    """brat standoff: the text of a document in a `.txt` file, and its mentions in the `.ann` file of the same name.

    The records are sentences. Relations, events, attributes, normalizations, notes, and equivalences are skipped. A
    sentence is bad if one of its mentions is. If a mention shows no sentence, the document is one bad record.
    """

    name = "brat"
    endings = (".ann",)

    def detect(self, head: str) -> bool:
        line = next((line for line in head.split("\n") if line.strip()), "")
        return _HEAD.match(line) is not None

    def find(self, path: Path) -> dict[str, list[Path]] | None:
        """Find the `.ann` file of a document, or all of a folder or of its subfolders that are named after splits.

        Files of a folder are the train split, unless all are named after a split.
        """
        if path.is_dir():
            return _documents(path)
        annotations = path.with_suffix(".ann")
        return {"train": [annotations]} if path.suffix in (".ann", ".txt") and annotations.is_file() else None

    def read(self, path: Path) -> Iterator[TextRecord | BadRecord]:
        if path.suffix != ".ann":
            raise CfgenError(
                f"{path} is not a brat document: give a .ann file with its .txt file, or a folder of them"
            )
        text_path = path.with_suffix(".txt")
        if not text_path.is_file():
            raise CfgenError(f"{path} has no text file {text_path}: add the text file, or remove the .ann file")
        mark = "\ufeff" if text_path.read_bytes().startswith(b"\xef\xbb\xbf") else ""
        raw = mark + read_text(text_path)
        lines = _lines(raw, len(mark))
        starts = [line.start for line in lines]
        spans: list[list[Span]] = [[] for _ in lines]
        bad: dict[int, BadRecord] = {}
        for number, given in enumerate(read_text(path).split("\n"), start=1):
            if not given.strip() or _NO_MENTION.match(given):
                continue
            where = f"{path}:{number}"
            about = _lines_about(given, len(raw), starts)
            try:
                span = _mention(where, given, raw, text_path, [lines[place] for place in about])
            except CfgenError as error:
                if not about:
                    yield BadRecord(where, str(error), {"text": raw, "annotation": given})
                    return
                for place in [place for place in about if lines[place].text.strip()] or about[:1]:
                    record = {"text": lines[place].text, "annotation": given}
                    bad.setdefault(place, BadRecord(where, str(error), record))
            else:
                spans[about[0]].append(span)
        for place, line in enumerate(lines):
            if place in bad:
                yield bad[place]
            elif line.text.strip():
                begin = f" (from offset {line.start})" if line.start > len(mark) else ""
                yield TextRecord(f"{text_path}:{place + 1}{begin}", line.text, spans[place])

    def write(self, records: Iterable[TextRecord], path: Path, sources: Sequence[Path]) -> None:
        """Write one document, a line per record: a `.ann` file with its `.txt` file."""
        lines: list[str] = []
        mentions: list[str] = []
        position = 0
        for where, sentence, spans in records:
            if "\n" in sentence:
                raise CfgenError(f"{where}: a line break in {sentence[:80]!r}: in brat a sentence is one line")
            if not lines and sentence.startswith("\ufeff"):
                lines.append("\ufeff")  # otherwise the sentence's own would be read as the file's byte-order mark
                position = 1
            for start, end, label in spans:
                if not re.fullmatch(r"\S+", label):
                    raise CfgenError(f"{where}: entity type {label!r} has a space, which brat cannot hold: rename it")
                place = f"{label} {position + start} {position + end}"
                mentions.append(f"T{len(mentions) + 1}\t{place}\t{sentence[start:end]}\n")
            # the "\r" of a line end is not part of the sentence, so a sentence that ends in one needs another
            lines.append(sentence + ("\r\n" if sentence.endswith("\r") else "\n"))
            position += len(lines[-1])
        path.with_suffix(".txt").write_bytes("".join(lines).encode())
        path.write_bytes("".join(mentions).encode())


class _Line(NamedTuple):
    start: int
    text: str


def _lines(raw: str, start: int) -> list[_Line]:
    lines = []
    for text in raw[start:].split("\n"):
        lines.append(_Line(start, text.removesuffix("\r")))
        start += len(text) + 1
    return lines


def _lines_about(given: str, length: int, starts: list[int]) -> list[int]:
    """Return which lines of the text a mention is about. The list is empty if the mention does not show it."""
    parsed = _MENTION.fullmatch(given)
    pieces = [[int(offset) for offset in piece.split()] for piece in parsed[2].split(";")] if parsed else []
    if any(offset > length for piece in pieces for offset in piece):
        return []
    lines: set[int] = set()
    for piece in pieces:
        low, high = min(piece), max(piece)
        first, last = (max(bisect_right(starts, offset) - 1, 0) for offset in (low, max(low, high - 1)))
        lines.update(range(first, last + 1))
    return sorted(lines)


def _mention(where: str, given: str, raw: str, text_path: Path, about: list[_Line]) -> Span:
    """Return a mention over the one line that it is about."""
    parsed = _MENTION.fullmatch(given)
    if parsed is None:
        raise CfgenError(f"{where}: {given[:80]!r} is not a mention: write {_LAYOUT}, offsets in characters from 0")
    label, offsets, form = parsed.groups()
    shown = f"{label} [{offsets.replace(' ', ':')}]"
    if ";" in offsets:
        raise CfgenError(
            f"{where}: {shown} is in several pieces, which tags cannot hold: give it one start and one end"
        )
    start, end = map(int, offsets.split())
    checked_span(where, raw, start, end, label)
    line, text = about[0]
    if start < line or end > line + len(text):
        raise CfgenError(
            f"{where}: {shown} crosses the end of a line, and every line of {text_path} is a sentence: correct the "
            "offsets, or join the lines"
        )
    if not text.strip():
        raise CfgenError(f"{where}: {shown} is in a blank line: remove it")
    # a mention can end with "\r" itself, and so can a line of the annotations
    checked_span(where, raw, start, end, label, form if form == raw[start:end] else form.removesuffix("\r"))
    return Span(start - line, end - line, label)


def _documents(folder: Path) -> dict[str, list[Path]] | None:
    """Return the `.ann` files of a folder by split. Warn about files that are left out."""
    groups: dict[str, list[Path]] = {}
    if files := _files(folder, ".ann"):
        splits = [split_of(file.name, folder) for file in files]
        for file, split in zip(files, splits):
            groups.setdefault(split if split and all(splits) else "train", []).append(file)
        folders = [folder]
    else:
        annotated = {inner: _files(inner, ".ann") for inner in sorted(folder.iterdir()) if inner.is_dir()}
        named = {inner: split_of(inner.name, folder) if files else None for inner, files in annotated.items()}
        for inner, split in named.items():
            if split:
                groups.setdefault(split, []).extend(annotated[inner])
        folders = [inner for inner, split in named.items() if split]
        others = [inner.name for inner, files in annotated.items() if files and not named[inner]]
        if groups and others:
            logger.warning("%s: left out, not named after a split: %s", folder, ", ".join(others))
    texts = [text for inner in folders for text in _files(inner, ".txt") if not text.with_suffix(".ann").is_file()]
    if texts:
        logger.warning("%s: %d text(s) without a .ann beside left out, such as %s", folder, len(texts), texts[0].name)
    data = [file for inner in folders for file in _files(inner) if not is_document(file.name)]
    if other := [str(file.relative_to(folder)) for file in data if file.suffix not in (".ann", ".txt", ".conf")]:
        names = ", ".join(other[:10]) + (f" and {len(other) - 10} more" if len(other) > 10 else "")
        logger.warning("%s: left out, not brat documents: %s", folder, names)
    return groups or None


def _files(folder: Path, suffix: str | None = None) -> list[Path]:
    files = (file for file in folder.iterdir() if suffix in (None, file.suffix) and not file.name.startswith("."))
    return sorted(file for file in files if file.is_file())
