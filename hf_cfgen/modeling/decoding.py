"""Decode tags: the most probable sequence that the tagging scheme allows (Viterbi 1967)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise, product

import numpy as np
import torch
from transformers import PreTrainedConfig

from ..tagging.spans import SCHEMES, Span, scheme_tags, spans_to_tags

_AT_ONCE = 1 << 21  # elements of the largest array of a Viterbi step


def legal_transitions(labels: Sequence[str], scheme: str | None = None) -> np.ndarray:
    """Return which tags may follow each other: those that a tagging scheme writes next to each other.

    Args:
        labels (`Sequence[str]`): The labels of a tagger, in the order of their ids.
        scheme (`str`, *optional*): One of `SCHEMES`. Defaults to `inferred_scheme(labels)`.

    Returns:
        `np.ndarray` of shape (labels + 1, labels + 1), bool: Whether label j may follow label i. The last row says
        which labels may start a sentence, the last column which may end one. If no scheme fits the labels, all is
        legal. Otherwise, a label that the scheme does not write is never legal.

    Example:

    >>> legal_transitions(["O", "B-PER", "I-PER"], "IOB2").astype(int)
    array([[1, 1, 0, 1],
           [1, 1, 1, 1],
           [1, 1, 1, 1],
           [1, 1, 0, 1]])
    """
    scheme = scheme or inferred_scheme(labels)
    if scheme is None:
        return np.ones((len(labels) + 1,) * 2, dtype=bool)
    pairs = _neighbors(scheme)
    split = [label.partition("-") for label in [*labels, "O"]]
    legal = [
        [(before, after, type_before == type_after) in pairs for after, _, type_after in split]
        for before, _, type_before in split
    ]
    return np.array(legal)


def inferred_scheme(labels: Sequence[str]) -> str | None:
    """Return the tagging scheme that the labels of a tagger belong to.

    The labels of IOB1 and IOB2 are often the same. They are read as IOB2 unless a type has an I label but no B label.

    Args:
        labels (`Sequence[str]`): The labels.

    Returns:
        `str` or `None`: One of `SCHEMES`; `None` if no scheme has these labels, for example if they are types without
        prefixes.

    Example:

    >>> inferred_scheme(["O", "B-PER", "I-PER"]), inferred_scheme(["O", "I-PER"]), inferred_scheme(["O", "PER"])
    ('IOB2', 'IOB1', None)
    """
    tags = {label for label in labels if "-" in label}
    types = {tag.partition("-")[2] for tag in tags}
    if not tags:
        return None
    if any(f"I-{label}" in tags and f"B-{label}" not in tags for label in types) and tags <= set(
        scheme_tags(types, "IOB1")
    ):
        return "IOB1"
    fitting = [scheme for scheme in SCHEMES if scheme != "IOB1" and tags <= set(scheme_tags(types, scheme))]
    return fitting[0] if fitting else None


@lru_cache
def _neighbors(scheme: str) -> frozenset[tuple[str, str, bool]]:
    """Return the pairs of neighboring prefixes in a scheme, and whether both have the same type (O has none)."""
    found = set()
    for parts in product([("", 1), ("X", 1), ("X", 2), ("X", 4), ("Y", 1), ("Y", 2)], repeat=3):
        ends = list(accumulate(size for _, size in parts))
        spans = [Span(end - size, end, label) for (label, size), end in zip(parts, ends) if label]
        split = [tag.partition("-") for tag in ["O", *spans_to_tags(spans, ends[-1], scheme), "O"]]
        found |= {(one[0], other[0], one[2] == other[2]) for one, other in pairwise(split)}
    return frozenset(found)


def tagging_scheme(config: PreTrainedConfig) -> str | None:
    """Return the tagging scheme of a tagger: its `tagging_scheme`, or the scheme that its labels belong to.

    Args:
        config (`PreTrainedConfig`): The tagger's configuration. `tagging_scheme` is optional.

    Returns:
        `str` or `None`: See `inferred_scheme`.
    """
    return getattr(config, "tagging_scheme", None) or inferred_scheme(list(config.id2label.values()))


def decode(log_probabilities: torch.Tensor, offsets: np.ndarray, legal: np.ndarray) -> torch.Tensor:
    """Find the most probable legal label sequence of each sentence.

    Args:
        log_probabilities (`torch.Tensor` of shape (words, labels)): The words of all sentences, on any device. A score
            below that of float32's smallest positive number counts as that one.
        offsets (`np.ndarray` of shape (sentences + 1,)): Where each sentence starts.
        legal (`np.ndarray` of shape (labels + 1, labels + 1), bool): See `legal_transitions`.

    Returns:
        `torch.Tensor` of shape (words,): The label ids, on the same device.

    Example:

    >>> scores = torch.tensor([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]]).log()
    >>> decode(scores, np.array([0, 2]), legal_transitions(["O", "B-PER", "I-PER"])).tolist()
    [1, 2]
    """
    best = log_probabilities.argmax(-1)
    if legal.all() or not len(best):
        return best
    device, boundary = best.device, len(legal) - 1
    allowed = torch.from_numpy(legal).to(device)
    starts = torch.from_numpy(offsets[:-1][np.diff(offsets) > 0]).to(device)
    before = best.roll(1).index_fill_(0, starts, boundary)
    wrong = ~allowed[before, best]
    last = starts.roll(-1).index_fill_(0, starts.new_tensor([len(starts) - 1]), len(best)) - 1
    wrong[last] |= ~allowed[best[last], boundary]
    # an argmax sequence that is legal is the best one, so that only the other sentences need Viterbi
    rows = np.unique(np.searchsorted(offsets, torch.nonzero(wrong).squeeze(1).cpu().numpy(), side="right") - 1)
    lengths = offsets[rows + 1] - offsets[rows]
    rows = rows[np.argsort(-lengths, kind="stable")]
    size = max(_AT_ONCE // boundary**2, 1)
    transitions = torch.where(allowed, 0.0, -torch.inf)
    for chosen in (rows[place : place + size] for place in range(0, len(rows), size)):
        begin, lengths = offsets[chosen], offsets[chosen + 1] - offsets[chosen]
        words = torch.from_numpy(np.minimum(begin[:, None] + np.arange(lengths[0]), len(best) - 1)).to(device)
        within = torch.from_numpy(np.arange(lengths[0]) < lengths[:, None]).to(device)
        scores = log_probabilities[words].clamp(min=float(np.log(np.finfo(np.float32).tiny)))
        best[words[within]] = viterbi(scores, lengths, transitions)[within]
    return best


def viterbi(scores: torch.Tensor, lengths: np.ndarray, transitions: torch.Tensor) -> torch.Tensor:
    """Find the best label sequence of each sentence: the largest sum of scores and transition scores.

    Args:
        scores (`torch.Tensor` of shape (batch, positions, labels)): The score of each label at each position.
        lengths (`np.ndarray` of shape (batch,)): The lengths of the sentences, at least 1, longest first.
        transitions (`torch.Tensor` of shape (labels + 1, labels + 1)): The score of label j after label i, or -inf.
            The last row is for the start of a sentence, the last column for its end.

    Returns:
        `torch.Tensor` of shape (batch, positions): The label ids; padding is undefined.
    """
    between, start, end = transitions[:-1, :-1], transitions[-1, :-1], transitions[:-1, -1]
    # how many sentences have a word at each position
    longer = np.searchsorted(-lengths, -np.arange(scores.shape[1]), side="left").tolist()
    total = scores[:, 0] + start
    sources = []
    for position in range(1, scores.shape[1]):
        rows = longer[position]
        reached, source = (total[:rows, :, None] + between).max(dim=1)
        total = torch.cat([reached + scores[:rows, position], total[rows:]])
        sources.append(source)
    current = (total + end).argmax(-1)
    path = [current]
    for position in range(scores.shape[1] - 1, 0, -1):
        rows = longer[position]
        earlier = sources[position - 1].gather(1, current[:rows, None]).squeeze(1)
        current = torch.cat([earlier, current[rows:]])
        path.append(current)
    return torch.stack(path[::-1], dim=1)


def decode_tags(
    probabilities: Sequence[np.ndarray], id2label: Mapping[int, str], scheme: str | None = None
) -> list[list[str]]:
    """Decode the tags of sentences from the probabilities of their words.

    Args:
        probabilities (`Sequence[np.ndarray]`): The result of `predict_probabilities`: for each sentence, an array of
            shape (words, labels), with NaN for words that the model did not see. Those are tagged O.
        id2label (`Mapping[int, str]`): The tag of each label id.
        scheme (`str`, *optional*): The tagging scheme. Defaults to `inferred_scheme`.

    Returns:
        `list[list[str]]`: For each sentence, one tag per word.

    Example:

    >>> decode_tags([np.array([[0.2, 0.3, 0.5], [np.nan] * 3])], {0: "O", 1: "B-PER", 2: "I-PER"})
    [['B-PER', 'O']]
    """
    offsets = np.cumsum([0, *map(len, probabilities)])
    if not offsets[-1]:
        return [[] for _ in probabilities]
    labels = [id2label[number] for number in range(len(id2label))]
    values = torch.from_numpy(np.concatenate(probabilities).astype(np.float32, copy=False))
    codes = decode(log_with_unseen(values, labels), offsets, legal_transitions(labels, scheme)).tolist()
    tags = [labels[code] for code in codes]
    return [tags[begin:end] for begin, end in pairwise(offsets)]


def log_with_unseen(probabilities: torch.Tensor, labels: Sequence[str]) -> torch.Tensor:
    """Return log-probabilities, with all probability on O for words that the model did not see (NaN)."""
    outside = torch.tensor([float(label == "O") for label in labels], device=probabilities.device)
    return torch.where(probabilities.isnan().any(-1, keepdim=True), outside, probabilities).log()
