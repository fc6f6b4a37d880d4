"""`hf-cfgen report`: the results of experiments as one HTML file and as Markdown."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Template

from ...errors import CfgenError
from ...utils.files import write_text
from . import costs, effects, scores
from .data import best_recipe, recipes, results_table
from .document import TEMPLATES, Section, Text, render
from .paper import counterpart
from .sentences import figure_5

TITLE = "Counterfactual examples for named entity recognition: experiments"

PAGE = "report.html"


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
    table = results_table(results_dir)
    if page is None and markdown is None:
        page = str((results_dir.parent if results_dir.is_file() else results_dir) / PAGE)
    wanted = [(Path(file), template) for file, template in ((page, "report.html"), (markdown, "report.md")) if file]
    for file, _ in wanted:
        if file.is_dir() or not file.parent.is_dir():
            raise CfgenError(f"{file} can't be written: name a file in a folder that is there")
    if len({file.absolute() for file, _ in wanted}) < len(wanted):
        raise CfgenError(f"--output and --markdown are both {page}: name two files")
    if notes is not None and Path(notes).absolute() in {file.absolute() for file, _ in wanted}:
        raise CfgenError(f"{notes} holds the notes and would be written over: name another file")
    made = sections(table, _paragraphs(notes))
    texts = [(file, render(template, TITLE, made)) for file, template in wanted]
    for file, text in texts:
        write_text(file, text)
        print(f"wrote {file}")
    return [file for file, _ in wanted]


def sections(table: pd.DataFrame, notes: Sequence[str] = (), resamples: int = scores.RESAMPLES) -> list[Section]:
    """Make all sections of the report.

    Args:
        table (`pd.DataFrame`): What `results_table` returns.
        notes (`Sequence[str]`, *optional*): Paragraphs to show before the tables.
        resamples (`int`, *optional*, defaults to 1000): Bootstrap resamples of the intervals.

    Returns:
        `list[Section]`: The sections in order.
    """
    best = best_recipe(table)
    compared = [name for name in recipes(table) if name in (scores.DEFAULT, best)]
    return [
        _how_to_read(table, resamples),
        *([Section("Notes", [Text(paragraph) for paragraph in notes])] if notes else []),
        scores.gains(table, resamples),
        *(scores.best(table, name, resamples) for name in compared),
        *(section for section in [scores.controls(table, resamples)] if section.parts),
        scores.table_2(table, best, resamples),
        scores.curves(table, best),
        effects.table_3(table),
        effects.figure_4(table, best),
        figure_5(table, best),
        costs.acceptance(table),
        costs.compute(table, resamples),
        scores.sizes(table),
        costs.not_there(table),
        costs.options(table),
        costs.made_with(table),
    ]


def _how_to_read(table: pd.DataFrame, resamples: int) -> Section:
    text = Template((TEMPLATES / "how_to_read.txt").read_text(encoding="utf-8")).render(
        results=len(table),
        resamples=resamples,
        idiag=any(counterpart(dataset) == "IDiag" for dataset in table.dataset.unique()),
    )
    return Section("How to read this", [Text(paragraph) for paragraph in text.strip().split("\n\n")])


def _paragraphs(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CfgenError(f"{file}: not a readable text file: {error}") from None
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]
