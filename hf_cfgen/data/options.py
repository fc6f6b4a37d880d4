"""How labeled data is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CfgenError


@dataclass(kw_only=True)
class ReadOptions:
    """How data is read; see `load_ner_dataset`.

    Args:
        format (`str`, *optional*, defaults to `"auto"`): The files' format.
        scheme (`str`, *optional*): The tagging scheme; detected where it is not named.
        types (`list[str]`, *optional*): The entity types to keep; all where it is not given.
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The column of tokens.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The column of tags.
        word_column (`int`, *optional*): The column of the word in CoNLL files, from 0; 0 where it is not given.
        tag_column (`int`, *optional*): The column of the tag in CoNLL files, from 0; the last where it is not given.
        segmentation_digits (`bool`, *optional*, defaults to `False`): CoNLL words end in a segmentation digit.
        tag_names (`list[str]`, *optional*): The tags that integers without names stand for, from 0.
        label_map (`list[str]`, *optional*): New names of entity types, each `OLD=NEW`; `OLD=O` takes them away.
        offsets (`str`, *optional*): What doccano's and Label Studio's offsets count, `"characters"` or `"utf16"`.
        tokenization (`str`, *optional*, defaults to `"auto"`): `"characters"` or `"words"`, for text and spans.
        max_length (`int`, *optional*): Split texts of more tokens at sentence ends.
        skip_bad_records (`bool`, *optional*, defaults to `False`): Leave out records that can't be used, and write
            them with the reason to a file beside the output, instead of ending with an error.
    """

    format: str = field(default="auto", metadata={"help": "The files' format; auto looks at their content."})
    scheme: str | None = field(default=None, metadata={"help": "The tagging scheme; detected if not named."})
    types: list[str] | None = field(default=None, metadata={"help": "The entity types to keep."})
    tokens_column: str = field(default="tokens", metadata={"help": "The column of tokens."})
    tags_column: str = field(default="ner_tags", metadata={"help": "The column of tags."})
    word_column: int | None = field(default=None, metadata={"help": "The word's column in CoNLL files, from 0."})
    tag_column: int | None = field(default=None, metadata={"help": "The tag's column in CoNLL files, from 0."})
    segmentation_digits: bool = field(default=False, metadata={"help": "CoNLL words end in a segmentation digit."})
    tag_names: list[str] | None = field(default=None, metadata={"help": "Tags that integers stand for, from 0."})
    label_map: list[str] | None = field(default=None, metadata={"help": "New names of types, OLD=NEW ..."})
    offsets: str | None = field(default=None, metadata={"help": "What offsets count: characters or utf16."})
    tokenization: str = field(default="auto", metadata={"help": "auto, characters or words, for text with spans."})
    max_length: int | None = field(default=None, metadata={"help": "Split texts of more tokens at sentence ends."})
    skip_bad_records: bool = field(default=False, metadata={"help": "Write bad records to a file and go on."})

    def read_options(self) -> dict[str, Any]:
        """The same as keyword arguments of `hf_cfgen.data.read_splits`.

        Raises:
            CfgenError: An item of `label_map` is not `OLD=NEW`.
        """
        options: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                *("format", "scheme", "types", "tokens_column", "tags_column", "tag_names", "tokenization"),
                *("max_length", "skip_bad_records"),
            )
        }
        options["label_map"] = parse_map(self.label_map)
        for name in ("word_column", "tag_column", "offsets"):
            if getattr(self, name) is not None:
                options[name] = getattr(self, name)
        if self.segmentation_digits:
            options["segmentation_digits"] = True
        return options


def parse_map(items: Sequence[str] | None, option: str = "label_map") -> dict[str, str] | None:
    """Read `OLD=NEW` items.

    Args:
        items (`Sequence[str]`, *optional*): The items.
        option (`str`, *optional*, defaults to `"label_map"`): The name of the option, for messages.

    Returns:
        `dict[str, str]` or `None`: NEW by OLD; `None` where none is given.

    Raises:
        CfgenError: An item has no `=`, or an OLD or NEW is missing or given twice.

    Example:

    >>> parse_map(["PER=person", "MISC=O"])
    {'PER': 'person', 'MISC': 'O'}
    """
    if items is None:
        return None
    parsed: dict[str, str] = {}
    for item in items:
        old, equals, new = item.partition("=")
        if not (old and equals and new) or old in parsed:
            raise CfgenError(f"--{option} {item!r}: give each name once, as in OLD=NEW")
        parsed[old] = new
    return parsed
