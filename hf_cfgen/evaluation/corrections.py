"""Cases to look at: test sentences that only the augmented tagger gets right, and counterfactual rows near them."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset

from ..data.columns import tag_column, tag_names, tag_strings
from ..tagging.spans import tags_to_spans

CASES = 3


def find_corrections(
    test: Dataset,
    noaug: Sequence[Sequence[str]],
    predictions: Sequence[Sequence[str]],
    train: Dataset,
    kept: Dataset | None = None,
    rejected: Dataset | None = None,
    limit: int = CASES,
) -> list[dict[str, Any]]:
    """Find test sentences that a tagger gets fully right and NoAug wrong, as in figure 5 of Zeng et al. (2020).

    Near means many shared tokens: of the two sets of tokens, the share of those in both among all (Jaccard), ties by
    id.

    Args:
        test (`Dataset`): The test split.
        noaug (`Sequence[Sequence[str]]`): The tags that NoAug predicts for it.
        predictions (`Sequence[Sequence[str]]`): The tags that the tagger predicts for it.
        train (`Dataset`): The observational examples.
        kept (`Dataset`, *optional*): The counterfactual examples that the tagger was trained on.
        rejected (`Dataset`, *optional*): Those that the discriminator rejected.
        limit (`int`, *optional*, defaults to 3): Cases at most.

    Returns:
        `list[dict]`: Of the sentences with a mention those nearest to a kept example, in the order of the test split
        where there is none. Each has `id`, `tokens`, `gold`, `noaug` and `predicted` (tags); `kept`, the nearest kept
        example, and `rejected`, the nearest rejected one, made from the same example as the kept one if there is such.
        These have `id`, `tokens`, `tags`, `replaced`, `score`, `reason`, `similarity` and `source`, the example that
        they were made from; `None` where there is none.
    """
    found = []
    for row, (gold, before, after) in enumerate(zip(tag_column(test), noaug, predictions)):
        spans = tags_to_spans(gold)
        if spans and tags_to_spans(after) == spans != tags_to_spans(before):
            found.append((row, gold))
    kept_sets, rejected_sets = _token_sets(kept), _token_sets(rejected)
    nearest = {row: _nearest(test[row]["tokens"], kept_sets) for row, _ in found}
    found.sort(key=lambda case: -nearest[case[0]][0])
    sources = {row_id: row for row, row_id in enumerate(train["id"])}
    cases = []
    for row, gold in found[:limit]:
        tokens = test[row]["tokens"]
        case = {"id": test[row]["id"], "tokens": tokens, "gold": gold}
        case |= {"noaug": list(noaug[row]), "predicted": list(predictions[row])}
        similarity, at = nearest[row]
        shown = None if kept is None or at is None else _shown(kept, at, similarity, train, sources)
        near = None
        if rejected is not None and rejected_sets:
            source = shown["source"]["id"] if shown else None
            same = [item for item in rejected_sets if item[2] == source]
            similarity, at = _nearest(tokens, same or rejected_sets)
            assert at is not None, "there is a rejected example"
            near = _shown(rejected, at, similarity, train, sources)
        cases.append(case | {"kept": shown, "rejected": near})
    return cases


_TokenSets = list[tuple[str, int, str, frozenset[str]]]


def _token_sets(rows: Dataset | None) -> _TokenSets:
    """The id, the position, the source and the tokens of every row, by id."""
    if rows is None:
        return []
    columns = zip(rows["id"], range(len(rows)), rows["source_id"], map(frozenset, rows["tokens"]))
    return sorted(columns, key=lambda item: item[0])


def _nearest(tokens: Sequence[str], sets: _TokenSets) -> tuple[float, int | None]:
    """The similarity and the position of the nearest row; the first of equals."""
    own = frozenset(tokens)
    best, at = -1.0, None
    for _, position, _, other in sets:
        shared = len(own & other)
        similarity = shared / (len(own) + len(other) - shared)
        if similarity > best:
            best, at = similarity, position
    return best, at


def _shown(rows: Dataset, position: int, similarity: float, train: Dataset, sources: dict[str, int]) -> dict[str, Any]:
    row = rows[position]
    source = train[sources[row["source_id"]]]
    names = tag_names(train)
    return {
        "id": row["id"],
        "tokens": row["tokens"],
        "tags": tag_strings(row["ner_tags"], names),
        "replaced": row["replaced"],
        "score": row["score"],
        "reason": row["reason"],
        "similarity": similarity,
        "source": {
            "id": source["id"],
            "tokens": source["tokens"],
            "tags": tag_strings(source["ner_tags"], names),
        },
    }
