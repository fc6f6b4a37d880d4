"""Counterfactual generation row by row, in plain Python: what the arrays of `hf_cfgen` are compared with."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from datasets import Dataset

from hf_cfgen import EntitySets, Intervene
from hf_cfgen.counterfactual.baselines import replace_mention, row_tags
from hf_cfgen.counterfactual.entity_sets import Form
from hf_cfgen.counterfactual.sampling import row_keys, shuffled
from hf_cfgen.data.columns import tag_column, tag_strings
from hf_cfgen.tagging.spans import Span, tags_to_spans
from hf_cfgen.utils.hashing import derive_keys


def plain_sets(train: Dataset) -> EntitySets:
    """What `EntitySets.from_dataset` gives."""
    found: dict[str, Counter[Form]] = {}
    for tokens, tags in zip(train["tokens"], tag_column(train)):
        for span in tags_to_spans(tags):
            found.setdefault(span.label, Counter())[tuple(tokens[span.start : span.end])] += 1
    ordered = {label: dict(sorted(found[label].items())) for label in sorted(found)}
    return EntitySets(
        forms={label: tuple(forms) for label, forms in ordered.items()},
        counts={label: tuple(forms.values()) for label, forms in ordered.items()},
    )


def plain_unique_rows(train: Dataset, drawn: Dataset) -> list[int]:
    """What `unique_rows` gives."""

    def key(tokens: list[str]) -> bytes:
        # not a join: ["ab"] and ["a", "b"] differ
        return hashlib.blake2b(repr(tokens).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    seen = {key(tokens) for tokens in train["tokens"]}
    rows = []
    for row, tokens in enumerate(drawn["tokens"]):
        digest = key(tokens)
        if digest not in seen:
            seen.add(digest)
            rows.append(row)
    return rows


def plain_candidates(self: Intervene, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What an `Intervene` gives."""
    columns: dict[str, list[Any]] = {
        name: [] for name in (*batch, "source_id", "is_counterfactual", "replaced", "score", "reason")
    }
    carried = [name for name in batch if name not in ("id", "tokens", "ner_tags")]
    mentions = [tags_to_spans(tag_strings(tags, self.names)) for tags in batch["ner_tags"]]
    drawn = _draw(self, list(map(str, batch["id"])), batch["tokens"], mentions)
    for row, (row_id, tokens, spans) in enumerate(zip(batch["id"], batch["tokens"], mentions)):
        for j, pairs in enumerate(drawn[row]):
            new_tokens, new_spans, replaced = tokens, spans, []
            for span, form in pairs:
                place = spans.index(span)
                new_tokens, new_spans, _ = replace_mention(new_tokens, new_spans, new_spans[place], form)
                replaced.append((place, list(tokens[span.start : span.end]), list(form)))
            values = {
                "id": f"{row_id}#{j}",
                "tokens": new_tokens,
                "ner_tags": row_tags(new_spans, len(new_tokens), self.scheme, self.names),
                "source_id": str(row_id),
                "is_counterfactual": True,
                "replaced": [
                    {**new_spans[place]._asdict(), "original": original, "replacement": form}
                    for place, original, form in replaced
                ],
                "score": None,
                "reason": None,
            }
            values |= {name: None if name in self.stale_columns else batch[name][row] for name in carried}
            for name, value in values.items():
                columns[name].append(value)
    return columns


def _draw(
    self, ids: Sequence[str], sentences: Sequence[Sequence[str]], spans: Sequence[Sequence[Span]]
) -> list[list[list[tuple[Span, Form]]]]:
    """For each row its candidates: the mentions to replace, each with the form to swap in."""
    keys = row_keys(self.config.seed, ids)
    mentions = [[s for s in row if _others(self, s, tokens)] for row, tokens in zip(spans, sentences)]
    many = [
        list(_draw_many(self, key, tokens, list(row))) if self.config.recipe == "varied" else []
        for key, tokens, row in zip(keys.tolist(), sentences, mentions)
    ]
    rows = [row for row, found in enumerate(mentions) if found]
    sizes = np.array([len(mentions[row]) for row in rows], dtype=np.int64)
    order = shuffled(derive_keys(keys[rows], 0), sizes, sizes.max(initial=0))
    for row, places in zip(rows, order.tolist()):
        mentions[row] = [mentions[row][place] for place in places[: len(mentions[row])]]
    if self.config.recipe == "paper":
        return [
            [[(span, form)] for span in found[:1] for form in self.entity_sets.forms[span.label] if form != own]
            for found, tokens in zip(mentions, sentences)
            for own in [tuple(tokens[found[0].start : found[0].end]) if found else ()]
        ]
    # forms come in a uniformly random order, so that every form of a type is as likely, seen once or often
    labels = list(self.entity_sets.forms)
    pairs = [(row, labels.index(label)) for row in rows for label in {span.label: 0 for span in mentions[row]}]
    sizes = np.array([len(self.entity_sets.forms[labels[i]]) for _, i in pairs], dtype=np.int64)
    of_pairs = derive_keys(keys[[row for row, _ in pairs]], np.array([i for _, i in pairs], dtype=np.int64) + 1)
    # one more than k: k - 1 forms may be used already and one be the mention's own text
    drawn = shuffled(of_pairs, sizes, min(_singles(self) + 1, sizes.max(initial=0)))
    forms: list[dict[str, list[Form]]] = [{} for _ in ids]
    for (row, i), places in zip(pairs, drawn.tolist()):
        forms[row][labels[i]] = [self.entity_sets.forms[labels[i]][place] for place in places if place >= 0]
    return [
        [[pair] for pair in _draw_budget(self, tokens, found, of_row)] + candidates
        for tokens, found, of_row, candidates in zip(sentences, mentions, forms, many)
    ]


def _singles(self) -> int:
    """The candidates of a row that replace one mention."""
    return -(-self.config.k // 2) if self.config.recipe == "varied" else self.config.k


def _draw_many(self, key: int, tokens: Sequence[str], mentions: list[Span]) -> Iterator[list[tuple[Span, Form]]]:
    """The candidates of a row that replace each mention with probability 0.7, and at least one."""

    def derived(key: int, number: int) -> int:
        return int(derive_keys(np.array([key], dtype=np.uint64), number)[0])

    def below(key: int, size: int) -> int:
        return (key >> 32) * size >> 32

    for copy in range(self.config.k // 2 if mentions else 0):
        of_copy = derived(derived(key, 2**32), copy)
        of_mentions = [derived(of_copy, place + 1) for place in range(len(mentions))]
        places = [place for place, one in enumerate(of_mentions) if below(derived(one, 0), 2**20) < 0.7 * 2**20]
        pairs = []
        for place in places or [below(derived(of_copy, 0), len(mentions))]:
            span = mentions[place]
            own = tuple(tokens[span.start : span.end])
            others = [form for form in self.entity_sets.forms[span.label] if form != own]
            pairs.append((span, others[below(derived(of_mentions[place], 1), len(others))]))
        yield pairs


def _others(self, span: Span, tokens: Sequence[str]) -> bool:
    """Whether the sets have a form of the span's type that is not its own text."""
    forms = self.entity_sets.forms.get(span.label, ())
    return len(forms) > 1 or (len(forms) == 1 and forms[0] != tuple(tokens[span.start : span.end]))


def _draw_budget(
    self, tokens: Sequence[str], mentions: list[Span], order: dict[str, list[Form]]
) -> Iterator[tuple[Span, Form]]:
    """Up to k pairs: mentions in turn, and for each the next form of its type that the row has not used yet."""
    k = _singles(self)
    used: set[tuple[str, Form]] = set()
    pairs: set[tuple[Span, Form]] = set()
    while mentions and len(pairs) < k:
        for span in list(mentions):
            own = tuple(tokens[span.start : span.end])
            left = [form for form in order[span.label] if form != own and (span, form) not in pairs]
            if not left:
                mentions.remove(span)
            elif len(pairs) < k:
                form = next((form for form in left if (span.label, form) not in used), left[0])
                used.add((span.label, form))
                pairs.add((span, form))
                yield span, form
