"""Sentences as HTML, with mentions and swaps marked. Text of the data is always escaped."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..tagging.spans import Span, tags_to_spans
from .formatting import EMPTY, collapse_empty, fraction, word_separator

# style of the classes below, with a leading line break
STYLE = "\n" + Path(__file__).with_name("templates").joinpath("sentences.css").read_text(encoding="utf-8")


def marked(words: Sequence[str], tags: Sequence[str], separator: str = " ", empty: Sequence[bool] = ()) -> Markup:
    """Format a sentence with its mentions marked, and the words of `empty` as [EMPTY].

    Example:

    >>> print(marked(["<b>", "Bo"], ["O", "B-PER"]))
    &lt;b&gt; <mark>Bo <b>PER</b></mark>
    """
    shown = [EMPTY if hidden else word for word, hidden in zip(words, empty)] if empty else words
    return _joined(shown, tags_to_spans(tags), separator, {})


def swapped(row: Mapping[str, Any]) -> Markup:
    """Format a counterfactual row with string tags: its mentions and replacements, the verdict and the score.

    Example:

    >>> item = {"start": 1, "end": 2, "label": "PER", "original": ["Ada"], "replacement": ["Bo"]}
    >>> row = {"source_id": "a", "tokens": ["hi", "Bo"], "ner_tags": ["O", "B-PER"], "replaced": [item]}
    >>> print(swapped(row | {"score": 0.5, "reason": None}))  # doctest: +NORMALIZE_WHITESPACE
    <p>hi <mark class="cfgen-swap"><del>Ada</del> → <ins>Bo</ins> <b>PER</b></mark></p>
    <p><span class="cfgen-kept">✓ kept</span>, score 0.50, from a</p>
    """
    separator = word_separator(row["tokens"])
    originals = {item["start"]: separator.join(item["original"]) for item in row["replaced"]}
    sentence = _joined(row["tokens"], tags_to_spans(row["ner_tags"]), separator, originals)
    verdict = (
        Markup('<span class="cfgen-rejected">✗ {}</span>').format(row["reason"])
        if row["reason"]
        else Markup('<span class="cfgen-kept">✓ kept</span>')
    )
    score = "no score" if row["score"] is None else f"score {fraction(row['score'])}"
    return Markup("<p>{}</p>\n<p>{}, {}, from {}</p>").format(sentence, verdict, score, row["source_id"])


def listed(items: Sequence[Markup]) -> Markup:
    """Format sentences as a list.

    Example:

    >>> print(listed([Markup("<p>hi</p>")]))
    <ul class="cfgen-rows"><li><p>hi</p></li></ul>
    """
    return Markup('<ul class="cfgen-rows">{}</ul>').format(Markup("").join(map(Markup("<li>{}</li>").format, items)))


def passes(sentences: Mapping[str, Markup]) -> Markup:
    """Format one sentence in several passes; keys are the names of the passes.

    Example:

    >>> print(passes({"gold": Markup("hi")}))
    <dl class="cfgen-passes"><dt>gold</dt><dd>hi</dd></dl>
    """
    items = (Markup("<dt>{}</dt><dd>{}</dd>").format(*item) for item in sentences.items())
    return Markup('<dl class="cfgen-passes">{}</dl>').format(Markup("").join(items))


def _joined(words: Sequence[str], spans: Sequence[Span], separator: str, originals: Mapping[int, str]) -> Markup:
    """The words with each span marked; a span that starts at a key of `originals` also shows the original."""

    def text(start: int, end: int) -> str:
        return collapse_empty(separator.join(words[start:end]))

    pieces, done = [], 0
    for start, end, label in spans:
        if start > done:
            pieces.append(Markup.escape(text(done, start)))
        if start in originals:
            mark = Markup('<mark class="cfgen-swap"><del>{}</del> → <ins>{}</ins> <b>{}</b></mark>')
            pieces.append(mark.format(originals[start], text(start, end), label))
        else:
            pieces.append(Markup("<mark>{} <b>{}</b></mark>").format(text(start, end), label))
        done = end
    if done < len(words):
        pieces.append(Markup.escape(text(done, len(words))))
    return Markup(separator).join(pieces)
