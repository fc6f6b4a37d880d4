"""Sections on F1: sizes, gains over NoAug, Table 2, the best recipe beside the others, learning curves."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ...tagging.scoring import LEVELS
from . import paper
from .comparisons import Comparison, Comparisons, baselines, dev_gains
from .document import Charts, Part, Section, Table, Text
from .formatting import DASH, gain_cell, listed, percent_over_seeds, point, size_name
from .results import Group, Results, among, config_of, is_noaug, noaug, options_of, recipe_order, recipes
from .svg import Point, Series, legend, line_chart

_LINES = 6

_WHERE = ("pairs", "where", "left out, for want of")

_UNJUDGED = ("judge", "as_many_as")  # options of the control without a discriminator alone

PAPER = {"recipe": "paper"}  # the resolved options of the paper's recipe


def sizes(results: Results) -> Section:
    """Table 1: how many sentences each split has, here and in the paper."""
    rows = []
    for dataset in dict.fromkeys(group.dataset for group in results):
        own = [result for group, seeds in results.items() if group.dataset == dataset for result in seeds.values()]
        here = [listed(result["examples"][split] for result in own) for split in paper.SPLITS]
        name = paper.counterpart(dataset)
        theirs = [DASH] * len(paper.SPLITS) if name is None else [str(size) for size in paper.SIZES[name]]
        types = listed(len(result["types"]) for result in own)
        rows.append([dataset, *here, types, name or DASH, *theirs])
    header = ["data set", "train", "dev", "test", "types", "in the paper", "train", "dev", "test"]
    return Section("Table 1: sizes", [Table("Sentences by split, as run and in the paper", header, rows)])


def gains(comparisons: Comparisons) -> Section:
    """Mean gains over NoAug by data set and model, and over all of them."""
    results = comparisons.results
    rows = []
    places = [*dict.fromkeys(group[:2] for group in results)]
    for place in [None, *places] if len(places) > 1 else places:
        for recipe in recipes(results):
            groups = [group for group in results if group.recipe == recipe and place in (None, group[:2])]
            compared = {level: comparisons.over_noaug(groups, level) for level in LEVELS}
            first = compared[LEVELS[0]]
            if first is None:
                continue
            like = _stands_for(results, groups[0]) if place is not None and judges(results, recipe) else None
            gain = None if like is None else paper.mean_gain(*like, {group.n for group in first.strata})
            theirs = DASH if gain is None else f"{gain:+.1f}"
            names = ["all", "all"] if place is None else list(place)
            shown = [gain_cell(comparison) for comparison in compared.values()]
            rows.append([*names, recipe, *shown, theirs, str(first.runs), _places_of(first.strata)])
    header = ["data set", "model", "recipe", *LEVELS, "in the paper", "pairs", "where"]
    text = (
        "The paper's gain is its mean over the same sizes, save likely copy errors of its table; it stands beside "
        "recipes that have a discriminator, too."
    )
    table = Table("Mean gain in F1 over NoAug, per cent", header, rows, names=3, words=1)
    return Section("Gains over NoAug", [Text(text), table])


def best(comparisons: Comparisons, name: str) -> Section:
    """The best recipe, or a choice on dev, less each of the others, over all data sets and models, and by data set."""
    results = comparisons.results
    others = baselines(results, name)
    choices = among(results, name)
    text = (
        f"{name} is, in each run, the one of {', '.join(choices)} that has the highest strict F1 on dev there"
        if choices
        else f"{name} has the highest mean gain in strict F1 over NoAug on dev, {_decided(results)}"
    ) + "; test scores had no part in the choice."
    header = ["data set", f"{name} less", *LEVELS, *_WHERE]
    rows = [[row[0], *row[2:]] for row in _differences(comparisons, [(name, other) for other in others])]
    return Section(
        f"{name} beside the others",
        [Text(text), Table("Mean difference in F1, per cent", header, rows, names=2, words=2)],
    )


def controls(comparisons: Comparisons) -> Section:
    """Recipes whose candidates are judged less those that take as many of the same candidates unjudged."""
    results = comparisons.results
    options = {group.recipe: options_of(results, group.recipe) for group in results}
    pairs = [
        (judged, control)
        for control in recipes(results)
        for judged in recipes(results)
        if "as_many_as" in options[control]
        and options[judged] == {name: options[control][name] for name in options[control] if name not in _UNJUDGED}
    ]
    text = "What the discriminator adds: as many of the same candidates are taken, those that it accepts or any."
    header = ["data set", "judged", "less unjudged", *LEVELS, *_WHERE]
    rows = _differences(comparisons, pairs)
    return Section(
        "Judged beside unjudged candidates",
        [Text(text), Table("Mean difference in F1, per cent", header, rows, names=3, words=2)] if rows else [],
    )


def judges(results: Results, recipe: str) -> bool:
    """Whether a recipe, or one of those that it chooses among, has candidates that are judged."""
    choices = among(results, recipe) or {recipe: options_of(results, recipe)}
    return any("recipe" in options and options.get("judge", True) for options in choices.values())


def own_choices(results: Results) -> list[str]:
    """The recipes that are a choice among others, one of which has candidates that are judged."""
    return [name for name in recipes(results) if among(results, name) and judges(results, name)]


def _decided(results: Results) -> str:
    """The runs by which a recipe is the best on dev."""
    gains, shared = dev_gains(results)
    places = _places_of(dict.fromkeys(Group(*place, "") for place, _ in shared))
    return f"over the {len(shared)} runs that {', '.join(gains)} all have ({places})"


def chosen(results: Results) -> Section:
    """What was chosen on dev in each run, where a recipe is a choice among others."""
    rows = []
    for name in recipes(results):
        choices = among(results, name)
        own = [group for group in results if choices and group.recipe == name]
        for place in dict.fromkeys(group[:2] for group in own):
            results_of = [result for group in own if group[:2] == place for result in results[group].values()]
            times = Counter(result["chosen"] for result in results_of)
            shown = ", ".join(f"{other} {times[other]}" for other in choices)
            rows.append([name, *place, str(len(results_of)), shown, listed(result["steps"] for result in results_of)])
    text = (
        "For each run the recipe is taken that has the highest strict F1 on dev there, be it none. Its steps are of "
        "all taggers that this needs beside NoAug; its gains stand with the others."
    )
    header = ["recipe", "data set", "model", "runs", "chosen", "steps"]
    return Section(
        "Chosen on dev in each run",
        [Text(text), Table("How often each recipe was chosen", header, rows, names=3, words=2)] if rows else [],
    )


def _differences(comparisons: Comparisons, pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """A row a pair of recipes, over all data sets and then by data set."""
    datasets = [*dict.fromkeys(group.dataset for group in comparisons.results)]
    rows = []
    for dataset in [None, *datasets] if len(datasets) > 1 else datasets:
        for ours, theirs in pairs:
            compared = {level: comparisons.between(ours, theirs, level, dataset) for level in LEVELS}
            first = compared[LEVELS[0]]
            if first is not None:
                shown = [gain_cell(comparison) for comparison in compared.values()]
                where = _places_of(first.strata)
                rows.append([dataset or "all", ours, theirs, *shown, str(first.runs), where, _seeds_of(first)])
    return rows


def table_2(comparisons: Comparisons, best_name: str | None) -> Section:
    """Table 2: F1 of NoAug and of every recipe, by data set, model and N; the paper's beside ours."""
    results = comparisons.results
    parts: list[Part] = _beside_the_paper(results, best_name)
    for dataset, model in dict.fromkeys(group[:2] for group in results):
        rows = []
        for group in (group for group in results if group[:2] == (dataset, model)):
            seeds = results[group]
            cells = []
            for level in LEVELS:
                compared = comparisons.over_noaug([group], level)
                f1 = percent_over_seeds(result["test"][level]["f1"] for result in seeds.values())
                cells += [f1, gain_cell(compared)]
            rows.append([size_name(group.n), group.recipe, listed(seeds), _lacking(results, group), *cells])
        columns = [name for level in LEVELS for name in (f"{level} F1", "gain")]
        header = ["N", "recipe", "seeds", "left out of gains", *columns]
        parts.append(Table(f"F1 and gain over NoAug on {dataset} with {model}, per cent", header, rows, names=4))
    return Section("Table 2: F1", parts)


def curves(results: Results, best_name: str | None) -> Section:
    """Learning curves: F1 over N, of as many recipes as can be told apart.

    Those are NoAug, the best recipe and the paper's, and of the others those with the most results.
    """
    parts: list[Part] = []
    for dataset, model in dict.fromkeys(group[:2] for group in results):
        times = Counter[str]()
        for group, seeds in results.items():
            if group[:2] == (dataset, model) and group.n:
                times[group.recipe] += len(seeds)
        if not times:
            continue
        first = {group.recipe for group in results if is_noaug(results, group)} | {best_name}
        first |= {name for name in times if is_paper(results, name)}
        drawn = sorted(times, key=lambda name: (name not in first, -times[name], *recipe_order(name)))[:_LINES]
        names, others = ([name for name in times if (name in drawn) == part] for part in (True, False))
        charts = [
            line_chart(f"{dataset}, {model}, {level}", "F1, %", _series(results, (dataset, model), names, level))
            for level in LEVELS
        ]
        parts.append(Charts(f"F1 over N on {dataset} with {model}", [legend(names), *charts]))
        if others:
            parts.append(Text(f"Not drawn: {', '.join(others)}."))
    return Section("Learning curves", parts)


def _beside_the_paper(results: Results, best_name: str | None) -> list[Part]:
    rows: list[list[str]] = []
    for (dataset, tagger), pairs in paper.F1.items():
        printed = ["likely a copy error, no target" if pair is None else _arrow(*pair) for pair in pairs]
        rows.append([dataset, tagger, "Zeng et al.", "as printed", *printed])
        for place in dict.fromkeys(group[:2] for group in results if _stands_for(results, group) == (dataset, tagger)):
            named = [name for name in recipes(results) if name == best_name or is_paper(results, name)]
            for recipe in named:
                for level in LEVELS[:2]:
                    ours = [_ours(results, Group(*place, n, recipe), level) for n in paper.TRAIN_EXAMPLES]
                    if set(ours) != {DASH}:
                        rows.append([place[0], place[1], recipe, level, *ours])
    header = ["data set", "tagger", "recipe", "match", *(f"N={n}" for n in paper.TRAIN_EXAMPLES)]
    return [Table("F1 of NoAug → recipe (gain), per cent, in the paper's shape", header, rows, names=4)]


def _ours(results: Results, group: Group, level: str) -> str:
    reference = noaug(results, group)
    seeds = [seed for seed in results.get(group, {}) if reference is not None and seed in results[reference]]
    if reference is None or not seeds:
        return DASH
    f1 = [[results[place][seed]["test"][level]["f1"] for seed in seeds] for place in (reference, group)]
    gain = percent_over_seeds((ours - theirs for theirs, ours in zip(*f1)), signed=True)
    return f"{percent_over_seeds(f1[0])} → {percent_over_seeds(f1[1])} ({gain})"


def _arrow(noaug_f1: float, aug_f1: float) -> str:
    return f"{noaug_f1:.1f} → {aug_f1:.1f} ({aug_f1 - noaug_f1:+.1f})"


def is_paper(results: Results, recipe: str) -> bool:
    """Whether a recipe is the paper's."""
    return any(group.recipe == recipe for group in results) and options_of(results, recipe) == PAPER


def _stands_for(results: Results, group: Group) -> tuple[str, str] | None:
    """The paper's data set and tagger beside which a group is shown."""
    dataset, tagger = paper.counterpart(group.dataset), paper.tagger(str(config_of(results, group)["model"]["model"]))
    return None if dataset is None or tagger is None else (dataset, tagger)


def _series(results: Results, place: tuple[str, str], names: Sequence[str], level: str) -> Series:
    series: dict[str, dict[int, Point]] = {name: {} for name in names}
    for group, seeds in results.items():
        if group[:2] == place and group.n is not None and group.recipe in series:
            series[group.recipe][group.n] = point([100 * result["test"][level]["f1"] for result in seeds.values()])
    return series


def _lacking(results: Results, group: Group) -> str:
    """The seeds that only one of a group and its NoAug taggers has."""
    reference = noaug(results, group)
    if reference is None:
        return "no NoAug tagger"
    return listed(sorted(results[group].keys() ^ results[reference].keys())) or DASH


def _places_of(groups: Iterable[Group]) -> str:
    found: dict[tuple[str, str], list[str]] = {}
    for group in groups:
        found.setdefault(group[:2], []).append(size_name(group.n))
    return "; ".join(f"{dataset} {model} N={', '.join(sizes)}" for (dataset, model), sizes in found.items())


def _seeds_of(comparison: Comparison) -> str:
    """What a comparison lacks."""
    found: dict[tuple[str, tuple[int, ...]], list[Group]] = {}
    for group, seeds in comparison.lacking:
        found.setdefault((group.recipe, seeds), []).append(group)
    parts = (f"{name} on {_places_of(groups)}: seed {listed(seeds)}" for (name, seeds), groups in found.items())
    return "; ".join(parts) or DASH
