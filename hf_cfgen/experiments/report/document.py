"""What a report consists of, and the report as HTML and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...reporting.html import STYLE
from ...reporting.markdown import escaped, table

TEMPLATES = Path(__file__).parents[2] / "reporting" / "templates"


class Strong(str):
    """A table's cell to be seen first."""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind = "text"


@dataclass(frozen=True)
class Table:
    """A table; its first `names` columns and its last `words` columns hold words, those between them numbers."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1
    words: int = 0
    kind = "table"

    def numbers(self, column: int) -> bool:
        """Whether a column, from 0, holds numbers."""
        return self.names <= column < len(self.header) - self.words


@dataclass(frozen=True)
class Charts:
    """Charts, side by side where there is room. Markdown has the tables with their numbers instead."""

    caption: str
    charts: Sequence[Markup]
    kind = "charts"


@dataclass(frozen=True)
class Sentences:
    """Sentences under a heading, each with what it is, as HTML and as Markdown."""

    caption: str
    html: Sequence[tuple[str, Markup]]
    markdown: Sequence[tuple[str, str]]
    kind = "sentences"


Part = Text | Table | Charts | Sentences


@dataclass(frozen=True)
class Section:
    """A heading and what is under it."""

    title: str
    parts: Sequence[Part]


def as_html(title: str, sections: Sequence[Section]) -> str:
    """The report as one HTML file that loads nothing.

    Args:
        title (`str`): The report's title.
        sections (`Sequence[Section]`): What it holds.

    Returns:
        `str`: The page. All text is escaped.

    Example:

    >>> page = as_html("Report", [Section("a < b", [Text("<script>")])])
    >>> "a &lt; b" in page, "<script>" in page
    (True, False)
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.tests["strong"] = lambda cell: isinstance(cell, Strong)
    template = environment.get_template("report.html")
    return template.render(title=title, sections=sections, style=Markup(STYLE))


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The report as Markdown.

    Args:
        title (`str`): The report's title.
        sections (`Sequence[Section]`): What it holds.

    Returns:
        `str`: The text; charts are left out.

    Example:

    >>> print(as_markdown("Report", [Section("F1", [Table("Scores", ["N", "F1"], [["100", "1.0"]])])]))
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
    blocks = [f"# {escaped(title)}"]
    for section in sections:
        blocks.append(f"## {escaped(section.title)}")
        for part in section.parts:
            if isinstance(part, Text):
                blocks.append(escaped(part.text))
            elif isinstance(part, Table) and part.rows:
                blocks += [f"**{escaped(part.caption)}**", markdown_table(part)]
            elif isinstance(part, Sentences):
                lines = [f"- {escaped(name)}: {text}" for name, text in part.markdown]
                blocks += [f"**{escaped(part.caption)}**", "\n".join(lines)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def markdown_table(part: Table) -> str:
    """A table without its caption, as Markdown.

    Args:
        part (`Table`): The table.

    Returns:
        `str`: Its lines.

    Example:

    >>> print(markdown_table(Table("Scores", ["N", "F1"], [["100", Strong("1.0")]])))
    | N | F1 |
    |---|---|
    | 100 | **1.0** |
    """
    rows = [[_cell(part, *item) for item in enumerate(row)] for row in part.rows]
    return table([escaped(name) for name in part.header], rows)


def _cell(part: Table, column: int, cell: str) -> str:
    text = cell if part.numbers(column) else escaped(cell)
    return f"**{text}**" if isinstance(cell, Strong) else text
