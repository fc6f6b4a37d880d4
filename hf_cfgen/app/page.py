"""The page: its components, their events, and the server."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from html import escape
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from ..data.loading import load_ner_dataset
from ..errors import CfgenError
from ..reporting.html import STYLE
from ..reporting.markdown import escaped
from .augmenting import NONE, TRAIN, choices, chosen, generate, shown
from .chart import figure
from .demo import DEMOS, demo_tagger
from .diagnosing import diagnosed
from .inputs import as_lines

EXAMPLES = 12  # the number of example sentences from a demo corpus

SPLITS = [("test, or the only one", ""), ("train", "train"), ("validation", "validation"), ("test", "test")]

ABOUT = """# hf_cfgen
Make counterfactual examples for named entity recognition, and measure whether a tagger reads the entities or their
context.
"""

CSS = f"""{STYLE}
.cfgen-tables td, .cfgen-tables th {{ word-break: normal; overflow-wrap: normal; }}
@media (max-width: 600px) {{
  .cfgen-tables table {{ font-size: 0.8em; }}
  .cfgen-tables td, .cfgen-tables th {{ padding: 0.3em !important; }}
}}
"""

QUEUE, LARGEST_FILE = 50, "20mb"  # the maximum number of waiting visitors, and of the size of an upload

WORKING, FAILED = "Working …", "Nothing to show: see the message."

EXPIRED = "this result was deleted after an hour: run it again"

PROGRESS = gr.Progress(track_tqdm=True)

# one job at a time, because each needs memory and one or all cores
WORK = {"concurrency_limit": 1, "concurrency_id": "work"}


def serve(host: str | None = None, port: int | None = None) -> None:
    """Serve the page until the process ends.

    Args:
        host (`str`, *optional*): The address to listen on. Defaults to `GRADIO_SERVER_NAME`, or 127.0.0.1.
        port (`int`, *optional*): The port. Defaults to `GRADIO_SERVER_PORT`, or the first free one from 7860.

    Raises:
        OSError: The port is in use.
    """
    # system fonts, so that the page makes no requests to other hosts
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]).set(
        block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_300"
    )
    page().launch(
        server_name=host,
        server_port=port,
        theme=theme,
        css=CSS,
        footer_links=["gradio"],
        max_file_size=LARGEST_FILE,
    )


def page() -> gr.Blocks:
    """Build the page; `launch()` starts it."""
    # delete files that visitors uploaded or made after an hour
    with gr.Blocks(title="hf_cfgen", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        gr.Markdown(ABOUT)
        with gr.Tab("Augment"):
            _augment_tab()
        with gr.Tab("Diagnose"):
            _diagnose_tab()
        ready = gr.Markdown(f"Getting the {DEMOS['demo:en']} demo tagger ready")
        blocks.load(_prepare, None, ready, api_visibility="private")
    return blocks.queue(max_size=QUEUE)


def _augment_tab() -> None:
    gr.Markdown(
        "Paste labeled sentences, choose an example, or upload a file. Each candidate replaces a mention by another "
        "surface form of its type. The discriminator keeps a candidate if it recognizes the new mention."
    )
    with gr.Row():
        with gr.Column():
            text = gr.Textbox(
                _example("demo:en"),
                label="Labeled sentences",
                info="One word and its tag per line, and a blank line after each sentence; or JSON lines, or any "
                "format that hf-cfgen reads",
                lines=12,
                max_lines=12,
            )
            with gr.Row():
                examples = {name: gr.Button(f"{language} example", size="sm") for name, language in DEMOS.items()}
        with gr.Column():
            file = gr.File(label="A labeled file, read instead of the sentences", height=180)
            discriminator = gr.Dropdown(
                [
                    *((f"{language} demo tagger", name) for name, language in DEMOS.items()),
                    ("Train one on these sentences", TRAIN),
                    ("None: keep all", NONE),
                ],
                value="demo:en",
                label="Discriminator",
                info="For your own types, train one on these sentences, or enter the name of a token-classification "
                "model that has these types",
                allow_custom_value=True,
            )
            with gr.Row():
                k = gr.Slider(1, 20, 5, step=1, label="Candidates per sentence")
                seed = gr.Number(42, label="Seed", precision=0, minimum=0)
    button = gr.Button("Generate", variant="primary")
    rows, summary = gr.State(time_to_live=3600), gr.Markdown()
    with gr.Column(visible=False) as results:
        with gr.Row():
            types = gr.CheckboxGroup(label="Types of the replaced mention", interactive=True, min_width=300)
            verdicts = gr.CheckboxGroup(label="Verdicts", interactive=True, min_width=300)
        download = gr.DownloadButton("Download these as JSON lines")
        html = gr.HTML(label="Candidates")

    for name, example in examples.items():
        example.click(
            lambda name=name: (_example(name), None, name), None, [text, file, discriminator], api_visibility="private"
        )
    generated = button.click(_working, None, [summary, results], api_visibility="private").then(
        _generate,
        [text, file, discriminator, k, seed],
        [rows, summary, types, verdicts, results],
        api_name="generate",
        show_progress_on=summary,
        **WORK,
    )
    generated.failure(lambda: FAILED, None, summary, api_visibility="private")
    show, inputs = partial(_show, download.GRADIO_CACHE), [rows, types, verdicts]
    for event in (generated.success, types.input, verdicts.input):
        event(show, inputs, [html, download], api_visibility="private")


def _diagnose_tab() -> None:
    gr.Markdown(
        "Measure F1 of a token-classification model on unchanged sentences, with every word outside the gold mentions "
        "set to [EMPTY], do(c0), and with every word of the gold mentions set to [EMPTY], do(e0)."
    )
    with gr.Row():
        with gr.Column():
            model = gr.Dropdown(
                [(f"{language} demo tagger", name) for name, language in DEMOS.items()],
                value="demo:en",
                label="Model",
                info="Choose, or enter the Hub name or the folder of a token-classification model",
                allow_custom_value=True,
            )
            model_labels = gr.Textbox(
                label="Model labels",
                info="What the model's labels mean in the data, if the names differ: PER=PERSON MISC=O",
            )
        with gr.Column():
            data = gr.Dropdown(
                [(f"{language} demo corpus", name) for name, language in DEMOS.items()],
                value="demo:en",
                label="Data",
                info="Choose, or enter a Hub name or a path",
                allow_custom_value=True,
            )
            split = gr.Dropdown(SPLITS, value="", label="Split")
        file = gr.File(label="A labeled file, read instead of the data", height=180)
    button = gr.Button("Diagnose", variant="primary")
    sentences, tables = gr.State(time_to_live=3600), gr.Markdown(elem_classes="cfgen-tables")
    with gr.Column(visible=False) as results:
        chart = gr.Plot(label="Effects on F1, with 95 % intervals")
        sentence = gr.Dropdown(label="A sentence whose prediction changes", interactive=True)
        html = gr.HTML(label="Predictions")

    button.click(_working, None, [tables, results], api_visibility="private").then(
        _diagnose,
        [model, data, file, split, model_labels],
        [tables, chart, sentences, sentence, html, results],
        api_name="diagnose",
        show_progress_on=tables,
        **WORK,
    ).failure(lambda: FAILED, None, tables, api_visibility="private")
    sentence.input(_sentence, [sentences, sentence], html, api_visibility="private")


def _prepare(progress: gr.Progress = PROGRESS) -> str:
    demo_tagger("demo:en")
    return ""


def _working() -> tuple[str, gr.Column]:
    """Hide the earlier result, so that nobody takes it for the new one if this click fails."""
    return WORKING, gr.Column(visible=False)


def _generate(
    text: str,
    file: str | None,
    discriminator: str,
    k: int,
    seed: int,
    progress: gr.Progress = PROGRESS,
) -> Sequence[Any]:
    with _errors_on_page():
        rows, summary = generate(text, file, discriminator, k, seed)
    types, verdicts = choices(rows)
    return (
        rows,
        escaped(summary),
        gr.CheckboxGroup(types, value=types),
        gr.CheckboxGroup(verdicts, value=verdicts),
        gr.Column(visible=True),
    )


def _show(folder: str, rows: list[dict[str, Any]] | None, types: list[str], verdicts: list[str]) -> Sequence[Any]:
    if rows is None:
        raise gr.Error(EXPIRED, duration=None, print_exception=False)
    selected = chosen(rows, types, verdicts)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in selected)
    path = save_bytes_to_cache(lines.encode(), "counterfactuals.jsonl", folder)
    return str(shown(selected, len(rows))), gr.DownloadButton(value=path, interactive=bool(selected))


def _diagnose(
    model: str,
    data: str,
    file: str | None,
    split: str,
    model_labels: str,
    progress: gr.Progress = PROGRESS,
) -> Sequence[Any]:
    with _errors_on_page():
        tables, effects, sentences = diagnosed(model, data, file, split or None, model_labels)
    names = list(sentences)
    return (
        tables,
        figure(effects),
        sentences,
        gr.Dropdown(names, value=names[0]),
        sentences[names[0]],
        gr.Column(visible=True),
    )


def _sentence(sentences: dict[str, str] | None, name: str) -> str:
    if sentences is None:
        raise gr.Error(EXPIRED, duration=None, print_exception=False)
    return sentences[name]


def _example(name: str) -> str:
    return as_lines(load_ner_dataset(name)["train"].select(range(EXAMPLES)))


@contextmanager
def _errors_on_page() -> Iterator[None]:
    """Show an error about bad input on the page until the visitor closes it."""
    try:
        yield
    except (CfgenError, OSError) as error:
        # Gradio shows a message as HTML
        raise gr.Error(escape(str(error), quote=False), duration=None, print_exception=False) from None
