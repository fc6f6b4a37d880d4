"""brat standoff: a document's text in a `.txt` file, and its mentions in the `.ann` file of the same name beside it.

Every line of the text that is not blank is a sentence. Offsets are code points over the whole `.txt` file, as it is:
a byte-order mark at its beginning counts, and the `"\\r"` of a line's end.
"""

import logging
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import CfgenError
from ...tagging.spans import Span
from ..splits import _NO_DATA, split_of
from .records import BadRecord, Record, Row, checked_span
from .text_files import read_text

logger = logging.getLogger(__name__)

_LAYOUT = "T1<tab>Type start end<tab>text"

_MENTION = re.compile(r"T\S*\t(\S+) ([0-9]{1,15} [0-9]{1,15}(?:;[0-9]{1,15} [0-9]{1,15})*)\t(.*)")

# relations, events, attributes (two), normalizations, notes and equivalences
_NO_MENTION = re.compile(r"[REAMN][0-9]|[#*]")

_HEAD = re.compile(r"T[0-9]+\t\S+ [0-9]+ [0-9]+[^\t]*\t|([REAMN][0-9]+|#[0-9]+|\*)\t(\S+ \S|\S+:T[0-9])")


def matches(head: str) -> bool:
    """Tell whether a text looks like a `.ann` file, by its first line that is not blank.

    Args:
        head (`str`): The beginning of the file.

    Returns:
        `bool`: Whether `read` is the reader for it.

    Example:

    >>> matches("T1\\tLOC 0 5\\tParis\\n"), matches("T1\\tB-LOC\\n")
    (True, False)
    """
    line = next((line for line in head.split("\n") if line.strip()), "")
    return _HEAD.match(line) is not None


def documents(folder: Path) -> dict[str, list[Path]] | None:
    """Find the documents of a folder, or of its subfolders that are named after splits.

    Args:
        folder (`Path`): The folder.

    Returns:
        `dict[str, list[Path]]` or `None`: By split, its `.ann` files in the order of their names. Those that lie in
        the folder itself are train, but where every one is named after a split, they are that. `None` where there are
        none. Texts without annotations beside others are left out, with a warning, and so are files of
        other kinds but READMEs, settings (`.conf`) and the like.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.ann", "b.txt", "a.ann", "a.txt"):
    ...     (folder / name).touch()
    >>> {split: [file.name for file in files] for split, files in documents(folder).items()}
    {'train': ['a.ann', 'b.ann']}
    """
    groups: dict[str, list[Path]] = {}
    if files := _annotations(folder):
        splits = [split_of(file.name, folder) for file in files]
        for file, split in zip(files, splits):
            groups.setdefault(split if split and all(splits) else "train", []).append(file)
        folders = [folder]
    else:
        annotated = {inner: _annotations(inner) for inner in sorted(folder.iterdir()) if inner.is_dir()}
        splits = [split_of(inner.name, folder) if found else None for inner, found in annotated.items()]
        folders = [inner for inner, split in zip(annotated, splits) if split]
        for (_, found), split in zip(annotated.items(), splits):
            if split:
                groups.setdefault(split, []).extend(found)
        others = [inner.name for inner, found in annotated.items() if found and inner not in folders]
        if groups and others:
            logger.warning("%s: left out, being named after no split: %s", folder, ", ".join(others))
    texts = [text for inner in folders for text in _files(inner, ".txt") if not text.with_suffix(".ann").is_file()]
    if texts:
        logger.warning("%s: %d text(s) without a .ann beside left out, such as %s", folder, len(texts), texts[0].name)
    if left_out := [str(file.relative_to(folder)) for inner in folders for file in _other_data(inner)]:
        names = ", ".join(left_out[:10]) + (f" and {len(left_out) - 10} more" if len(left_out) > 10 else "")
        logger.warning("%s: left out, being no documents of brat: %s", folder, names)
    return groups or None


def annotation_file(path: Path) -> Path | None:
    """The annotations of a document, of which one of its two files was given.

    Args:
        path (`Path`): A file.

    Returns:
        `Path` or `None`: The `.ann` file; `None` where the path is neither that nor a `.txt` with one beside it.

    Example:

    >>> annotation_file(Path("notes.ann")), annotation_file(Path("no-notes.txt"))
    (PosixPath('notes.ann'), None)
    """
    if path.suffix == ".ann":
        return path
    beside = path.with_suffix(".ann")
    return beside if path.suffix == ".txt" and beside.is_file() else None


def read(path: Path) -> Iterator[Record | Row | BadRecord]:
    """Read the sentences of a document.

    Relations, events, attributes, normalizations, notes and equivalences are passed over.

    Args:
        path (`Path`): The `.ann` file, in UTF-8; it may be empty.

    Returns:
        `Iterator[Record | BadRecord]`: The sentences. Bad is one with a mention that can't be used: it is in several
        pieces, reaches over the line's end, is empty, or its text is another. Where it can't be told which sentence a
        mention is in, the document is one bad record.

    Raises:
        CfgenError: A file is not UTF-8, or there is no `.txt` file.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "notes.ann")
    >>> _ = path.write_text("T1\\tPER 8 10\\tAl\\n")
    >>> _ = path.with_suffix(".txt").write_text("Bo ran.\\nAl sat.\\n")
    >>> [(record.text, record.spans) for record in read(path)]
    [('Bo ran.', []), ('Al sat.', [Span(start=0, end=2, label='PER')])]
    """
    text_path = path.with_suffix(".txt")
    if not text_path.is_file():
        raise CfgenError(f"{path} has no {text_path} beside it: put the document's text there, or leave the .ann out")
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
            yield Record(f"{text_path}:{place + 1}{begin}", line.text, spans[place])


def write(records: Iterable[Record], path: Path, like: Path) -> None:
    """Write records as a document, a line each.

    Args:
        records (`Iterable[Record]`): The records.
        path (`Path`): The `.ann` file to write; the `.txt` file goes beside it.
        like (`Path`): A file of the same format; not looked at, the format has one layout.

    Raises:
        CfgenError: A text holds a line break, or an entity type a blank.
    """
    lines: list[str] = []
    mentions: list[str] = []
    position = 0
    for where, sentence, spans in records:
        if "\n" in sentence:
            raise CfgenError(f"{where}: a line break in {sentence[:80]!r}: a sentence is a line in brat; take it out")
        if not lines and sentence.startswith("\ufeff"):
            lines.append("\ufeff")  # else the sentence's own would be read as the file's byte-order mark
            position = 1
        for start, end, label in spans:
            if not re.fullmatch(r"\S+", label):
                raise CfgenError(f"{where}: entity type {label!r} holds a blank, which brat does not allow: rename it")
            number = len(mentions) + 1
            mentions.append(f"T{number}\t{label} {position + start} {position + end}\t{sentence[start:end]}\n")
        # Of a line's end "\r" is no part of the sentence, so that one which ends so itself needs another.
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
    """Which lines of the text a mention is about; none where that can't be told."""
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
    """The mention over the one line that it is about."""
    parsed = _MENTION.fullmatch(given)
    if parsed is None:
        raise CfgenError(f"{where}: {given[:80]!r} is no mention: write {_LAYOUT}, offsets in characters from 0")
    label, offsets, form = parsed.groups()
    shown = f"{label} [{offsets.replace(' ', ':')}]"
    if ";" in offsets:
        raise CfgenError(
            f"{where}: {shown} is in several pieces, which tags can't hold: give it one start and one end"
        )
    start, end = map(int, offsets.split())
    checked_span(where, raw, start, end, label)
    line, text = about[0]
    if start < line or end > line + len(text):
        raise CfgenError(
            f"{where}: {shown} reaches over a line's end, and every line of {text_path} is a sentence: correct the "
            "offsets, or join the lines"
        )
    if not text.strip():
        raise CfgenError(f"{where}: {shown} is in a blank line: remove it")
    # A mention may end with "\r" itself, and so may a line of the annotations.
    checked_span(where, raw, start, end, label, form if form == raw[start:end] else form.removesuffix("\r"))
    return Span(start - line, end - line, label)


def _annotations(folder: Path) -> list[Path]:
    return _files(folder, ".ann")


def _other_data(folder: Path) -> list[Path]:
    files = (file for file in folder.iterdir() if file.suffix not in (".ann", ".txt", ".conf"))
    return sorted(file for file in files if file.is_file() and not _NO_DATA.fullmatch(file.name.lower()))


def _files(folder: Path, suffix: str) -> list[Path]:
    files = (file for file in folder.iterdir() if file.suffix == suffix and not file.name.startswith("."))
    return sorted(file for file in files if file.is_file())
