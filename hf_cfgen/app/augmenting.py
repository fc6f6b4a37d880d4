"""The Augment tab: counterfactual examples of the visitor's sentences."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from datasets import Dataset
from markupsafe import Markup

from ..counterfactual.config import CfgenConfig
from ..counterfactual.counts import REASONS
from ..counterfactual.entity_sets import EntitySets
from ..counterfactual.generation import generate_counterfactuals
from ..data.columns import tag_column
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..reporting.html import listed, swapped
from ..reporting.run_tables import counts_line
from .demo import DEMOS, demo_tagger, trained_tagger
from .inputs import check_name, read_sentences

KEPT = "kept"

TRAIN, NONE = "train one", "none"  # choices that are not the name of a discriminator

SHOWN = 100

Row = dict[str, Any]


class Generated(NamedTuple):
    """Candidates, kept and rejected, in the order of their source sentences, with tags as strings, and a summary."""

    rows: list[Row]
    summary: str


def generate(text: str, file: str | None, discriminator: str, k: int, seed: int) -> Generated:
    """Make counterfactual examples of labeled sentences, and discriminate them.

    Args:
        text (`str`): See `read_sentences`.
        file (`str` or `None`): See `read_sentences`.
        discriminator (`str`): One of `DEMOS`, `TRAIN`, `NONE`, or the Hub name or folder of a tagger.
        k (`int`): Candidates per sentence.
        seed (`int`): Seed of the random choices.

    Returns:
        `Generated`: The candidates.

    Raises:
        CfgenError: The sentences cannot be used, or the discriminator does not exist.
    """
    config = CfgenConfig("budget", k=k, seed=seed)  # one mention per candidate is easy to read
    sentences = read_sentences(text, file)
    entity_sets = EntitySets.from_dataset(sentences)
    entity_sets.check_swappable()
    tagger = _discriminator(discriminator, sentences)
    kept, rejected, counts = generate_counterfactuals(sentences, tagger, config, entity_sets=entity_sets)
    order = {str(name): place for place, name in enumerate(sentences["id"])}
    rows = [
        row | {"ner_tags": tags}
        for candidates in (kept, rejected)
        for row, tags in zip(candidates.to_list(), tag_column(candidates))
    ]
    rows.sort(key=lambda row: (order[row["source_id"]], int(row["id"].rpartition("#")[2])))
    return Generated(rows, counts_line(counts) + ("" if tagger else " (no discriminator: all kept)"))


def choices(rows: Iterable[Row]) -> tuple[list[str], list[str]]:
    """Return the types and the verdicts (a reason, or `KEPT`) by which candidates can be filtered.

    Example:

    >>> choices([{"replaced": [{"label": label}], "reason": None} for label in ("PER", "LOC")])
    (['LOC', 'PER'], ['kept'])
    """
    rows = list(rows)
    found = {row["reason"] or KEPT for row in rows}
    types = {item["label"] for row in rows for item in row["replaced"]}
    return sorted(types), [verdict for verdict in (KEPT, *REASONS) if verdict in found]


def chosen(rows: Iterable[Row], types: Sequence[str], verdicts: Sequence[str]) -> list[Row]:
    """Select the candidates that have one of the types and one of the verdicts.

    Example:

    >>> rows = [{"replaced": [{"label": "PER"}], "reason": reason} for reason in (None, "missed")]
    >>> [row["reason"] for row in chosen(rows, ["PER"], ["missed"])], chosen(rows, ["LOC"], ["missed"])
    (['missed'], [])
    """
    return [
        row
        for row in rows
        if (row["reason"] or KEPT) in verdicts and any(item["label"] in types for item in row["replaced"])
    ]


def shown(rows: Sequence[Row], total: int) -> Markup:
    """Format the first `SHOWN` of the chosen candidates as HTML; `total` is the number before the choice."""
    first = f", the first {SHOWN} are shown" if len(rows) > SHOWN else ""
    count = Markup("<p>{} of {} candidates{}</p>").format(len(rows), total, first)
    return count + listed([swapped(row) for row in rows[:SHOWN]])


def _discriminator(name: str, sentences: Dataset) -> DiscriminatorPipeline | None:
    if name == NONE:
        return None
    if name == TRAIN:
        return trained_tagger({"train": sentences})
    name = check_name(name)
    return demo_tagger(name) if name in DEMOS else as_discriminator(name)
