"""Plain loops that `hf_cfgen.tagging.scoring` and `hf_cfgen.tagging.spans` must agree with, sentence by sentence."""

from collections.abc import Sequence

import numpy as np

from hf_cfgen.errors import CfgenError
from hf_cfgen.tagging.scoring import LEVELS, Counts, Tags
from hf_cfgen.tagging.spans import Span, split_tag, tags_to_spans


def relaxed_hits(gold: Sequence[Span], predicted: Sequence[Span]) -> int:
    """Size of a maximum one-to-one matching of overlapping spans of one type, both sides disjoint and in order."""
    hits = i = j = 0
    while i < len(gold) and j < len(predicted):
        if gold[i].end <= predicted[j].start:
            i += 1
        elif predicted[j].end <= gold[i].start:
            j += 1
        else:
            hits, i, j = hits + 1, i + 1, j + 1
    return hits


def count(references: Tags, predictions: Tags) -> Counts:
    if len(references) != len(predictions):
        raise CfgenError(f"{len(references)} gold sentences but {len(predictions)} predicted ones")
    types = tuple(sorted({split_tag(tag)[1] for side in (references, predictions) for tags in side for tag in tags}))
    types = tuple(label for label in types if label)
    index = {label: t for t, label in enumerate(types)}
    values = np.zeros((len(references), len(LEVELS), len(types), 3), dtype=np.int64)
    for row, (gold_tags, predicted_tags) in enumerate(zip(references, predictions)):
        if len(gold_tags) != len(predicted_tags):
            raise CfgenError(f"sentence {row}: {len(gold_tags)} gold tags but {len(predicted_tags)} predicted ones")
        gold, predicted = tags_to_spans(gold_tags), tags_to_spans(predicted_tags)
        hit_spans = set(gold) & set(predicted)
        for label in {span.label for span in (*gold, *predicted)}:
            gold_of = [span for span in gold if span.label == label]
            predicted_of = [span for span in predicted if span.label == label]
            strict, relaxed, token = values[row, :, index[label]]
            strict[:] = sum(span in hit_spans for span in gold_of), len(predicted_of), len(gold_of)
            relaxed[:] = relaxed_hits(gold_of, predicted_of), len(predicted_of), len(gold_of)
            gold_words = {word for span in gold_of for word in range(span.start, span.end)}
            predicted_words = {word for span in predicted_of for word in range(span.start, span.end)}
            token[:] = len(gold_words & predicted_words), len(predicted_words), len(gold_words)
    return Counts(types, values)
