"""Charts of the report: matplotlib draws them as SVG, the same bytes for the same numbers."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
import pandas as pd
from markupsafe import Markup, escape
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

# text stays text, and is never read as a formula
_STYLE: dict[Any, object] = {"svg.fonttype": "none", "text.parse_math": False, "font.size": 8, "axes.titlesize": 9}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def colors(names: Sequence[str]) -> dict[str, str]:
    """Return the color of each line or bar, as in the charts."""
    return {name: to_hex(f"C{place % 10}") for place, name in enumerate(names)}


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG, without a date or anything else that changes.

    Args:
        figure (`Figure`): The figure.
        name (`str`): What the figure shows, in words.

    Returns:
        `str`: An svg element.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata=_NO_METADATA)
    text = re.sub(r"^.*?<svg ", f'<svg role="img" aria-label="{escape(name)}" ', file.getvalue(), flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def means_and_errors(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return means over seeds and their standard errors, 0 for one seed: one row per size, one column per recipe."""
    by_size = values.assign(n=values.n.astype(int)).groupby(["n", "recipe"])["value"]
    return by_size.mean().unstack(), by_size.sem().fillna(0).unstack()


def chart(title: str, unit: str, values: pd.DataFrame, names: Sequence[str], bars: bool = False) -> Markup:
    """Draw means over seeds by the number of train examples, with error bars of one standard error.

    Args:
        title (`str`): The title.
        unit (`str`): The unit of the values.
        values (`pd.DataFrame`): One row per run: `n`, `recipe` and `value`.
        names (`Sequence[str]`): The recipes to draw.
        bars (`bool`, *optional*, defaults to `False`): Whether to draw bars instead of lines.

    Returns:
        `Markup`: An svg element.
    """
    means, errors = means_and_errors(values)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.7, 3.2), layout="constrained", facecolor="none")
        axes = figure.subplots(subplot_kw={"facecolor": "none"})
        color = colors(names)
        shown = [name for name in names if name in means]
        for place, name in enumerate(shown):
            mean, error = means[name], errors[name]
            if bars:
                width = 0.8 / len(shown)
                places = [i + (place - (len(shown) - 1) / 2) * width for i in range(len(means))]
                axes.bar(places, mean, width, yerr=error, color=color[name], capsize=2)
            else:
                line = mean.dropna()
                axes.errorbar(line.index, line, error.dropna(), marker="o", color=color[name], capsize=2)
        axes.set_xticks(range(len(means)) if bars else means.index, [str(n) for n in means.index])
        axes.set(title=title, ylabel=unit, xlabel="N, train examples")
        axes.axhline(0, color="black", linewidth=0.8) if bars else axes.grid(alpha=0.3)
        text = svg(figure, title)
    return Markup(re.sub(r' xmlns(:\w+)?="[^"]*"', "", text))
