"""The chart of the Diagnose tab."""

from plotly import graph_objects

from ..reporting.formatting import EFFECTS
from ..tagging.scoring import LEVELS, CausalEffects

GRAY = "#808080"  # visible on a light and on a dark background


def figure(effects: CausalEffects) -> graph_objects.Figure:
    """Draw F1, ACE_C, ACE_E and RI by level as bars with intervals."""
    chart = graph_objects.Figure()
    # a transparent background fits the light and the dark theme of the page
    chart.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=GRAY,
        barmode="group",
        height=320,
        margin=dict.fromkeys("lrtb", 30),
        legend_orientation="h",
        yaxis={"range": [-1.05, 1.05], "gridcolor": "rgba(128,128,128,0.35)"},
    )
    for level in LEVELS:
        values = [getattr(effects[level], key) for key in EFFECTS.values()]
        low, high = zip(*(getattr(effects[level], f"{key}_interval") for key in EFFECTS.values()))
        chart.add_bar(
            name=level,
            x=list(EFFECTS),
            y=values,
            error_y={
                "color": GRAY,
                "symmetric": False,
                "array": [end - value for end, value in zip(high, values)],
                "arrayminus": [value - end for end, value in zip(low, values)],
            },
        )
    return chart
