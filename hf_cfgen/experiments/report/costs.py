"""Sections on costs: accepted candidates, compute, options, environment, and missing results."""

import json

import pandas as pd

from ...reporting.formatting import percent
from ...tagging.scoring import LEVELS
from ..statistics import over_seeds
from .data import GROUP, PLACE, SECONDS, compare, missing, seeds_text
from .document import Section, Table, Text
from .scores import PAPER

_OF_TYPE = ["mentions", "forms", "candidates", "kept"]

_GROUP = ("dataset", "model", "N", "recipe")


def acceptance(table: pd.DataFrame) -> Section:
    """The share of candidates that the discriminator kept, by type, and why it rejected the others."""
    by_reason, by_type = [], []
    judged = table.groupby(GROUP, sort=False).filter(lambda runs: runs.judged.any())
    reasons = sorted({reason for result in judged.result for reason in result.counts.rejected})
    for names, runs in judged.groupby(GROUP, sort=False):
        counts = [result.counts for result in runs.result]
        rejected = pd.DataFrame([of.rejected for of in counts], columns=reasons).sum()
        total, kept = (sum(getattr(of, name) for of in counts) for name in ("candidates", "kept"))
        shares = [_share(part, total) for part in (kept, *rejected)]
        by_reason.append([*names, f"{total / len(counts):.0f}", *shares])
        types = pd.DataFrame([{"type": name} | of.to_dict() for each in counts for name, of in each.by_type.items()])
        for label, of in types.groupby("type")[_OF_TYPE].sum().iterrows() if len(types) else ():
            means = [f"{of[name] / len(counts):.0f}" for name in _OF_TYPE]
            by_type.append([*names, label, *means, _share(of.kept, of.candidates)])
    return Section(
        "What the discriminator accepts",
        [
            Text("Candidates are means over seeds. Shares are in percent of the candidates of all seeds."),
            Table.of(
                "Kept, and rejected by reason",
                [*_GROUP, "candidates", "kept, %", *(f"{reason}, %" for reason in reasons)],
                by_reason,
                names=4,
            ),
            Table.of("Kept by type", [*_GROUP, "type", *_OF_TYPE, "kept, %"], by_type, names=5),
        ],
    )


def compute(table: pd.DataFrame, resamples: int) -> Section:
    """What each recipe costs, and its F1 compared with the paper's recipe."""
    rows = []
    for names, runs in table.groupby(GROUP, sort=False):
        cells = [f"{runs.judged.mean():.0f}", f"{runs.mixed.mean():.0f}", seeds_text(runs.steps)]
        rows.append([*names, seeds_text(runs.seed), *cells, *(f"{runs[name].mean():.1f}" for name in SECONDS)])
    text = (
        "Means over seeds. Each row has the full cost of the recipe alone: recipes with the same candidates share the "
        "judging, and all of them share the NoAug tagger of their seed, whose training is not counted. For unjudged "
        "candidates, neither the judging that fixes their number nor that tagger is counted."
    )
    header = [*_GROUP, "seeds", "rows judged", "rows trained on", "steps", *(f"s to {name}" for name in SECONDS)]
    spent = Table.of("Rows, optimizer steps and seconds", header, rows, names=5)
    return Section("What was spent", [Text(text), spent, _against_paper(table, resamples)])


def _against_paper(table: pd.DataFrame, resamples: int) -> Table:
    rows = []
    is_paper = table.options.map(lambda options: options == PAPER)
    for names, ours in table[~is_paper & ~table.noaug].groupby(GROUP, sort=False):
        if (found := compare(ours, table[is_paper], resamples, LEVELS[:1])) is None:
            continue
        paper = table[is_paper].merge(found.runs[[*PLACE, "seed"]])
        cells = [_share(found.runs.judged.sum(), paper.judged.sum()), over_seeds(found.runs.strict)]
        rows.append([*names, seeds_text(found.runs.seed), *cells, found.differences[LEVELS[0]]])
    header = [*_GROUP, "seeds", "rows judged, % of the paper recipe's", "F1", "minus the paper's"]
    return Table.of("Judged rows and strict F1 compared with the paper's recipe", header, rows, names=5)


def options(table: pd.DataFrame) -> Section:
    """The options behind the names."""
    found = set()
    for result in table.drop_duplicates(GROUP).result:
        config = result.config
        for kind, name, values in (
            ("dataset", result.dataset, config["dataset"]),
            ("model", f"{result.model} on {result.dataset}", config["model"] | config["training"]),
            ("recipe", result.recipe, config["recipe"]),
        ):
            found.add((kind, name, json.dumps(values, ensure_ascii=False, sort_keys=True)))
    caption = "The options behind the names"
    return Section("Options", [Table.of(caption, ["kind", "name", "options"], sorted(found), names=3)])


def made_with(table: pd.DataFrame) -> Section:
    """Versions, devices and commits."""
    frame = pd.DataFrame(
        {"hf_cfgen": of.hf_cfgen, "commit": of.commit or "none", "device": of.device} | of.environment
        for of in table.result
    )
    rows = [
        [name, value, str(times)] for name in frame for value, times in frame[name].value_counts().sort_index().items()
    ]
    return Section("Environment", [Table.of("What results were made with", ["", "", "results"], rows, names=2)])


def not_there(table: pd.DataFrame) -> Section:
    """The missing cells."""
    rows = missing(table)
    text = (
        "For each dataset and model, every size is expected with every recipe and every seed that was run with them. "
    ) + ("No result is missing." if rows.empty else "These results are missing; the tables leave them out and say so.")
    header = dict(zip(rows.columns, (*_GROUP, "missing seeds")))
    return Section("What is missing", [Text(text), Table("Missing results", rows.rename(columns=header), names=5)])


def _share(part: float, whole: float) -> str | None:
    return percent(part / whole) if whole else None
