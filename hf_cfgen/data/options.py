"""Options to read and split labeled data."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ..tagging.spans import check_scheme


@dataclass(kw_only=True)
class ReadOptions:
    """Set how to read data; see `load_ner_dataset`.

    Args:
        format (`str`, *optional*, defaults to `"auto"`): The format of the files, or the import path of a `Format`.
            `"auto"` detects it.
        scheme (`str`, *optional*): The tagging scheme. Detected if omitted.
        types (`list[str]`, *optional*): The entity types to keep. Defaults to all.
        tokens_column (`str`, *optional*, defaults to `"tokens"`): The column of tokens.
        tags_column (`str`, *optional*, defaults to `"ner_tags"`): The column of tags.
        word_column (`int`, *optional*): The column of the word in CoNLL files, from 0. Defaults to the first.
        tag_column (`int`, *optional*): The column of the tag in CoNLL files, from 0. Defaults to the last.
        segmentation_digits (`bool`, *optional*, defaults to `False`): CoNLL words end in a segmentation digit.
        tag_names (`list[str]`, *optional*): The tags that integers without names represent, from 0.
        label_map (`dict[str, str]`, *optional*): New names of the data's entity types. `"O"` removes a type.
        offsets (`str`, *optional*, defaults to `"auto"`): The unit of doccano and Label Studio offsets.
        tokenization (`str`, *optional*, defaults to `"auto"`): The tokens of formats of text and spans.
        max_length (`int`, *optional*): Split texts of more tokens at sentence ends.
        skip_bad_records (`bool`, *optional*, defaults to `False`): Skip unusable records, and write them with the
            reason to a file next to the output.

    Raises:
        CfgenError: The scheme is unknown.
    """

    format: str = field(
        default="auto",
        metadata={
            "help": "format of the files: auto, brat, ccks, cluener, conll, csv, doccano, json, label_studio, "
            "parquet, spacy, or the import path of your own, my_module:MyFormat"
        },
    )
    scheme: str | None = field(
        default=None, metadata={"help": "tagging scheme: IOB1, IOB2, BIOES, BILOU, BMES, BMEWO; detected if omitted"}
    )
    types: list[str] | None = field(default=None, metadata={"help": "entity types to keep"})
    tokens_column: str = field(default="tokens", metadata={"help": "column of tokens"})
    tags_column: str = field(default="ner_tags", metadata={"help": "column of tags"})
    word_column: int | None = field(default=None, metadata={"help": "column of the word in CoNLL files, from 0"})
    tag_column: int | None = field(default=None, metadata={"help": "column of the tag in CoNLL files, from 0"})
    segmentation_digits: bool = field(default=False, metadata={"help": "CoNLL words end in a segmentation digit"})
    tag_names: list[str] | None = field(default=None, metadata={"help": "tags that integers stand for, from 0"})
    label_map: dict[str, str] | None = field(
        default=None, metadata={"help": "new names of the data's types; TYPE=O removes one"}
    )
    offsets: Literal["auto", "characters", "utf16"] = field(default="auto", metadata={"help": "what offsets count"})
    tokenization: Literal["auto", "characters", "words"] = field(
        default="auto", metadata={"help": "tokens of text with spans"}
    )
    max_length: int | None = field(default=None, metadata={"help": "split texts of more tokens at sentence ends"})
    skip_bad_records: bool = field(
        default=False, metadata={"help": "write bad records to a file next to the output, and go on"}
    )

    def __post_init__(self) -> None:
        if self.scheme is not None:
            check_scheme(self.scheme)

    def read_options(self) -> dict[str, Any]:
        """Return the options as keyword arguments of `hf_cfgen.data.reading.read_splits`."""
        names = "format", "scheme", "types", "tokens_column", "tags_column", "tag_names", "label_map", "tokenization"
        options = {name: getattr(self, name) for name in (*names, "max_length", "skip_bad_records")}
        # only some readers accept these
        columns = {name: getattr(self, name) for name in ("word_column", "tag_column")}
        options |= {name: column for name, column in columns.items() if column is not None}
        if self.offsets != "auto":
            options["offsets"] = self.offsets
        if self.segmentation_digits:
            options["segmentation_digits"] = True
        return options


@dataclass(kw_only=True)
class SplitOptions:
    """Set how to split data; see `load_ner_dataset`.

    Args:
        num_train_examples (`int`, *optional*): The number of train examples. Defaults to all.
        pool (`bool`, *optional*, defaults to `False`): Pool all splits, and split again by `split_sizes`.
        split_sizes (`tuple[int, int, int]`, *optional*): With `pool`, the sizes of train, dev, and test.
        split_seed (`int`, *optional*, defaults to 42): The seed of the splits.
    """

    num_train_examples: int | None = field(default=None, metadata={"help": "number of train examples"})
    pool: bool = field(default=False, metadata={"help": "pool all splits, and cut them anew by --split_sizes"})
    split_sizes: tuple[int, int, int] | None = field(
        default=None, metadata={"help": "sizes of train, dev and test: 800,100,100"}
    )
    split_seed: int = field(default=42, metadata={"help": "seed of the splits"})
