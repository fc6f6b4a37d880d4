"""Options that the commands share: how data is read, and which tagger is trained."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CfgenError


@dataclass(kw_only=True)
class DataArguments:
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


@dataclass(kw_only=True)
class ModelArguments:
    """Which tagger is trained.

    Args:
        model (`str`, *optional*, defaults to `"lstm"`): `"lstm"`, `"lstm-paper"` (2 layers of 512 units), or the
            folder or Hub name of a pretrained transformer.
        num_layers (`int`, *optional*): Layers of the LSTM, or the first layers of the transformer to keep.
        hidden_size (`int`, *optional*): Units of the LSTM in each direction.
        dropout (`float`, *optional*): Dropout of the LSTM.
        vectors (`str`, *optional*): Pretrained vectors for the LSTM.
        freeze_embeddings (`bool`, *optional*, defaults to `True`): Whether pretrained vectors stay as they are.
    """

    model: str = field(
        default="lstm", metadata={"help": "lstm, lstm-paper (2x512), or a pretrained transformer's folder or name."}
    )
    num_layers: int | None = field(default=None, metadata={"help": "LSTM layers, or first layers to keep."})
    hidden_size: int | None = field(default=None, metadata={"help": "Units of the LSTM in each direction."})
    dropout: float | None = field(default=None, metadata={"help": "Dropout of the LSTM."})
    vectors: str | None = field(default=None, metadata={"help": "Pretrained vectors: word2vec text or binary, npz."})
    freeze_embeddings: bool = field(default=True, metadata={"help": "Leave pretrained vectors as they are."})

    def __post_init__(self) -> None:
        for option, low, high in (("hidden_size", 1, 10**5), ("num_layers", 1, 10**3), ("dropout", 0, 0.99)):
            value = getattr(self, option)
            if value is not None and not low <= value <= high:
                raise CfgenError(f"--{option} is {value}: give {low} to {high}")
        if self.is_lstm:
            return
        for option in ("vectors", "hidden_size", "dropout"):
            if getattr(self, option) is not None:
                raise CfgenError(f"--{option} is of the LSTM; {self.model!r} takes --num_layers only")

    @property
    def is_lstm(self) -> bool:
        """Whether the model is an LSTMTagger."""
        return self.model in ("lstm", "lstm-paper")


def parse_map(items: Sequence[str] | None) -> dict[str, str] | None:
    """Read `OLD=NEW` items.

    Args:
        items (`Sequence[str]`, *optional*): The items.

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
            raise CfgenError(f"--label_map {item!r}: give each name once, as in OLD=NEW")
        parsed[old] = new
    return parsed


def base_name(value: str) -> str:
    """A name that may be told: of a path on this machine its last part, of anything else all of it.

    Args:
        value (`str`): A path, a Hub name, any text.

    Returns:
        `str`: The name.

    Example:

    >>> base_name("/data/ward-3/cner/"), base_name("bert-base-chinese"), base_name("demo:en")
    ('cner', 'bert-base-chinese', 'demo:en')
    """
    path = Path(value).expanduser()
    local = path.is_absolute() or value.startswith(".") or path.exists()
    return Path(os.path.abspath(path)).name if local else value


def command_line(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The options that differ from their defaults, as they would stand on the command line, without folders.

    Args:
        options (`Mapping[str, Any]`): Values of options by their names.
        defaults (`Mapping[str, Any]`): The same of the defaults; an option that is not there has none.

    Returns:
        `str`: The options; paths as `base_name` has them.

    Example:

    >>> given = {"dataset": "/data/my set", "k": 5, "types": ["PER", "LOC"], "pool": True}
    >>> command_line(given, {"k": 5, "pool": False})
    "--dataset 'my set' --types PER LOC --pool true"
    """
    parts = []
    for name, value in options.items():
        if value is None or (name in defaults and defaults[name] == value):
            continue
        items = value if isinstance(value, list) else [value]
        parts += [f"--{name}", *(shlex.quote(_written(item)) for item in items)]
    return " ".join(parts)


def _written(value: Any) -> str:
    return base_name(value) if isinstance(value, str) else json.dumps(value)
