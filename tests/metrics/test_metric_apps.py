"""The apps of the metrics' Spaces: each folder, copied to a place of its own, starts and scores."""

import json
import shutil
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from hf_cfgen.metrics.ace_ri.app import EXAMPLE as ACE_RI
from hf_cfgen.metrics.ner_f1.app import EXAMPLE as NER_F1
from hf_cfgen.tagging.scoring import causal_scores, ner_scores

from ..servers import gradio_app

FOLDERS = Path(str(files("hf_cfgen") / "metrics"))
EXAMPLES = {"ace_ri": ACE_RI, "ner_f1": NER_F1}
SCORES = {
    "ace_ri": causal_scores(
        *(ACE_RI[name] for name in ("references", "predictions", "do_context", "do_entity"))
    ).to_dict(),
    "ner_f1": ner_scores(NER_F1["references"], NER_F1["predictions"]).to_dict(),
}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["ace_ri", "ner_f1"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The name of a metric and the address of its app, started in a copy of its folder as a Space starts it."""
    name = request.param
    folder = tmp_path_factory.mktemp("space") / "app"
    shutil.copytree(FOLDERS / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with gradio_app([sys.executable, "app.py"], folder, {"HF_HOME": str(folder.parent / "home")}) as url:
        yield name, url


def compute(url: str, *texts: str) -> Any:
    from gradio_client import Client

    return Client(url, verbose=False).predict(*texts, api_name="/compute")


def error_of(url: str, *texts: str) -> str:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError) as raised:
        compute(url, *texts)
    return str(raised.value)


def test_the_page_holds_the_example(app: tuple[str, str]) -> None:
    name, url = app
    config = json.loads(urlopen(f"{url}config", timeout=5).read())
    boxes = [part["props"] for part in config["components"] if part["type"] == "textbox"]
    assert config["title"] == name
    assert {box["label"]: json.loads(box["value"]) for box in boxes} == EXAMPLES[name]


def test_the_example_is_scored(app: tuple[str, str]) -> None:
    name, url = app
    assert compute(url, *map(json.dumps, EXAMPLES[name].values())) == SCORES[name]


def test_errors_are_messages_and_the_next_request_is_scored(app: tuple[str, str]) -> None:
    name, url = app
    first, *others = map(json.dumps, EXAMPLES[name].values())
    shape = "give a list of sentences, each a list of tags"
    said = "predictions: not JSON (Expecting value: line 1 column 1 (char 0)): " + shape
    assert error_of(url, "", *others) == said
    assert error_of(url, '{"a": 1}', *others) == 'predictions: {"a": 1} is not a list: ' + shape
    assert error_of(url, '[["O"], ["B-PER", null]]', *others) == (
        'predictions: sentence 1 is ["B-PER", null]: ' + shape
    )
    # a message is shown as HTML
    assert error_of(url, '[["<b>", 1]]', *others) == f'predictions: sentence 0 is ["&lt;b&gt;", 1]: {shape}'
    assert "Mismatch in the number of predictions (3) and references" in error_of(
        url, '[["O"], ["O"], ["O"]]', *others
    )
    few = json.dumps([tags[:-1] for tags in EXAMPLES[name]["predictions"]])
    assert "sentence 0: 4 gold tags but 3 predicted ones" in error_of(url, few, *others)
    assert "'PER'" in error_of(url, first.replace("B-PER", "PER"), *others)
    assert compute(url, first, *others) == SCORES[name]
