"""The Diagnose tab: what a tagger reads."""

from pathlib import Path
from typing import NamedTuple

from datasets import Dataset

from ..causal.interventions import empty_words, intervened_predictions
from ..data.columns import tag_column
from ..data.reading import read_splits
from ..data.splits import choose_split
from ..evaluation.diagnosis import ChangedSentence, diagnose
from ..modeling.pipeline import DiscriminatorPipeline, as_tagger
from ..reporting.formatting import EFFECTS, effect_cells, word_separator
from ..reporting.html import marked, passes
from ..reporting.markdown import effects as effects_table
from ..reporting.markdown import escaped, table
from ..tagging.scoring import CausalEffects
from ..utils.values import parse_map
from .demo import DEMOS, demo_tagger
from .inputs import check_name, check_size, read_sentences

SENTENCES = 10  # the maximum number of sentences per intervention

LABEL = 60  # the maximum number of characters of a sentence in the dropdown


class Diagnosed(NamedTuple):
    """Tables of the effects as Markdown, the effects, and sentences in every pass as HTML by their dropdown text."""

    tables: str
    effects: CausalEffects
    sentences: dict[str, str]


def diagnosed(model: str, data: str, file: str | None, split: str | None, model_labels: str) -> Diagnosed:
    """Diagnose a tagger on a dataset.

    Args:
        model (`str`): One of `DEMOS`, or the Hub name or folder of a token-classification model.
        data (`str`): One of `DEMOS`, or the Hub name or path of a dataset.
        file (`str` or `None`): A file to read instead of `data`.
        split (`str` or `None`): The split. `None` means test, or the only split.
        model_labels (`str`): What the model's labels mean in the data, `MODEL=DATA`, separated by spaces.

    Returns:
        `Diagnosed`: What to show.

    Raises:
        CfgenError: The model or the dataset does not exist, or they do not fit each other; see `diagnose`.
    """
    names = parse_map(model_labels.split(), "model_labels")
    name, sentences = _sentences(data, file, split)
    tagger = _tagger(model)
    diagnosis = diagnose(tagger, sentences, model_labels=names, max_changed_sentences=SENTENCES)
    effects, support = diagnosis.effects, diagnosis.scores.strict.support
    by_type = [
        (escaped(label), effect.support, *effect_cells(effect)) for label, effect in effects.strict.by_type.items()
    ]
    blocks = [
        f"**{escaped(model)}** on **{escaped(name)}**, {diagnosis.sentences} sentences, {support} mentions; 95 % "
        "bootstrap intervals over sentences. With a high RI, the tagger relies on the entity; with a low RI, on its "
        "context. RI describes a tagger and does not rate it.",
        effects_table(effects),
        table(("type, strict", "mentions", *EFFECTS), by_type),
    ]
    if without := diagnosis.model_types_without_data:
        blocks.append(
            f"Types of the model that do not occur in the data: {', '.join(map(escaped, without))}. Predictions of "
            "these types count as errors; TYPE=O under Model labels ignores them."
        )
    return Diagnosed("\n\n".join(blocks), effects, _passes(tagger, sentences, diagnosis.most_changed, names))


def _sentences(data: str, file: str | None, split: str | None) -> tuple[str, Dataset]:
    """Return the name of the data for the page, and its rows."""
    if file is not None:
        return Path(file).name, read_sentences("", file)
    name = check_name(data)
    splits = read_splits(name).splits
    which = choose_split(name, splits, split)
    return f"{name}, {which}", check_size(name, splits[which])


def _tagger(model: str) -> DiscriminatorPipeline:
    name = check_name(model)
    return demo_tagger(name) if name in DEMOS else as_tagger(name)


def _passes(
    tagger: DiscriminatorPipeline,
    data: Dataset,
    most_changed: dict[str, list[ChangedSentence]],
    model_labels: dict[str, str] | None,
) -> dict[str, str]:
    """Format the sentences that the interventions change most, or the first ones, in every pass."""
    rows = {row.id: (row.tokens, row.gold) for changed in most_changed.values() for row in changed}
    rows = rows or dict(zip(data["id"], zip(data["tokens"], tag_column(data)[:SENTENCES])))
    words, tags = ([row[place] for row in rows.values()] for place in (0, 1))
    predicted = intervened_predictions(tagger, words, tags, model_labels=model_labels)
    empty = empty_words(tags)
    shown = {}
    for place, (name, tokens, gold) in enumerate(zip(rows, words, tags)):
        separator = word_separator(tokens)
        sentences = {
            "gold": marked(tokens, gold, separator),
            "unchanged": marked(tokens, predicted["predictions"][place], separator),
            "without its context, do(c0)": marked(
                tokens, predicted["do_context"][place], separator, empty["do_context"][place]
            ),
            "without its mentions, do(e0)": marked(
                tokens, predicted["do_entity"][place], separator, empty["do_entity"][place]
            ),
        }
        text = " ".join(separator.join(tokens).split())
        shown[f"{name}: {text[:LABEL]}{'…' if len(text) > LABEL else ''}"] = str(passes(sentences))
    return shown
