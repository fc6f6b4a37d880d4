"""Plain loops that `modeling` and `Discriminate` must agree with, row by row."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from hf_cfgen.counterfactual.counts import REASONS
from hf_cfgen.data.columns import tag_strings
from hf_cfgen.modeling.decoding import legal_transitions
from hf_cfgen.modeling.encoding import max_length
from hf_cfgen.modeling.pipeline import DiscriminatorPipeline
from hf_cfgen.tagging.spans import Span, tags_to_spans

from .taggers import Window


def encode_words(tokenizer: Any, sentences: Sequence[Sequence[str]], length: int | None, stride: int | None):
    """The tokenizer reads whole sentences, and cuts them itself."""
    filled = [i for i, words in enumerate(sentences) if len(words)]
    if not filled:
        return []
    encoding = tokenizer(
        _without_blanks(tokenizer, [sentences[i] for i in filled]),
        is_split_into_words=True,
        truncation=length is not None,
        max_length=length,
        stride=stride or 0,
        return_overflowing_tokens=stride is not None and length is not None,
    )
    owners = encoding.pop("overflow_to_sample_mapping", range(len(filled)))
    by_sentence: dict[int, list[Window]] = {}
    for w, owner in enumerate(owners):
        inputs = {name: values[w] for name, values in encoding.items()}
        window = Window(filled[owner], inputs, encoding.word_ids(w), {})
        by_sentence.setdefault(owner, []).append(window)
    for windows in by_sentence.values():
        _assign_words(windows, stride or 0)
    return [window for windows in by_sentence.values() for window in windows]


def _without_blanks(tokenizer: Any, sentences: list[Sequence[str]]) -> list[list[str]]:
    words = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    encoded = tokenizer([[word] for word in words], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    blanks = {word for word, ids in zip(words, encoded) if not ids}
    return [[tokenizer.unk_token if word in blanks else word for word in sentence] for sentence in sentences]


def _assign_words(windows: list[Window], stride: int) -> None:
    """Fill in `firsts`: each word goes to the window where its first sub-word has most context; ties to the first."""
    first_of: dict[int, int] = {}  # word -> number of its first sub-word in the sentence
    best: dict[int, tuple[float, int, int]] = {}  # word -> context, window, position
    start = 0
    for w, window in enumerate(windows):
        positions = [p for p, word in enumerate(window.word_ids) if word is not None]
        for i, p in enumerate(positions):
            word = window.word_ids[p]
            assert word is not None
            if first_of.setdefault(word, start + i) != start + i:
                continue
            left = math.inf if w == 0 else i
            right = math.inf if w == len(windows) - 1 else len(positions) - 1 - i
            context = min(left, right)
            if word not in best or context > best[word][0]:
                best[word] = (context, w, p)
        start += len(positions) - stride
    for word in sorted(best):
        _, w, p = best[word]
        windows[w].firsts[word] = p


def predict_probabilities(tagger: DiscriminatorPipeline, words: Sequence[str]) -> np.ndarray:
    """Probabilities (words, labels) of one sentence, a forward pass a window, NaN for words that lie outside."""
    model, tokenizer, stride = tagger.model, tagger.tokenizer, tagger.stride
    length = max_length(model, tokenizer)
    values = np.full((len(words), model.config.num_labels), np.nan, dtype=np.float32)
    if stride == -1:
        stride = 0 if length is None else length // 4
    for window in encode_words(tokenizer, [words], length, stride):
        with torch.inference_mode():
            logits = model.eval()(**{name: torch.tensor([row]) for name, row in window.inputs.items()}).logits[0]
        values[list(window.firsts)] = logits.softmax(-1).numpy()[list(window.firsts.values())]
    return values


def best_tags(values: np.ndarray, id2label: dict[int, str]) -> list[str]:
    """The best legal tags of one sentence: for each label of the last word, the best path that ends there."""
    labels = [id2label[number] for number in range(len(id2label))]
    legal, edge = legal_transitions(labels), len(labels)
    paths: dict[int, tuple[float, list[int]]] = {edge: (0.0, [])}
    for row in values:
        row = [float(label == "O") for label in labels] if np.isnan(row).any() else row
        logs = [math.log(max(float(value), float(np.finfo(np.float32).tiny))) for value in row]
        paths = {
            label: max(
                (score + logs[label], [*path, label]) for last, (score, path) in paths.items() if legal[last, label]
            )
            for label in range(edge)
            if any(legal[last, label] for last in paths)
        }
    return [labels[label] for label in max(found for last, found in paths.items() if legal[last, edge])[1]]


def verdict(replaced: Iterable[Span], predicted_tags: Sequence[str], seen: Sequence[bool]) -> str | None:
    predicted = tags_to_spans(predicted_tags)
    found = set()
    for span in replaced:
        if not all(seen[span.start : span.end]):
            found.add("truncated")
        elif span not in predicted:
            overlapping = {other.label for other in predicted if other.start < span.end and span.start < other.end}
            if span.label in overlapping:
                found.add("wrong_boundaries")
            else:
                found.add("wrong_type" if overlapping else "missed")
    return next((reason for reason in REASONS if reason in found), None)


def discriminate(tagger: DiscriminatorPipeline, row: dict[str, Any], names: Sequence[str] | None) -> tuple[Any, Any]:
    """Score and reason of one row."""
    config, values = tagger.model.config, predict_probabilities(tagger, row["tokens"])
    gold = tag_strings(row["ner_tags"], names)
    spans = [Span(item["start"], item["end"], item["label"]) for item in row["replaced"]]
    words = [word for span in spans for word in range(span.start, span.end)]
    seen = ~np.isnan(values).any(axis=-1)
    reason = verdict(spans, best_tags(values, config.id2label), seen.tolist())
    return (
        min(float(values[word, config.label2id[gold[word]]]) for word in words) if seen[words].all() else None
    ), reason
