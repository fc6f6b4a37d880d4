"""The page's chart."""

from typing import Any

from plotly import graph_objects

from ..reporting.formatting import EFFECTS
from ..tagging.scoring import LEVELS, CausalEffects

GREY = "#808080"  # seen on a light and on a dark ground


def figure(effects: CausalEffects) -> graph_objects.Figure:
    """A bar chart of F1, ACE_C, ACE_E and RI by level, with intervals.

    Args:
        effects (`CausalEffects`): See `causal_scores`.

    Returns:
        `plotly.graph_objects.Figure`: The chart.
    """
    # on the page's own ground, be it light or dark
    grounds = dict.fromkeys(("paper_bgcolor", "plot_bgcolor"), "rgba(0,0,0,0)")
    layout: dict[str, Any] = {**grounds, "font": {"color": GREY}}
    layout |= {"barmode": "group", "height": 320, "margin": dict.fromkeys("lrtb", 30), "legend": {"orientation": "h"}}
    layout |= {"yaxis": {"range": [-1.05, 1.05], "gridcolor": "rgba(128,128,128,0.35)"}}
    chart = graph_objects.Figure(layout=layout)
    for level in LEVELS:
        values = [getattr(effects[level], key) for key in EFFECTS.values()]
        low, high = zip(*(getattr(effects[level], f"{key}_interval") for key in EFFECTS.values()))
        chart.add_bar(
            name=level,
            x=list(EFFECTS),
            y=values,
            error_y={
                "color": GREY,
                "symmetric": False,
                "array": [end - value for end, value in zip(high, values)],
                "arrayminus": [value - end for end, value in zip(low, values)],
            },
        )
    return chart
