"""Sections on causal effects: Table 3, and Figure 4 with its numbers."""

from collections.abc import Sequence

from ...tagging.scoring import LEVELS
from . import paper
from .document import Charts, Part, Section, Table, Text
from .formatting import DASH, fraction_over_seeds, listed, point, size_name
from .results import EFFECTS, Group, Results, is_noaug, recipes
from .scores import is_paper
from .svg import Point, bar_chart, legend

_NAMES = {"f1": "F1", "ace_c": "ACE_C", "ace_e": "ACE_E", "ri": "RI"}

_ENTITY, _TOKEN = LEVELS[0], LEVELS[2]


def table_3(results: Results) -> Section:
    """Table 3: causal effects of NoAug on the full train split, beside the paper's."""
    rows: list[list[str]] = []
    for group, seeds in results.items():
        if group.n is None and is_noaug(results, group):
            for level in LEVELS:
                cells = _effect_cells(results, group, level)
                rows.append([group.dataset, group.model, level, listed(seeds), *cells])
    ours = len(rows)
    for (dataset, tagger), levels in paper.EFFECTS.items():
        for name, values in levels.items():
            rows.append([dataset, tagger, name, "Zeng et al.", DASH, *(f"{value:+.2f}" for value in values)])
    header = ["data set", "model", "level", "seeds", *_NAMES.values()]
    # the paper's beside ours of the same data set
    order = [paper.counterpart(row[0]) or row[0] for row in rows]
    rows = [row for _, row in sorted(zip(order, rows), key=lambda pair: pair[0])]
    nothing = [] if ours else [Text("No tagger here was trained on a full train split.")]
    return Section(
        "Table 3: what NoAug reads, full train split",
        [*nothing, Table("Average causal effects on F1 of NoAug on the full train split", header, rows, names=4)],
    )


def figure_4(results: Results, best_name: str | None) -> Section:
    """Figure 4: RI with and without augmentation over N, and the effects of all recipes."""
    drawn = [name for name in recipes(results) if name == best_name or is_paper(results, name)]
    parts: list[Part] = []
    sized = [group for group in results if group.n is not None]
    for model in dict.fromkeys(group.model for group in sized):
        first = [group.recipe for group in sized if group.model == model and is_noaug(results, group)]
        names = [*dict.fromkeys(first), *drawn]
        for level in (_ENTITY, _TOKEN):
            charts = []
            for dataset in dict.fromkeys(group.dataset for group in sized if group.model == model):
                series: dict[str, dict[int, Point]] = {name: {} for name in names}
                for group in sized:
                    if group[:2] == (dataset, model) and group.recipe in series and group.n is not None:
                        values = [result["causal"][level]["ri"] for result in results[group].values()]
                        series[group.recipe][group.n] = point(values)
                if any(series.values()):
                    charts.append(bar_chart(f"{dataset}, {model}, {level}", "RI", series))
            if charts:
                parts.append(Charts(f"{level} RI with {model}", [legend(names), *charts]))
    parts.append(_effects_table(results, sized))
    return Section("Figure 4: what taggers read, over N", parts)


def _effects_table(results: Results, groups: Sequence[Group]) -> Table:
    rows = [
        [group.dataset, group.model, size_name(group.n), group.recipe, listed(results[group])]
        + [cell for level in (_ENTITY, _TOKEN) for cell in _effect_cells(results, group, level)]
        for group in groups
    ]
    columns = [f"{level} {name}" for level in (_ENTITY, _TOKEN) for name in _NAMES.values()]
    header = ["data set", "model", "N", "recipe", "seeds", *columns]
    return Table("Average causal effects on F1 by recipe", header, rows, names=5)


def _effect_cells(results: Results, group: Group, level: str) -> list[str]:
    return [
        fraction_over_seeds((result["causal"][level][key] for result in results[group].values()), signed=key != "f1")
        for key in EFFECTS
    ]
