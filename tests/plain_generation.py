"""Counterfactual generation row by row, in plain Python: what the arrays of `hf_cfgen` are compared with."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from datasets import Dataset

from hf_cfgen import EntitySets, Intervene
from hf_cfgen.counterfactual.entity_sets import Form
from hf_cfgen.counterfactual.intervention import replace_mention, row_tags
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
        for j, (span, form) in enumerate(drawn[row]):
            new_tokens, new_spans, position = replace_mention(tokens, spans, span, form)
            replaced = new_spans[position]
            values = {
                "id": f"{row_id}#{j}",
                "tokens": new_tokens,
                "ner_tags": row_tags(new_spans, len(new_tokens), self.scheme, self.names),
                "source_id": str(row_id),
                "is_counterfactual": True,
                "replaced": [
                    {
                        "start": replaced.start,
                        "end": replaced.end,
                        "label": span.label,
                        "original": list(tokens[span.start : span.end]),
                        "replacement": list(form),
                    }
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
) -> list[list[tuple[Span, Form]]]:
    """For each row the mentions to replace, each with the form to swap in."""
    keys = row_keys(self.config.seed, ids)
    mentions = [[s for s in row if _others(self, s, tokens)] for row, tokens in zip(spans, sentences)]
    rows = [row for row, found in enumerate(mentions) if found]
    sizes = np.array([len(mentions[row]) for row in rows], dtype=np.int64)
    order = shuffled(derive_keys(keys[rows], 0), sizes, sizes.max(initial=0))
    for row, places in zip(rows, order.tolist()):
        mentions[row] = [mentions[row][place] for place in places[: len(mentions[row])]]
    if self.config.recipe == "paper":
        return [
            [(span, form) for span in found[:1] for form in self.entity_sets.forms[span.label] if form != own]
            for found, tokens in zip(mentions, sentences)
            for own in [tuple(tokens[found[0].start : found[0].end]) if found else ()]
        ]
    # forms come in a uniformly random order, so that every form of a type is as likely, seen once or often
    labels = list(self.entity_sets.forms)
    pairs = [(row, labels.index(label)) for row in rows for label in {span.label: 0 for span in mentions[row]}]
    sizes = np.array([len(self.entity_sets.forms[labels[i]]) for _, i in pairs], dtype=np.int64)
    of_pairs = derive_keys(keys[[row for row, _ in pairs]], np.array([i for _, i in pairs], dtype=np.int64) + 1)
    # one more than k: k - 1 forms may be used already and one be the mention's own text
    drawn = shuffled(of_pairs, sizes, min(self.config.k + 1, sizes.max(initial=0)))
    forms: list[dict[str, list[Form]]] = [{} for _ in ids]
    for (row, i), places in zip(pairs, drawn.tolist()):
        forms[row][labels[i]] = [self.entity_sets.forms[labels[i]][place] for place in places if place >= 0]
    return [
        list(_draw_budget(self, tokens, found, of_row)) for tokens, found, of_row in zip(sentences, mentions, forms)
    ]


def _others(self, span: Span, tokens: Sequence[str]) -> bool:
    """Whether the sets have a form of the span's type that is not its own text."""
    forms = self.entity_sets.forms.get(span.label, ())
    return len(forms) > 1 or (len(forms) == 1 and forms[0] != tuple(tokens[span.start : span.end]))


def _draw_budget(
    self, tokens: Sequence[str], mentions: list[Span], order: dict[str, list[Form]]
) -> Iterator[tuple[Span, Form]]:
    """Up to k pairs: mentions in turn, and for each the next form of its type that the row has not used yet."""
    k = self.config.k
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
