"""Write rows in their source format, with text rebuilt from the tokens."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, Features, LargeList, List

from ..errors import CfgenError
from ..tagging.spans import Span, tags_to_spans
from ..utils.text import default_gap, token_offsets
from .columns import tag_column
from .formats.base import find_format
from .formats.records import TextRecord, WordRecord
from .reading import Source, read_splits
from .segmentation import gaps_between, join_tokens

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
    assert source.format is not None
    path = path / "augmented.ann" if source.format == "brat" else path
    files = source.files[split]
    format = find_format(source.format)
    tags = tag_column(rows)
    # writers count characters by default, and mentions alone cannot always show which unit applies
    offsets = "utf16" if read_options.get("offsets") == "utf16" else "characters"
    known = {"offsets": offsets} if format and "offsets" in format.option_names() else {}
    if format is None:
        table, features = _table(rows, tags, source, split, read_options)
        _write_table(path, table, features, source.format)
    else:
        options = {**read_options, **known}
        format = format.with_options({name: options[name] for name in format.option_names() if name in options})
        if source.texts is not None:
            format.write(_records(rows, tags, source, split), path, files)
        else:
            table, _ = _table(rows, tags, source, split, read_options)
            columns = zip(*table.values())
            format.write([WordRecord("", dict(zip(table, values))) for values in columns], path, files)
    done = {"types": None, "label_map": None, "max_length": None, "skip_bad_records": False}
    known |= {"tokenization": source.unit or "auto", "format": source.format}
    try:
        again = read_splits(path, **{**read_options, **done, **known}).splits["train"]
    except CfgenError as error:
        raise RuntimeError(f"the output cannot be read, which is a bug, please report it: {error}") from error
    if list(again["tokens"]) != list(rows["tokens"]) or tag_column(again) != tags:
        raise RuntimeError(f"{path} reads differently from what was written, which is a bug, please report it")
    return path


def _records(rows: Dataset, tags: list[list[str]], source: Source, split: str) -> list[TextRecord]:
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
        records.append(TextRecord(row["id"], text, spans))
    return records


def _form_gaps(train: Dataset, gaps_of: Mapping[str, list[str]]) -> dict[Form, list[str]]:
    """Of every surface form the blanks within it, as it first stands in the data."""
    gaps: dict[Form, list[str]] = {}
    for key, tokens, tags in zip(train["id"], train["tokens"], tag_column(train)):
        for start, end, label in tags_to_spans(tags):
            gaps.setdefault((label, tuple(tokens[start:end])), gaps_of[key][start + 1 : end])
    return gaps


def _table(
    rows: Dataset, tags: list[list[str]], source: Source, split: str, read_options: Mapping[str, Any]
) -> tuple[dict[str, Sequence[object]], Features]:
    """Return the columns that the input has, under its names, with tags as strings or integers as in the input."""
    features: Features = source.features[split]
    names = {read_options["tokens_column"]: "tokens", read_options["tags_column"]: "ner_tags"}
    given_tags = features[read_options["tags_column"]]
    table: dict[str, Sequence[object]] = {name: rows[names.get(name, name)][:] for name in features}
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
    return table, Features(kinds)


def _write_table(path: Path, table: Mapping[str, Sequence[object]], features: Features, format: str) -> None:
    if format == "parquet":
        Dataset.from_dict(table, features=features).to_parquet(path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(map(_cell, row) for row in zip(*table.values()))


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
