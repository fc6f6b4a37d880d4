"""The page of a metric, which the `app.py` of its Space starts."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

SHAPE = "a list of sentences, each a list of tags"


def parse_tags(name: str, text: str) -> list[list[str]]:
    """Parse the JSON text of one input of a metric; a `ValueError` that starts with its name says what is wrong.

    Example:

    >>> parse_tags("references", '[["B-PER", "O"]]')
    [['B-PER', 'O']]
    >>> parse_tags("references", '["B-PER", "O"]')
    Traceback (most recent call last):
    ValueError: references: sentence 0 is "B-PER": give a list of sentences, each a list of tags
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: not JSON ({error}): give {SHAPE}") from None
    if not isinstance(value, list):
        raise ValueError(f"{name}: {json.dumps(value)} is not a list: give {SHAPE}")
    for row, tags in enumerate(value):
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise ValueError(f"{name}: sentence {row} is {json.dumps(tags)}: give {SHAPE}")
    return value


def widget(script: Path, example: Mapping[str, list[list[str]]]) -> Any:
    """Make a page with one JSON text box per input of a metric, filled with an example. It shows the scores as JSON.

    `evaluate.utils.launch_gradio_widget` does not work: it needs `gradio.inputs`, which gradio 4 removed.

    """
    import evaluate
    import gradio

    # on disk, a failed computation would keep its file, and the next one would wait for it
    metric = evaluate.load(str(script), keep_in_memory=True)
    names = list(metric.features)

    def compute(*texts: str) -> dict[str, Any]:
        try:
            return metric.compute(**{name: parse_tags(name, text) for name, text in zip(names, texts)})
        except ValueError as error:
            # gradio shows a message as HTML
            raise gradio.Error(escape(str(error), quote=False), title=metric.name, print_exception=False) from None

    return gradio.Interface(
        compute,
        [gradio.Textbox(json.dumps(example[name]), label=name, lines=3) for name in names],
        gradio.JSON(label="scores"),
        title=metric.name,
        description=f"{metric.description}\nEach input is JSON, {SHAPE}.",
        api_name="compute",
        flagging_mode="never",
        concurrency_limit=1,  # the module holds the inputs while it computes
    )
