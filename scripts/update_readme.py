"""Write the tables of README.md and docs/ from results files; with --check, only say if they are current.

    python scripts/update_readme.py [--check]

A table stands between `<!-- TABLE PATH -->` and `<!-- end -->`, the path from the root of the repository. TABLE is
`gains`, of a folder of results of `hf-cfgen reproduce`, or of a JSON file: `run`, `counts` or `diagnosis`, of one
recorded run, `alternatives`, or `tried`; those of docs/performance.md are in `performance_tables.py`.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

import performance_tables  # noqa: E402

from hf_cfgen.counterfactual.counts import GenerationCounts  # noqa: E402
from hf_cfgen.evaluation.diagnosis import Diagnosis  # noqa: E402
from hf_cfgen.evaluation.run_result import RunResult  # noqa: E402
from hf_cfgen.experiments.report.comparisons import Comparisons  # noqa: E402
from hf_cfgen.experiments.report.document import Table, markdown_table  # noqa: E402
from hf_cfgen.experiments.report.formatting import DASH, percent_over_seeds  # noqa: E402
from hf_cfgen.experiments.report.results import Group, read_results, recipe_order  # noqa: E402
from hf_cfgen.experiments.report.scores import gains  # noqa: E402
from hf_cfgen.reporting.diagnosis import diagnosis_table  # noqa: E402
from hf_cfgen.reporting.run_tables import causal_table, counts_line, score_table  # noqa: E402
from hf_cfgen.utils.files import read_json  # noqa: E402

PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
MARKED = re.compile(r"<!-- (\w+) ([\w/.-]+) -->\n.*?<!-- end -->", re.DOTALL)


def _gains_rows(folder: Path) -> list[str]:
    """Strict gains over NoAug, a row a recipe, a column a data set and model with the sizes of most recipes.

    Cells of other sizes name theirs; those with less than half as many results as the most in their column are left
    out.
    """
    *_, table = gains(Comparisons(read_results(folder))).parts
    assert isinstance(table, Table), "it comes last"
    rows_of: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in (dict(zip(table.header, cells)) for cells in table.rows):
        if row["data set"] != "all":  # that is of other data sets for each recipe
            rows_of.setdefault((row["data set"], row["model"]), []).append(row)
    columns: dict[str, dict[str, str]] = {}
    for own in rows_of.values():
        most = max(int(row["pairs"]) for row in own)
        shown = [row for row in own if 2 * int(row["pairs"]) >= most]
        ((where, _),) = Counter(row["where"] for row in shown).most_common(1)
        columns[where] = {
            row["recipe"]: row["strict"] if row["where"] == where else _with_sizes(row["strict"], row["where"])
            for row in shown
        }
    recipes = sorted({recipe for column in columns.values() for recipe in column}, key=recipe_order)
    rows = [[recipe, *(column.get(recipe, DASH) for column in columns.values())] for recipe in recipes]
    return markdown_table(Table("", ["recipe", *columns], rows)).splitlines()


def _with_sizes(cell: str, where: str) -> str:
    return type(cell)(f"{cell} (N={where.partition('N=')[2]})")


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
    results = read_results(file.parent)
    sizes = list(of["tried"][0]["dev_strict_f1"])
    rows = []
    for tried in of["tried"]:
        cells: list[str] = []
        (seeds,) = {", ".join(scores) for scores in tried["dev_strict_f1"].values()}  # the same of every size
        for n in sizes:
            values = {int(seed): value for seed, value in tried["dev_strict_f1"][n].items()}
            beside = results[Group(of["dataset"], of["model"], int(n), of["beside"])]
            less = (value - beside[seed]["dev_strict_f1"] for seed, value in values.items())
            cells += [percent_over_seeds(values.values()), percent_over_seeds(less, signed=True)]
        rows.append([tried["what"], seeds, *cells])
    header = ["tried", "seeds", *(name for n in sizes for name in (f"N={n}", f"less {of['beside']}"))]
    return markdown_table(Table("", header, rows, names=2)).splitlines()


def _text(table: str) -> list[str]:
    return ["```text", table, "```"]


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

    def table(match: re.Match[str]) -> str:
        name, path = match.groups()
        return "\n".join([f"<!-- {name} {path} -->", *TABLES[name](REPOSITORY / path), "<!-- end -->"])

    return MARKED.sub(table, text)


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
