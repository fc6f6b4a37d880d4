"""The parts of a report, and the report as HTML and as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...reporting.html import STYLE
from ...reporting.markdown import escaped
from ...reporting.markdown import table as markdown_lines
from ..statistics import Difference

TEMPLATES = Path(__file__).parents[2] / "reporting" / "templates"

DASH = "–"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: ClassVar = "text"


@dataclass(frozen=True)
class Table:
    """A data frame to show. Its first `names` and its last `words` columns are text, the others are numbers.

    A `Difference` is bold if it is significant; `None` is a dash.
    """

    caption: str
    frame: pd.DataFrame
    names: int = 1
    words: int = 0
    kind: ClassVar = "table"

    @classmethod
    def of(
        cls, caption: str, header: Sequence[str], rows: Sequence[Sequence[object]], names: int, words: int = 0
    ) -> Self:
        """Make a table of rows."""
        return cls(caption, pd.DataFrame(rows, columns=list(header), dtype=object), names, words)

    @property
    def rows(self) -> list[list[object]]:
        """The rows."""
        return self.frame.to_numpy().tolist()

    def is_number(self, column: int) -> bool:
        """Return whether a column, from 0, is numbers."""
        return self.names <= column < self.frame.shape[1] - self.words

    def as_markdown(self) -> str:
        """Return the table without its caption as Markdown."""
        rows = [[self._markdown(*item) for item in enumerate(row)] for row in self.rows]
        return markdown_lines([escaped(name) for name in self.frame.columns], rows)

    def _markdown(self, column: int, cell: object) -> str:
        text = cell_text(cell) if self.is_number(column) else escaped(cell_text(cell))
        return f"**{text}**" if is_significant(cell) else text


@dataclass(frozen=True)
class Charts:
    """Charts with their legend. Markdown leaves them out: the tables have the same numbers."""

    caption: str
    legend: Mapping[str, str]
    charts: Sequence[Markup]
    kind: ClassVar = "charts"


@dataclass(frozen=True)
class Sentences:
    """Sentences with their descriptions, as HTML and as Markdown."""

    caption: str
    html: Sequence[tuple[str, Markup]]
    markdown: Sequence[tuple[str, str]]
    kind: ClassVar = "sentences"


Part = Text | Table | Charts | Sentences


@dataclass(frozen=True)
class Section:
    """A heading and the parts below it."""

    title: str
    parts: Sequence[Part]


def cell_text(cell: object) -> str:
    """Return a cell of a table as text."""
    return DASH if cell is None else str(cell)


def is_significant(cell: object) -> bool:
    """Return whether a cell is a difference whose interval excludes 0."""
    return isinstance(cell, Difference) and cell.significant


def render(template: str, title: str, sections: Sequence[Section]) -> str:
    """Render a report.

    Args:
        template (`str`): `"report.html"` or `"report.md"`.
        title (`str`): The title.
        sections (`Sequence[Section]`): The sections.

    Returns:
        `str`: The text. HTML loads nothing from elsewhere; all text is escaped.

    Example:

    >>> page = render("report.html", "Report", [Section("a < b", [Text("<script>")])])
    >>> "a &lt; b" in page, "<script>" in page
    (True, False)
    >>> print(render("report.md", "Report", [Section("F1", [Table.of("Scores", ["N", "F1"], [["100", "1.0"]], 1)])]))
    # Report
    <BLANKLINE>
    ## F1
    <BLANKLINE>
    **Scores**
    <BLANKLINE>
    | N | F1 |
    |---|---|
    | 100 | 1.0 |
    <BLANKLINE>
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html"),
        undefined=StrictUndefined,
    )
    environment.filters |= {"escaped": escaped, "cell": cell_text}
    environment.tests["significant"] = is_significant
    return environment.get_template(template).render(title=title, sections=sections, style=Markup(STYLE))
