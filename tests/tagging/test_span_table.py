"""The table of many sentences agrees with the parser of one sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.span_table import SpanTable, code_tags
from hf_cfgen.tagging.spans import SCHEMES, Span, spans_to_tags, tags_to_spans

TYPES = ("A", "I-E", "长名")
ANY_TAG = ["O", *(f"{prefix}-{label}" for prefix in "BIMELSUW" for label in TYPES)]
rows_of_tags = st.lists(st.lists(st.sampled_from(ANY_TAG), max_size=9), max_size=5)


def table_of(rows: list[list[str]], types: tuple[str, ...] | None = None) -> SpanTable:
    codes = np.array([ANY_TAG.index(tag) for tags in rows for tag in tags], dtype=np.int64)
    return SpanTable.from_tags(codes, ANY_TAG, np.cumsum([0, *map(len, rows)]), types)


def spans_of(table: SpanTable, rows: list[list[str]]) -> list[list[Span]]:
    spans: list[list[Span]] = [[] for _ in rows]
    offsets = np.cumsum([0, *map(len, rows)])
    for row, start, end, label in zip(table.row, table.start, table.end, table.type):
        spans[row].append(Span(int(start - offsets[row]), int(end - offsets[row]), table.types[label]))
    return spans


@settings(max_examples=300, deadline=None)
@given(rows_of_tags)
def test_any_tags_are_read_as_sentence_by_sentence(rows):
    table = table_of(rows)
    assert spans_of(table, rows) == [tags_to_spans(tags) for tags in rows]
    assert table.types == tuple(sorted({tag[2:] for tags in rows for tag in tags if tag != "O"}))
    named = table_of(rows, ("other", *TYPES))
    assert named.types == ("other", *TYPES) and spans_of(named, rows) == spans_of(table, rows)
    labels = ["O" if code < 0 else table.types[code] for code in table.word_types(sum(map(len, rows)))]
    assert labels == [tag if tag == "O" else tag[2:] for tags in rows for tag in tags]


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=100, deadline=None)
@given(rows=rows_of_tags)
def test_mentions_are_written_as_sentence_by_sentence(scheme, rows):
    table = table_of(rows)
    tags = code_tags(table.types, scheme)
    written = [tags[code] for code in table.to_codes(sum(map(len, rows)), scheme)]
    assert written == [tag for row in rows for tag in spans_to_tags(tags_to_spans(row), len(row), scheme)]


def test_only_tags_that_occur_must_be_tags():
    offsets = np.array([0, 2])
    assert len(SpanTable.from_tags(np.array([0, 0]), ["O", "PER"], offsets).start) == 0
    with pytest.raises(CfgenError, match="tag 'PER' is neither"):
        SpanTable.from_tags(np.array([0, 1]), ["O", "PER"], offsets)
