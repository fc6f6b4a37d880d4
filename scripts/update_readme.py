"""Write the tables of README.md and docs/ from results files; with --check, only say if they are current.

    python scripts/update_readme.py [--check]

A table stands between `<!-- TABLE PATH -->` and `<!-- end -->`, the path from the root of the repository. TABLE is
`gains`, of a folder of results of `hf-cfgen reproduce`, or of a JSON file: `run`, `counts` or `diagnosis`, of one
recorded run, `alternatives`, or `tried`; those of docs/performance.md are in `performance_tables.py`.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

import pandas as pd  # noqa: E402
import performance_tables  # noqa: E402

from hf_cfgen.counterfactual.counts import GenerationCounts  # noqa: E402
from hf_cfgen.evaluation.diagnosis import Diagnosis  # noqa: E402
from hf_cfgen.evaluation.run_result import RunResult  # noqa: E402
from hf_cfgen.experiments.report.data import recipe_order, results_table  # noqa: E402
from hf_cfgen.experiments.report.document import DASH, Table  # noqa: E402
from hf_cfgen.experiments.report.scores import gains  # noqa: E402
from hf_cfgen.experiments.statistics import Difference, over_seeds  # noqa: E402
from hf_cfgen.reporting.diagnosis import diagnosis_table  # noqa: E402
from hf_cfgen.reporting.markdown import table  # noqa: E402
from hf_cfgen.reporting.run_tables import causal_table, counts_line, score_table  # noqa: E402
from hf_cfgen.utils.files import read_json  # noqa: E402

PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
MARKED = re.compile(r"<!-- (\w+) ([\w/.-]+) -->\n.*?<!-- end -->", re.DOTALL)


def _gains_rows(folder: Path) -> list[str]:
    """Strict gains over NoAug: one row per recipe, one column per dataset and model, with the most common sizes.

    Cells measured at other sizes state the sizes; those with fewer than half as many runs as the largest are omitted.
    """
    frame = next(part.frame for part in gains(results_table(folder)).parts if isinstance(part, Table))
    columns: dict[str, pd.Series] = {}
    for (dataset, _), rows in frame.groupby(["dataset", "model"], sort=False):
        if dataset == "all":  # which has other datasets for each recipe
            continue
        pairs = rows.pairs.astype(int)
        shown = rows[2 * pairs >= pairs.max()]
        common = shown["where"].value_counts().index[0]
        texts = [
            _cell(gain, "" if where == common else f" (N={where.partition('N=')[2]})")
            for gain, where in zip(shown.strict, shown["where"])
        ]
        columns[common] = pd.Series(texts, index=shown.recipe)
    wide = pd.DataFrame(columns).fillna(DASH).sort_index(key=lambda names: names.map(recipe_order))
    return table(["recipe", *wide.columns], wide.reset_index().to_numpy().tolist()).splitlines()


def _cell(gain: Difference, sizes: str) -> str:
    return f"**{gain}{sizes}**" if gain.significant else f"{gain}{sizes}"


def _alternatives_rows(file: Path) -> list[str]:
    """What other packages wrote for the same sentences."""
    packages = read_json(file)["packages"]
    lines = ["".join(f"| {name} " for name in ("", *packages)) + "|", "|---" * (1 + len(packages)) + "|"]
    for title, corpus, key in (
        ("broken rows, CLUENER", "CLUENER", "broken"),
        ("broken rows, WNUT-17", "WNUT-17", "broken"),
        ("rows equal to a source row, CLUENER", "CLUENER", "equal_to_a_source_row"),
    ):
        cells = [f"{package[corpus][key]} of {package[corpus]['rows']}" for package in packages.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    rates = [f"{package['CLUENER']['rows_per_second']}" for package in packages.values()]
    return [*lines, f"| rows per second, CLUENER, rough | {' | '.join(rates)} |"]


def _tried_rows(file: Path) -> list[str]:
    """What was tried and dropped: F1 on dev, and how far from that of a recipe of the package with the same seeds."""
    of = read_json(file)
    results = results_table(file.parent)
    results = results[(results[["dataset", "model"]] == [of["dataset"], of["model"]]).all(axis=1)]
    results = results[results.recipe == of["beside"]]
    sizes = list(of["tried"][0]["dev_strict_f1"])
    rows = []
    for tried in of["tried"]:
        cells: list[str] = []
        (seeds,) = {", ".join(scores) for scores in tried["dev_strict_f1"].values()}  # the same of every size
        for n in sizes:
            values = {int(seed): value for seed, value in tried["dev_strict_f1"][n].items()}
            beside = results[results["size"] == n].set_index("seed").dev
            less = (value - beside[seed] for seed, value in values.items())
            cells += [over_seeds(values.values()), over_seeds(less, signed=True)]
        rows.append([tried["what"], seeds, *cells])
    header = ["tried", "seeds", *(name for n in sizes for name in (f"N={n}", f"minus {of['beside']}"))]
    return Table.of("", header, rows, names=2).as_markdown().splitlines()


def _text(text: str) -> list[str]:
    return ["```text", text, "```"]


TABLES: dict[str, Callable[[Path], list[str]]] = {
    "gains": _gains_rows,
    "alternatives": _alternatives_rows,
    "tried": _tried_rows,
    "run": lambda file: _text(f"{score_table(run := RunResult.from_dict(read_json(file)))}\n\n{causal_table(run)}"),
    "counts": lambda file: _text(counts_line(GenerationCounts.from_dict(read_json(file)["counts"]))),
    "diagnosis": lambda file: _text(diagnosis_table(Diagnosis.from_dict(read_json(file)))),
    **performance_tables.TABLES,
}


def current(text: str) -> str:
    """The text with every table made anew."""

    def made(match: re.Match[str]) -> str:
        name, path = match.groups()
        return "\n".join([f"<!-- {name} {path} -->", *TABLES[name](REPOSITORY / path), "<!-- end -->"])

    return MARKED.sub(made, text)


def main() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    stale = {page: current(text) for page, text in texts.items() if text != current(text)}
    if "--check" in sys.argv[1:]:
        names = ", ".join(page.relative_to(REPOSITORY).as_posix() for page in stale)
        sys.exit(f"{names}: not current: run python scripts/update_readme.py" if stale else 0)
    for page, text in stale.items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
