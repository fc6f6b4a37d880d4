"""Docstrings of the Hugging Face style as Markdown, for the API reference that mkdocstrings makes."""

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from griffe import Extension, Object

SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example):\n", re.MULTILINE)
ITEM = re.compile(r"(\w+(?:, \w+)*)( \(.*?\))?: (.*)", re.DOTALL)


class MarkdownDocstrings(Extension):
    """Rewrites every docstring before it is shown."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute.

        Args:
            obj (`Object`): What griffe has found.
        """
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(docstring: str) -> str:
    """A docstring with its sections as lists, paragraphs and code blocks.

    Args:
        docstring (`str`): The docstring, without the indentation of the code.

    Returns:
        `str`: Markdown.
    """
    text, *parts = SECTION.split(docstring)
    sections = [text.strip()]
    for name, body in zip(parts[::2], parts[1::2]):
        sections += [f"**{name}**", "\n".join(_section(name, body))]
    return "\n\n".join(sections)


def _section(name: str, body: str) -> Iterator[str]:
    if name == "Example":
        yield from ("```pycon", body.strip(), "```")
        return
    indented, rest = _indented(body)
    if name == "Returns":
        yield _spaced(indented)
    else:
        for item in re.split(r"\n(?=\S)", indented):
            found = ITEM.fullmatch(item)
            if found is None:
                raise ValueError(f"no item of {name}: {item!r}")
            what, kind, meaning = found.groups()
            title = f"`{what}`" if name == "Raises" else f"**{what}**{' '.join((kind or '').split(chr(10)))}"
            first, _, others = meaning.partition("\n")
            yield f"- {title}: {first}"
            if others:
                yield textwrap.indent(_spaced(textwrap.dedent(others)), "    ")
    if rest:
        yield f"\n{rest}"


def _indented(body: str) -> tuple[str, str]:
    """The indented lines at the beginning, dedented, and what follows."""
    lines = body.strip("\n").split("\n")
    end = next((i for i, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    return textwrap.dedent("\n".join(lines[:end])).strip("\n"), "\n".join(lines[end:]).strip("\n")


def _spaced(text: str) -> str:
    """Markdown knows a list by the blank line before it."""
    return re.sub(r"(^|\n)(?!- |\s)([^\n]+)\n(?=- )", r"\1\2\n\n", text)
