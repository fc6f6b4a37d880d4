"""The base class of file formats, and the registry of formats."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from ...errors import CfgenError
from ...utils.objects import import_object
from .records import BadRecord, TextRecord, WordRecord

TABLES = ("csv", "parquet")  # read by datasets

Labeled = TypeVar("Labeled", TextRecord, WordRecord)


@dataclass
class Format(ABC, Generic[Labeled]):
    """Read and write the files of one format. To add a format, subclass this class and call `register_format`.

    A format with options is a dataclass: its fields are options of `load_ner_dataset`.

    Attributes:
        name (`str`): The name of the format, for `--format` and messages.
        endings (`tuple[str, ...]`, defaults to `()`): The usual endings of its files. A missing file with such an
            ending is reported at once, instead of being looked up on the Hub.
        tokenization (`str`, defaults to `"auto"`): The tokens of its texts: `"characters"`, or `"auto"` to decide for
            each dataset. `"given"` if the files are in words: then the records are `WordRecord`.
        keeps_longest (`bool`, defaults to `False`): Whether of overlapping mentions the longest is kept. Otherwise
            they are an error.
    """

    name: ClassVar[str]
    endings: ClassVar[tuple[str, ...]] = ()
    tokenization: ClassVar[Literal["auto", "characters", "given"]] = "auto"
    keeps_longest: ClassVar[bool] = False

    @abstractmethod
    def detect(self, head: str) -> bool:
        """Check whether a file looks like this format.

        Args:
            head (`str`): The first mebibyte of the file.

        Returns:
            `bool`: Whether it does. Only one format may say so of a file.
        """

    @abstractmethod
    def read(self, path: Path) -> Iterator[Labeled | BadRecord]:
        """Read the records of a file.

        Args:
            path (`Path`): The file.

        Returns:
            `Iterator[TextRecord | WordRecord | BadRecord]`: The records. A `BadRecord` cannot be used, and is an error
                unless the user skips bad records.

        Raises:
            CfgenError: The file cannot be used as a whole.
        """

    @abstractmethod
    def write(self, records: Iterable[Labeled], path: Path, sources: Sequence[Path]) -> None:
        """Write records.

        Args:
            records (`Iterable[TextRecord | WordRecord]`): The records.
            path (`Path`): The file to write.
            sources (`Sequence[Path]`): The files that were read. If the format has several layouts, the new file gets
                that of the first.
        """

    def find(self, path: Path) -> dict[str, list[Path]] | None:
        """Find the files to read, by split, if a record of this format consists of several files.

        Args:
            path (`Path`): A file or folder.

        Returns:
            `dict[str, list[Path]]` or `None`: The files to pass to `read`. `None` if the path has no special layout.
        """
        return None

    def is_unlabeled(self, path: Path) -> bool:
        """Check whether a file is a test split that is published without labels.

        Args:
            path (`Path`): The file.

        Returns:
            `bool`: Whether to leave the file out.
        """
        return False

    def with_options(self, options: Mapping[str, object]) -> Self:
        """Return a copy with other options.

        Args:
            options (`Mapping[str, object]`): The options by name.

        Returns:
            `Format`: The copy.

        Raises:
            CfgenError: The format has no such option, or the value is not allowed.
        """
        known = self.option_names()
        if unknown := [name for name in options if name not in known]:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise CfgenError(f"the {self.name} reader has no option {', '.join(unknown)}: {has}")
        return replace(self, **options)

    def option_names(self) -> list[str]:
        """Return the names of the options."""
        return [field.name for field in fields(self)]


AnyFormat = Format[Any]

_FORMATS: dict[str, AnyFormat] = {}


def register_format(format: AnyFormat) -> None:
    """Add a file format to those that are detected, read, and written.

    Args:
        format (`Format`): The format. It replaces a format of the same name.

    Raises:
        CfgenError: The format is not an instance of a subclass of `Format`, or its name is reserved.
    """
    if not isinstance(format, Format):
        raise CfgenError(f"{format!r} is not a Format: register an instance of a subclass, such as MyFormat()")
    if not getattr(format, "name", "") or format.name in ("auto", *TABLES):
        raise CfgenError(f"{type(format).__name__} needs a name other than auto, {', '.join(TABLES)}")
    _FORMATS[format.name] = format


def registered_formats() -> list[AnyFormat]:
    """Return all registered formats, sorted by name."""
    return [_FORMATS[name] for name in sorted(_FORMATS)]


def format_names() -> list[str]:
    """Return the names of all formats, including tables."""
    return [*sorted(_FORMATS), *TABLES]


def find_format(name: str) -> AnyFormat | None:
    """Return a format by its name, or by the import path of its class.

    Args:
        name (`str`): One of `format_names()`, or an import path such as `"my_module:MyFormat"`.

    Returns:
        `Format` or `None`: The format, or `None` for tables.

    Raises:
        CfgenError: The format is unknown.
    """
    if ":" in name:
        found = import_object(name)()
        register_format(found)
        return found
    if name not in format_names():
        raise CfgenError(f"unknown format {name!r}: choose one of auto, {', '.join(format_names())}")
    return _FORMATS.get(name)
