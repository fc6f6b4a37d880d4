"""`hf-cfgen report`: the results of experiments as one HTML file and as Markdown."""

from collections.abc import Sequence
from pathlib import Path

from ...errors import CfgenError
from ...utils.files import write_text
from . import costs, effects, scores
from .comparisons import Comparisons, best_recipe
from .document import Section, Text, as_html, as_markdown
from .paper import counterpart
from .results import Results, among, read_results
from .sentences import figure_5

TITLE = "Counterfactual examples for named entity recognition: experiments"

PAGE = "report.html"

RESAMPLES = 1000


def write_report(
    results_dir: Path, page: str | None = None, markdown: str | None = None, notes: str | None = None
) -> list[Path]:
    """Write the report on experiments. Files of an earlier report are replaced.

    Args:
        results_dir (`Path`): The output folder of `hf-cfgen reproduce`, or a folder of its result files.
        page (`str`, *optional*): The HTML file. Defaults to `report.html` in `results_dir` unless `markdown` is given.
        markdown (`str`, *optional*): A Markdown file with the same tables.
        notes (`str`, *optional*): A text file whose paragraphs appear before the tables.

    Returns:
        `list[Path]`: The files.

    Raises:
        CfgenError: There is no result, one cannot be used, or a file cannot be written.
    """
    results = read_results(results_dir)
    if page is None and markdown is None:
        page = str(results_dir / PAGE)
    wanted = [(Path(file), form) for file, form in ((page, as_html), (markdown, as_markdown)) if file]
    for file, _ in wanted:
        if file.is_dir() or not file.parent.is_dir():
            raise CfgenError(f"{file} can't be written: name a file in a folder that is there")
    if len({file.absolute() for file, _ in wanted}) < len(wanted):
        raise CfgenError(f"--output and --markdown are both {page}: name two files")
    if notes is not None and Path(notes).absolute() in {file.absolute() for file, _ in wanted}:
        raise CfgenError(f"{notes} holds the notes and would be written over: name another file")
    made = sections(results, _paragraphs(notes))
    texts = [(file, form(TITLE, made)) for file, form in wanted]
    for file, text in texts:
        write_text(file, text)
        print(f"wrote {file}")
    return [file for file, _ in wanted]


def sections(results: Results, notes: Sequence[str] = (), resamples: int = RESAMPLES) -> list[Section]:
    """All sections of the report.

    Args:
        results (`Results`): What `read_results` returns.
        notes (`Sequence[str]`, *optional*): Paragraphs to show before the tables.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the intervals.

    Returns:
        `list[Section]`: In their order.
    """
    comparisons, best = Comparisons(results, resamples), best_recipe(results)
    return [
        _how_to_read(results, resamples),
        *([Section("Notes", [Text(paragraph) for paragraph in notes])] if notes else []),
        scores.gains(comparisons),
        *(scores.best(comparisons, name) for name in [*([best] if best else []), *scores.own_choices(results)]),
        *(section for section in [scores.chosen(results), scores.controls(comparisons)] if section.parts),
        scores.table_2(comparisons, best),
        scores.curves(results, best),
        effects.table_3(results),
        effects.figure_4(results, best),
        figure_5(results, best),
        costs.acceptance(results),
        costs.compute(comparisons),
        scores.sizes(results),
        costs.not_there(results),
        costs.options(results),
        costs.made_with(results),
    ]


def _how_to_read(results: Results, resamples: int) -> Section:
    number = sum(map(len, results.values()))
    choices = sum(len(seeds) for group, seeds in results.items() if among(results, group.recipe))
    of_these = f", {choices} of which choose one of the others' taggers on dev" if choices else ""
    texts = [
        f"Made of {number} results{of_these}. Each is of one tagger: a data set, a model, N train examples, a recipe "
        "that makes the rows it is trained on, and a seed, which changes the N examples, the draws and the "
        "initialization. A recipe without options is NoAug, the examples alone. All taggers of a model are trained "
        "for the same number of optimizer steps, the best of their evaluations on dev is taken, and all scores are of "
        "the test split.",
        "Strict F1: same type and boundaries; relaxed: same type, boundaries that overlap; token: by words. "
        "15.0 ± 5.0 is a mean over seeds and its standard error. +1.9 ± 0.4 [+1.1, +2.7] 5/0/1 is a mean difference "
        "of runs with the same seed, its standard error over seeds, its 95 % interval, and the pairs of runs that "
        "were won, tied and lost; it is bold where the interval excludes 0. Without ± there is one seed, in "
        "one at least of the places that a mean is over.",
        f"Intervals are percentile bootstraps, {resamples} resamples of seeds and of test sentences, the same for "
        "both recipes; every seed is tested on the same sentences, so a draw of sentences holds for all seeds. They "
        "say how far a difference may be chance of seeds and sentences, not of data sets. With few seeds they are "
        "rough. Sizes of a data set that were run with different seeds count as independent, which makes intervals "
        "over them narrower. No interval is widened for the number of comparisons in a table.",
        "Differences are taken over the seeds that both recipes have. The tables of one recipe beside the others, and "
        "Table 2, name the seeds that are left out.",
        "Zeng et al. (2020) report one run, other splits, vectors and numbers of steps, and call relaxed what their "
        "scorer counts as exact match: their numbers are shown for orientation.",
    ]
    if any(counterpart(group.dataset) == "IDiag" for group in results):
        texts[-1] += " Their data set IDiag is private; one of that name here is a stand-in."
    return Section("How to read this", [Text(text) for text in texts])


def _paragraphs(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CfgenError(f"{file}: not a readable text file: {error}") from None
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]
