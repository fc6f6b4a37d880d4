"""Find test sentences that a tagger gets right and NoAug wrong, with similar counterfactual examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from ..data.columns import tag_column, tag_names, tag_strings
from ..tagging.spans import tags_to_spans
from ..utils.records import Record


@dataclass(frozen=True)
class SourceExample(Record):
    """The observational example that a counterfactual example was made from."""

    id: str
    tokens: list[str]
    tags: list[str]


@dataclass(frozen=True)
class SimilarExample(Record):
    """A counterfactual example and its similarity to a test sentence."""

    id: str
    tokens: list[str]
    tags: list[str]
    replaced: list[dict[str, Any]]
    score: float | None
    reason: str | None
    similarity: float
    source: SourceExample


@dataclass(frozen=True)
class Correction(Record):
    """A test sentence that a tagger gets right and NoAug wrong; `noaug` and `predicted` are their tags."""

    id: str
    tokens: list[str]
    gold: list[str]
    noaug: list[str]
    predicted: list[str]
    kept: SimilarExample | None
    rejected: SimilarExample | None


def find_corrections(
    test: Dataset,
    noaug: Sequence[Sequence[str]],
    predictions: Sequence[Sequence[str]],
    train: Dataset,
    kept: Dataset | None = None,
    rejected: Dataset | None = None,
    limit: int = 3,
) -> list[Correction]:
    """Find test sentences that a tagger gets fully right and NoAug wrong, as in figure 5 of Zeng et al. (2020).

    The similarity of two sentences is the Jaccard index of their token sets. Ties are resolved by id.

    Args:
        test (`Dataset`): The test split.
        noaug (`Sequence[Sequence[str]]`): The tags that NoAug predicts for the test split.
        predictions (`Sequence[Sequence[str]]`): The tags that the tagger predicts for the test split.
        train (`Dataset`): The observational examples.
        kept (`Dataset`, *optional*): The counterfactual examples that the tagger was trained on.
        rejected (`Dataset`, *optional*): The examples that the discriminator rejected.
        limit (`int`, *optional*, defaults to 3): The maximum number of sentences.

    Returns:
        `list[Correction]`: Sentences with a mention, the most similar to a kept example first; in the order of the
        test split if `kept` is omitted. `kept` of each is the most similar kept example. `rejected` is the most
        similar rejected example, from the same source as the kept one if possible.
    """
    names = tag_names(train)
    sources = {row_id: row for row, row_id in enumerate(train["id"])}
    kept_sets, rejected_sets = _token_sets(kept), _token_sets(rejected)

    def similar(rows: Dataset | None, position: int | None, similarity: float) -> SimilarExample | None:
        if rows is None or position is None:
            return None
        row = rows[position]
        source = train[sources[row["source_id"]]]
        return SimilarExample(
            id=row["id"],
            tokens=row["tokens"],
            tags=tag_strings(row["ner_tags"], names),
            replaced=row["replaced"],
            score=row["score"],
            reason=row["reason"],
            similarity=similarity,
            source=SourceExample(source["id"], source["tokens"], tag_strings(source["ner_tags"], names)),
        )

    found = []
    for row, (gold, before, after) in enumerate(zip(tag_column(test), noaug, predictions)):
        spans = tags_to_spans(gold)
        if spans and tags_to_spans(after) == spans != tags_to_spans(before):
            found.append((row, gold, *_most_similar(test[row]["tokens"], kept_sets)))
    corrections = []
    for row, gold, similarity, position in sorted(found, key=lambda item: -item[2])[:limit]:
        tokens = test[row]["tokens"]
        kept_example = similar(kept, position, similarity)
        source_id = kept_example.source.id if kept_example else None
        same_source = [item for item in rejected_sets if item[2] == source_id]
        similarity, position = _most_similar(tokens, same_source or rejected_sets)
        rejected_example = similar(rejected, position, similarity)
        tags = gold, list(noaug[row]), list(predictions[row])
        corrections.append(Correction(test[row]["id"], tokens, *tags, kept_example, rejected_example))
    return corrections


_TokenSets = list[tuple[str, int, str, frozenset[str]]]


def _token_sets(rows: Dataset | None) -> _TokenSets:
    """The id, position, source id and token set of every row, sorted by id."""
    if rows is None:
        return []
    columns = zip(rows["id"], range(len(rows)), rows["source_id"], map(frozenset, rows["tokens"]))
    return sorted(columns, key=lambda item: item[0])


def _most_similar(tokens: Sequence[str], sets: _TokenSets) -> tuple[float, int | None]:
    """The similarity and position of the most similar row, the first of equals."""
    own = frozenset(tokens)
    best, at = -1.0, None
    for _, position, _, other in sets:
        shared = len(own & other)
        similarity = shared / (len(own) + len(other) - shared)
        if similarity > best:
            best, at = similarity, position
    return best, at
