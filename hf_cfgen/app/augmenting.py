"""The page's first tab: counterfactual examples of the visitor's sentences."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from datasets import Dataset
from markupsafe import Markup

from ..counterfactual.config import CfgenConfig
from ..counterfactual.discrimination import REASONS
from ..counterfactual.entity_sets import EntitySets
from ..counterfactual.generation import generate_counterfactuals
from ..data.columns import tag_column
from ..modeling.pipeline import DiscriminatorPipeline, as_discriminator
from ..reporting.html import listed, swapped
from ..reporting.run_tables import counts_line
from .demo import DEMOS, demo_tagger, trained_tagger
from .inputs import check_name, read_sentences

KEPT = "kept"

TRAIN, NONE = "train one", "none"  # instead of the name of a discriminator

SHOWN = 100


class Generated(NamedTuple):
    """The candidates of some sentences.

    Args:
        rows (`list[dict]`): Kept and rejected ones in the order of the sentences, tags as strings.
        summary (`str`): One line on them.
    """

    rows: list[dict[str, Any]]
    summary: str


def generate(text: str, file: str | None, discriminator: str, k: int, seed: int) -> Generated:
    """Make counterfactual examples of labelled sentences, and judge them.

    Args:
        text (`str`): See `read_sentences`.
        file (`str` or `None`): See `read_sentences`.
        discriminator (`str`): One of `DEMOS`, `TRAIN`, `NONE`, or the Hub name or folder of a tagger.
        k (`int`): Candidates a sentence.
        seed (`int`): Seed of the draws.

    Returns:
        `Generated`: The candidates.

    Raises:
        CfgenError: The sentences can't be read, have nothing to swap or too few types, or there is no such tagger.
    """
    config = CfgenConfig(k=k, seed=seed)
    sentences = read_sentences(text, file)
    entity_sets = EntitySets.from_dataset(sentences)
    entity_sets.check_swappable()
    judge = _judge(discriminator, sentences)
    kept, rejected, counts = generate_counterfactuals(sentences, judge, config, entity_sets=entity_sets)
    order = {str(name): place for place, name in enumerate(sentences["id"])}
    rows = [
        row | {"ner_tags": tags}
        for candidates in (kept, rejected)
        for row, tags in zip(candidates.to_list(), tag_column(candidates))
    ]
    rows.sort(key=lambda row: (order[row["source_id"]], int(row["id"].rpartition("#")[2])))
    return Generated(rows, counts_line(counts) + ("" if judge else " (no discriminator: none judged)"))


def verdict_of(row: dict[str, Any]) -> str:
    """A candidate's verdict.

    Args:
        row (`dict`): The candidate.

    Returns:
        `str`: The reason why it was rejected, or `KEPT`.

    Example:

    >>> verdict_of({"reason": None}), verdict_of({"reason": "missed"})
    ('kept', 'missed')
    """
    return row["reason"] or KEPT


def choices(rows: Iterable[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """What candidates can be filtered by.

    Args:
        rows (`Iterable[dict]`): The candidates.

    Returns:
        `tuple[list[str], list[str]]`: Their types in alphabetical order, and their verdicts.

    Example:

    >>> choices([{"replaced": [{"label": label}], "reason": None} for label in ("PER", "LOC")])
    (['LOC', 'PER'], ['kept'])
    """
    rows = list(rows)
    types = sorted({item["label"] for row in rows for item in row["replaced"]})
    found = {verdict_of(row) for row in rows}
    return types, [verdict for verdict in (KEPT, *REASONS) if verdict in found]


def chosen(rows: Iterable[dict[str, Any]], types: Sequence[str], verdicts: Sequence[str]) -> list[dict[str, Any]]:
    """The candidates of some types and verdicts.

    Args:
        rows (`Iterable[dict]`): The candidates.
        types (`Sequence[str]`): Types of replaced mentions.
        verdicts (`Sequence[str]`): Verdicts.

    Returns:
        `list[dict]`: Those that have one of both.

    Example:

    >>> rows = [{"replaced": [{"label": "PER"}], "reason": reason} for reason in (None, "missed")]
    >>> [row["reason"] for row in chosen(rows, ["PER"], ["missed"])], chosen(rows, ["LOC"], ["missed"])
    (['missed'], [])
    """
    return [
        row for row in rows if verdict_of(row) in verdicts and any(item["label"] in types for item in row["replaced"])
    ]


def shown(rows: Sequence[dict[str, Any]], total: int) -> Markup:
    """Candidates as HTML, the first `SHOWN`.

    Args:
        rows (`Sequence[dict]`): Those that were chosen.
        total (`int`): The number of all.

    Returns:
        `Markup`: HTML.
    """
    first = f", the first {SHOWN} are shown" if len(rows) > SHOWN else ""
    count = Markup("<p>{} of {} candidates{}</p>").format(len(rows), total, first)
    return count + listed([swapped(row) for row in rows[:SHOWN]])


def _judge(discriminator: str, sentences: Dataset) -> DiscriminatorPipeline | None:
    if discriminator == NONE:
        return None
    if discriminator == TRAIN:
        return trained_tagger({"train": sentences})
    name = check_name(discriminator)
    return demo_tagger(name) if name in DEMOS else as_discriminator(name)
