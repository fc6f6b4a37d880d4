"""The page: its parts, what happens when they are used, and the server."""

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

EXAMPLES = 12  # sentences of a demo corpus to begin with

SPLITS = [("test, or the only one", ""), ("train", "train"), ("validation", "validation"), ("test", "test")]

ABOUT = """# hf_cfgen
Counterfactual examples for named entity recognition, and what a tagger reads: the entities or their context.
"""

CSS = f"""{STYLE}
.cfgen-tables td, .cfgen-tables th {{ word-break: normal; overflow-wrap: normal; }}
@media (max-width: 600px) {{
  .cfgen-tables table {{ font-size: 0.8em; }}
  .cfgen-tables td, .cfgen-tables th {{ padding: 0.3em !important; }}
}}
"""

QUEUE, LARGEST_FILE = 50, "20mb"  # visitors who wait, and an upload

WORKING, FAILED = "Working …", "Nothing to show: see the message."

EXPIRED = "this answer was kept for an hour: ask again"

PROGRESS = gr.Progress(track_tqdm=True)

# one after the other: each takes memory and a core, or all of them
WORK = {"concurrency_limit": 1, "concurrency_id": "work"}


def serve(host: str | None = None, port: int | None = None) -> None:
    """Serve the page until the process ends.

    Args:
        host (`str`, *optional*): The address to listen at. Defaults to `GRADIO_SERVER_NAME`, or 127.0.0.1.
        port (`int`, *optional*): The port. Defaults to `GRADIO_SERVER_PORT`, or the first free one from 7860.

    Raises:
        OSError: The port is taken.
    """
    # fonts of the visitor's machine: no request to other hosts
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
    """The page.

    Returns:
        `gradio.Blocks`: Its `launch()` starts it.
    """
    # files that visitors gave or made are deleted after an hour
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
        "Paste labelled sentences, choose an example, or give a file. In each a mention is replaced by another of its "
        "type; the discriminator keeps the new sentence if it recognizes the new mention."
    )
    with gr.Row():
        with gr.Column():
            text = gr.Textbox(
                _example("demo:en"),
                label="Labelled sentences",
                info="One word and its tag a line, a blank line after each sentence; or JSON lines, or any format "
                "that hf-cfgen reads",
                lines=12,
                max_lines=12,
            )
            with gr.Row():
                examples = {name: gr.Button(f"{language} example", size="sm") for name, language in DEMOS.items()}
        with gr.Column():
            file = gr.File(label="A labelled file, read instead of the sentences", height=180)
            judge = gr.Dropdown(
                [
                    *((f"{language} demo tagger", name) for name, language in DEMOS.items()),
                    ("Train one on these sentences", TRAIN),
                    ("None: judge nothing", NONE),
                ],
                value="demo:en",
                label="Discriminator",
                info="For types of your own train one on these sentences, or enter the name of a token-classification "
                "model that has them",
                allow_custom_value=True,
            )
            with gr.Row():
                k = gr.Slider(1, 20, 5, step=1, label="Candidates a sentence")
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
            lambda name=name: (_example(name), None, name), None, [text, file, judge], api_visibility="private"
        )
    generated = button.click(_working, None, [summary, results], api_visibility="private").then(
        _generate,
        [text, file, judge, k, seed],
        [rows, summary, types, verdicts, results],
        api_name="generate",
        show_progress_on=summary,
        **WORK,
    )
    show = {
        "fn": partial(_show, download.GRADIO_CACHE),
        "inputs": [rows, types, verdicts],
        "outputs": [html, download],
        "api_visibility": "private",
    }
    generated.success(**show)
    generated.failure(lambda: FAILED, None, summary, api_visibility="private")
    for choice in (types, verdicts):
        choice.input(**show)


def _diagnose_tab() -> None:
    gr.Markdown(
        "F1 of a token-classification model on sentences as they are, with every word outside the gold mentions "
        "[EMPTY], do(c0), and with every word of a gold mention [EMPTY], do(e0)."
    )
    with gr.Row():
        with gr.Column():
            model = gr.Dropdown(
                [(f"{language} demo tagger", name) for name, language in DEMOS.items()],
                value="demo:en",
                label="Model",
                info="Choose, or enter a name on the Hub or the folder of a token-classification model",
                allow_custom_value=True,
            )
            model_labels = gr.Textbox(
                label="Model labels",
                info="What the model's labels are called in the data, if not the same: PER=PERSON MISC=O",
            )
        with gr.Column():
            data = gr.Dropdown(
                [(f"{language} demo corpus", name) for name, language in DEMOS.items()],
                value="demo:en",
                label="Data",
                info="Choose, or enter a name on the Hub or a path",
                allow_custom_value=True,
            )
            split = gr.Dropdown(SPLITS, value="", label="Split")
        file = gr.File(label="A labelled file, read instead of the data", height=180)
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
    """What an earlier click showed goes, so that none takes it for the answer if this one fails."""
    return WORKING, gr.Column(visible=False)


def _generate(
    text: str,
    file: str | None,
    discriminator: str,
    k: int,
    seed: int,
    progress: gr.Progress = PROGRESS,
) -> Sequence[Any]:
    with _told():
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
    with _told():
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
def _told() -> Iterator[None]:
    """Bad input within the block becomes a message on the page, which stays until it is closed."""
    try:
        yield
    except (CfgenError, OSError) as error:
        # a message is shown as HTML
        raise gr.Error(escape(str(error), quote=False), duration=None, print_exception=False) from None
