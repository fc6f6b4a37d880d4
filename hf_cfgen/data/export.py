"""Write rows in their source format, with text rebuilt from the tokens."""

import csv
import json
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, Features, LargeList, List

from ..errors import CfgenError
from ..tagging.spans import Span, tags_to_spans
from ..utils.files import write_json_lines
from .columns import tag_column
from .formats.detection import READERS
from .formats.records import Record, Row
from .formats.text_files import read_text
from .reading import Source, read_splits
from .segmentation import default_gap, gaps_between, join_tokens, token_offsets

Form = tuple[str, tuple[str, ...]]  # a surface form: its type and its tokens


def write_rows(path: Path, rows: Dataset, source: Source, split: str, read_options: Mapping[str, Any]) -> Path:
    """Write observational and counterfactual rows in their source format, and verify the result.

    Args:
        path (`Path`): The file to write. For brat, an existing folder for `augmented.ann` and
            `augmented.txt`.
        rows (`Dataset`): Rows of the split, with the counterfactual columns.
        source (`Source`): The source of the split.
        split (`str`): The name of the split.
        read_options (`Mapping[str, Any]`): The options of `read_splits` for the source.

    Returns:
        `Path`: The written file.

    Raises:
        CfgenError: The format can't represent these rows.
        RuntimeError: Reading the file gives different rows, which is a bug.
    """
    path = path / "augmented.ann" if source.format == "brat" else path
    like = source.files[split][0]
    tags = tag_column(rows)
    if source.texts is not None:
        assert source.format is not None
        options = {"offsets": read_options["offsets"]} if "offsets" in read_options else {}
        READERS[source.format].write(_records(rows, tags, source, split), path, like, **options)
    elif source.format == "conll":
        names = ("word_column", "tag_column", "segmentation_digits")
        options = {name: read_options[name] for name in names if name in read_options}
        # only unchanged sentences have their lines in the source files
        options["sources"] = source.files[split]
        columns = zip(rows["tokens"], tags)
        sentences = [Row("", {"tokens": words, "ner_tags": tagged}) for words, tagged in columns]
        READERS["conll"].write(sentences, path, like, **options)
    else:
        _write_table(path, rows, tags, source, split, like, read_options)
    _read_again(path, rows, tags, source, read_options)
    return path


def _read_again(
    path: Path, rows: Dataset, tags: list[list[str]], source: Source, read_options: Mapping[str, Any]
) -> None:
    done = {"types": None, "label_map": None, "max_length": None, "skip_bad_records": False}
    known = {"tokenization": source.unit or "auto", "format": source.format}
    if source.format in READERS and "offsets" in signature(READERS[source.format].read).parameters:
        # writers count code points by default, and mentions alone can't always show which unit applies
        known["offsets"] = "utf16" if read_options.get("offsets") == "utf16" else "characters"
    try:
        again = read_splits(path, **{**read_options, **done, **known}).splits["train"]
    except CfgenError as error:
        raise RuntimeError(f"what was written can't be read, a bug, please report it: {error}") from error
    if list(again["tokens"]) != list(rows["tokens"]) or tag_column(again) != tags:
        raise RuntimeError(f"{path} reads otherwise than it was written: a bug, please report it with this data set")


def _records(rows: Dataset, tags: list[list[str]], source: Source, split: str) -> list[Record]:
    assert source.texts is not None and source.unit is not None
    unit, train = source.unit, source.splits[split]
    gaps_of = {
        key: gaps_between(text, token_offsets(text, unit)) for key, text in zip(train["id"], source.texts[split])
    }
    forms = _form_gaps(train, gaps_of)
    records = []
    for row, row_tags in zip(rows.select_columns(["id", "source_id", "tokens", "replaced"]), tags):
        gaps = gaps_of[row["source_id"]]
        for item in sorted(row["replaced"], key=lambda item: item["start"]):
            # The gaps before this mention already match the new row.
            start, end, old_end = item["start"], item["end"], item["start"] + len(item["original"])
            form = item["label"], tuple(item["replacement"])
            inner = forms.get(form, [default_gap(unit)] * (end - start - 1))
            gaps = [*gaps[: start + 1], *inner, *gaps[old_end:]]
        text, offsets = join_tokens(row["tokens"], gaps, unit)
        spans = [Span(offsets[s][0], offsets[e - 1][1], label) for s, e, label in tags_to_spans(row_tags)]
        records.append(Record(row["id"], text, spans))
    return records


def _form_gaps(train: Dataset, gaps_of: Mapping[str, list[str]]) -> dict[Form, list[str]]:
    """Of every surface form the blanks within it, as it first stands in the data."""
    gaps: dict[Form, list[str]] = {}
    for key, tokens, tags in zip(train["id"], train["tokens"], tag_column(train)):
        for start, end, label in tags_to_spans(tags):
            gaps.setdefault((label, tuple(tokens[start:end])), gaps_of[key][start + 1 : end])
    return gaps


def _write_table(
    path: Path,
    rows: Dataset,
    tags: list[list[str]],
    source: Source,
    split: str,
    like: Path,
    read_options: Mapping[str, Any],
) -> None:
    """The columns that the input has, under its names, tags as strings or integers as there."""
    features: Features = source.features[split]
    names = {read_options["tokens_column"]: "tokens", read_options["tags_column"]: "ner_tags"}
    given_tags = features[read_options["tags_column"]]
    table: dict[str, Sequence[Any]] = {name: rows[names.get(name, name)][:] for name in features}
    kinds = {name: rows.features[names.get(name, name)] for name in features}
    inner = getattr(given_tags, "feature", given_tags)
    if not isinstance(inner, ClassLabel):
        codes = read_options.get("tag_names") if inner.dtype.startswith(("int", "uint")) else None
        if codes and read_options.get("label_map"):
            raise CfgenError("label_map with tag_names: the integers would change their meaning; leave one out")
        table[read_options["tags_column"]] = [[codes.index(tag) for tag in row] for row in tags] if codes else tags
        kinds[read_options["tags_column"]] = given_tags
    for name in names:
        if not isinstance(features[name], List | LargeList):  # CSV stores JSON in cells
            table[name], kinds[name] = [_cell(value) for value in table[name]], features[name]
    if source.format == "json":
        # Arrow gives every object the fields of all objects
        records = [
            {name: _without_nulls(value) for name, value in zip(table, values)} for values in zip(*table.values())
        ]
        if read_text(like).lstrip().startswith("["):
            path.write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            write_json_lines(path, records)
    elif source.format == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(map(_cell, row) for row in zip(*table.values()))
    else:
        Dataset.from_dict(table, features=Features(kinds)).to_parquet(path)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
