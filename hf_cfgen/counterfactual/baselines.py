"""Baselines: simple augmentation methods, named as in Dai & Adel (2020).

"An Analysis of Simple Data Augmentation for Named Entity Recognition", COLING 2020, section 3. There is no
discrimination: the tagger is trained on all generated rows and the original sentences.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from datasets import Dataset, IterableDataset

from ..data.columns import counterfactual_features, tag_column, tag_names, tag_strings
from ..errors import CfgenError
from ..tagging.spans import Span, spans_to_tags, tags_to_spans
from .generation import unique_rows
from .intervention import missing_tags_error
from .train_split import TrainSplit, check_id_collisions, stale_columns, with_ids

_Change = Callable[[random.Random, Sequence[str], Sequence[str]], dict[str, Any]]


def mention_replacement(
    train: Dataset | IterableDataset, p: float, copies: int = 1, seed: int = 42, scheme: str | None = None
) -> Dataset:
    """Replace each mention, with probability p, by another surface form of its type from the train split.

    Surface forms are drawn in proportion to their frequency. If a type has one surface form, its mentions are kept.

    Args:
        train (`Dataset` or `IterableDataset`): The train split, with `tokens` and `ner_tags`.
        p (`float`): The probability of replacing a mention.
        copies (`int`, *optional*, defaults to 1): Rows generated per sentence.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.
        scheme (`str`, *optional*): The tagging scheme of the data. Detected if omitted.

    Returns:
        `Dataset`: Counterfactual rows, without those whose tokens equal those of a train row or an earlier row.
        `replaced` lists the replaced mentions.

    Raises:
        CfgenError: An option is out of range, the examples are not observational, there are no mentions, or the tags
            do not fit the given scheme, or any single scheme.

    Example:

    >>> rows = {"tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]}
    >>> mention_replacement(Dataset.from_dict(rows), p=1.0)["tokens"][0]
    ['Bo', 'met', 'Ada']
    """
    split = TrainSplit.from_dataset(train, scheme)
    train, entity_sets = with_ids(split), split.entity_sets

    def change(generator: random.Random, tokens: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
        new_tokens, spans, replaced = list(tokens), tags_to_spans(tags), []
        for i in range(len(spans)):
            if generator.random() >= p:
                continue
            span = spans[i]
            own = tuple(new_tokens[span.start : span.end])
            forms, counts = entity_sets.forms[span.label], entity_sets.counts[span.label]
            weights = [0 if form == own else count for form, count in zip(forms, counts)]
            if not any(weights):
                continue
            (form,) = generator.choices(forms, weights)
            new_tokens, spans, _ = replace_mention(new_tokens, spans, span, form)
            replaced.append({**spans[i]._asdict(), "original": list(own), "replacement": list(form)})
        new_tags = row_tags(spans, len(new_tokens), split.scheme, split.names)
        return {"tokens": new_tokens, "ner_tags": new_tags, "replaced": replaced}

    return _augmented(train, change, p, copies, seed)


def label_wise_token_replacement(
    train: Dataset | IterableDataset, p: float, copies: int = 1, seed: int = 42
) -> Dataset:
    """Replace each token, with probability p, by a token that has the same tag in the train split.

    Tokens, including the original one, are drawn in proportion to their frequency. Tags are unchanged.

    Args:
        train (`Dataset` or `IterableDataset`): The train split, with `tokens` and `ner_tags`.
        p (`float`): The probability of replacing a token.
        copies (`int`, *optional*, defaults to 1): Rows generated per sentence.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.

    Returns:
        `Dataset`: Counterfactual rows, without those whose tokens equal those of a train row or an earlier row.
        `replaced` is empty, because no mention is replaced.

    Raises:
        CfgenError: An option is out of range, or the examples are not observational.

    Example:

    >>> rows = {"tokens": [["Ada", "met", "Bo"], ["hi", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"], ["O", "B-PER"]]}
    >>> label_wise_token_replacement(Dataset.from_dict(rows), p=1.0, copies=2)["tokens"][0]
    ['Bo', 'hi', 'Ada']
    """
    train = with_ids(train)
    found: dict[str, Counter[str]] = {}
    for tokens, tags in zip(train["tokens"], tag_column(train)):
        for token, tag in zip(tokens, tags):
            found.setdefault(tag, Counter())[token] += 1
    pools = {}
    for tag, counter in found.items():
        words = sorted(counter)
        pools[tag] = words, list(accumulate(counter[word] for word in words))

    def drawn(generator: random.Random, tag: str) -> str:
        words, cumulated = pools[tag]
        return generator.choices(words, cum_weights=cumulated)[0]

    def change(generator: random.Random, tokens: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
        return {
            "tokens": [drawn(generator, tag) if generator.random() < p else token for token, tag in zip(tokens, tags)]
        }

    return _augmented(train, change, p, copies, seed)


def shuffle_within_segments(train: Dataset | IterableDataset, p: float, copies: int = 1, seed: int = 42) -> Dataset:
    """Shuffle the tokens within each segment with probability p.

    A segment is a mention or the words between two mentions. Tags are unchanged.

    Args:
        train (`Dataset` or `IterableDataset`): The train split, with `tokens` and `ner_tags`.
        p (`float`): The probability of shuffling a segment.
        copies (`int`, *optional*, defaults to 1): Rows generated per sentence.
        seed (`int`, *optional*, defaults to 42): Seed of the draws.

    Returns:
        `Dataset`: Counterfactual rows, without those whose tokens equal those of a train row or an earlier row.
        `replaced` is empty, because no mention is replaced.

    Raises:
        CfgenError: An option is out of range, or the examples are not observational.

    Example:

    >>> rows = {"tokens": [["she", "met", "Ada", "Byron"]], "ner_tags": [["O", "O", "B-PER", "I-PER"]]}
    >>> sorted(shuffle_within_segments(Dataset.from_dict(rows), p=1.0, copies=9)["tokens"])[0]
    ['met', 'she', 'Ada', 'Byron']
    """

    def change(generator: random.Random, tokens: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
        shuffled = list(tokens)
        edges = {0, len(tags), *(edge for span in tags_to_spans(tags) for edge in (span.start, span.end))}
        for start, end in pairwise(sorted(edges)):
            if generator.random() < p:
                shuffled[start:end] = generator.sample(shuffled[start:end], end - start)
        return {"tokens": shuffled}

    return _augmented(with_ids(train), change, p, copies, seed)


BASELINES = {
    "mention-replacement": mention_replacement,
    "label-wise-token-replacement": label_wise_token_replacement,
    "shuffle-within-segments": shuffle_within_segments,
}


def replace_mention(
    tokens: Sequence[str], spans: Sequence[Span], span: Span, form: Sequence[str]
) -> tuple[list[str], list[Span], int]:
    """Replace one of the mentions, and shift those after it.

    Returns:
        `tuple[list[str], list[Span], int]`: The new words, the new mentions, and the position of the replaced
        mention among them.

    Example:

    >>> replace_mention(["in", "Rome", "now"], [Span(1, 2, "LOC")], Span(1, 2, "LOC"), ["New", "York"])
    (['in', 'New', 'York', 'now'], [Span(start=1, end=3, label='LOC')], 0)
    """
    shift = len(form) - (span.end - span.start)
    position = spans.index(span)
    moved = [Span(other.start + shift, other.end + shift, other.label) for other in spans[position + 1 :]]
    return (
        [*tokens[: span.start], *form, *tokens[span.end :]],
        [*spans[:position], Span(span.start, span.end + shift, span.label), *moved],
        position,
    )


def row_tags(spans: Sequence[Span], length: int, scheme: str, names: Sequence[str] | None) -> list[str] | list[int]:
    """Return the `ner_tags` of a row with these mentions: strings, or positions in the names.

    Raises:
        CfgenError: A tag is not among the names.

    Example:

    >>> row_tags([Span(1, 3, "LOC")], 3, "IOB2", ["O", "B-LOC", "I-LOC"])
    [0, 1, 2]
    """
    tags = spans_to_tags(spans, length, scheme)
    if names is None:
        return tags
    missing = set(tags) - set(names)
    if missing:
        raise missing_tags_error(missing, scheme)
    return [names.index(tag) for tag in tags]


def _augmented(train: Dataset, change: _Change, p: float, copies: int, seed: int) -> Dataset:
    """Apply `change` to each sentence; the draws depend only on the seed and the row's id."""
    if not 0 < p <= 1:
        raise CfgenError(f"p is {p!r}: give a probability of more than 0, at most 1")
    for name, value, least in (("copies", copies, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or value < least:
            raise CfgenError(f"{name} is {value!r}: give an integer of at least {least}")
    check_id_collisions(train)
    names, stale = tag_names(train), stale_columns(train)
    rows = []
    for row in train:
        row_id, tags = str(row["id"]), tag_strings(row["ner_tags"], names)
        generator = random.Random(f"{seed}/{row_id}")
        for j in range(copies):
            provenance = {"id": f"{row_id}#{j}", "source_id": row_id, "is_counterfactual": True, "replaced": []}
            verdict = {"score": None, "reason": None}
            made = change(generator, row["tokens"], tags)
            rows.append({**row, **dict.fromkeys(stale), **provenance, **verdict, **made})
    drawn = Dataset.from_list(rows, features=counterfactual_features(train))
    return drawn.select(unique_rows(train, drawn))
