"""The page in a real browser, Debian's chromium, as somebody who tries it uses it."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen import CfgenConfig, __version__, generate_counterfactuals, load_ner_dataset
from hf_cfgen.app import space
from hf_cfgen.app.augmenting import SHOWN
from hf_cfgen.app.demo import STEPS
from hf_cfgen.data.columns import tag_column
from hf_cfgen.evaluation.diagnosis import diagnose
from hf_cfgen.modeling.pipeline import as_discriminator

from ..samples import json_lines
from ..servers import gradio_app

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}
TRAINED = 90_000  # milliseconds that the training of a demo tagger may take
APP = [sys.executable, "-m", "hf_cfgen.cli.main", "app"]
Page = Any
Row = dict[str, Any]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of `hf-cfgen app`, started without a network, and its Hugging Face home."""
    folder = tmp_path_factory.mktemp("app")
    with gradio_app(APP, folder, {"HF_HOME": str(folder / "home")}) as url:
        yield url, folder / "home"


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Page]]:
    """Open a page; in the end none has asked another host for anything or had an error of its own.

    A page still fetches its parts when its button shows: close it before a server of the test's own stops.
    """
    asked: list[str] = []
    errors: list[str] = []
    contexts = []

    def one(url: str, viewport: dict[str, int] = WIDE) -> Page:
        context = browser.new_context(viewport=viewport)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(f"a dialog: {dialog.message}"))
        page.goto(url)
        page.get_by_role("button", name="Generate").wait_for()
        return page

    yield one
    for context in contexts:
        context.close()
    assert errors == []
    assert {url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))} == set()


def generate(page: Page) -> None:
    page.get_by_role("button", name="Generate").click()
    page.locator(".cfgen-rows li").first.wait_for(timeout=TRAINED)


def open_diagnose(page: Page) -> None:
    page.get_by_role("tab", name="Diagnose").click()
    page.get_by_role("button", name="Diagnose").wait_for()


def counted(page: Page, count: int, total: int) -> None:
    """Wait until so many candidates are chosen."""
    page.get_by_text(re.compile(rf"^{count} of {total} candidates")).wait_for()


def downloaded(page: Page) -> list[Row]:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these as JSON lines").or_(
            page.get_by_role("button", name="Download these as JSON lines")
        ).first.click()
    assert download.value.suggested_filename == "counterfactuals.jsonl"
    return [json.loads(line) for line in Path(download.value.path()).read_text(encoding="utf-8").splitlines()]


def expected_rows(home: Path, name: str) -> list[Row]:
    """What the API makes of the first 12 sentences of a demo corpus with the tagger that the app has trained."""
    (folder,) = (path for path in (home / "hf_cfgen").glob(f"{name.replace(':', '-')}-*") if path.is_dir())
    train = load_ner_dataset(name)["train"].select(range(12)).select_columns(["id", "tokens", "ner_tags"])
    kept, rejected, _ = generate_counterfactuals(
        train, as_discriminator(str(folder)), CfgenConfig("budget", k=5, seed=42)
    )
    return [
        row | {"ner_tags": tags} for part in (kept, rejected) for row, tags in zip(part.to_list(), tag_column(part))
    ]


def same(rows: list[Row], expected: list[Row]) -> None:
    def by_id(rows: list[Row]) -> dict[str, Row]:
        return {row["id"]: {name: value for name, value in row.items() if name != "score"} for row in rows}

    assert by_id(rows) == by_id(expected) and len(rows) == len(expected) > 0
    scores = {row["id"]: row["score"] for row in expected}
    assert {row["id"]: row["score"] for row in rows} == pytest.approx(scores, abs=1e-4)


def test_the_first_start_trains_the_demo_tagger_and_shows_how_far_it_is(visit, tmp_path):
    with gradio_app(APP, tmp_path, {"HF_HOME": str(tmp_path / "home")}) as url:
        page = visit(url)
        page.get_by_text("Getting the English demo tagger ready").wait_for()
        page.get_by_text(re.compile(r"\d+\.\d%")).first.wait_for()
        page.get_by_text("Getting the English demo tagger ready").wait_for(state="detached", timeout=TRAINED)
        page.context.close()
    assert [path.name for path in (tmp_path / "home" / "hf_cfgen").iterdir() if path.is_dir()] == [
        f"demo-en-{__version__}-{STEPS}"
    ]


@pytest.mark.parametrize(("example", "name"), [(None, "demo:en"), ("Chinese example", "demo:zh")])
def test_candidates_are_generated_filtered_and_downloaded(app, visit, example, name):
    url, home = app
    page = visit(url)
    if example is not None:
        page.get_by_role("button", name=example).click()
        page.wait_for_function("/[\\u4e00-\\u9fff]/.test(document.querySelector('textarea').value)")
    generate(page)
    rows = expected_rows(home, name)
    counted(page, len(rows), len(rows))
    same(downloaded(page), rows)
    assert page.locator(".cfgen-rows li").count() == len(rows) <= SHOWN

    # what is shown of the first one
    first, gap = downloaded(page)[0], " " if name == "demo:en" else ""
    (item,) = first["replaced"]
    shown = page.locator(".cfgen-rows li").first
    assert shown.locator("del").inner_text() == gap.join(item["original"])
    assert shown.locator("ins").inner_text() == gap.join(item["replacement"])
    assert shown.locator(".cfgen-swap b").inner_text() == item["label"]
    assert f"score {first['score']:.2f}, from {first['source_id']}" in shown.inner_text()
    assert (first["reason"] or "kept") in shown.inner_text()

    rejected = [row for row in rows if row["reason"] is not None]
    assert rejected
    page.get_by_label("kept").uncheck()
    counted(page, len(rejected), len(rows))
    same(downloaded(page), rejected)
    page.get_by_label("kept").check()
    page.get_by_label("PERSON").uncheck()
    page.get_by_label("ORG").uncheck()
    places = [row for row in rows if row["replaced"][0]["label"] == "PLACE"]
    counted(page, len(places), len(rows))
    same(downloaded(page), places)


def test_a_bad_file_is_a_message_and_no_trace_and_a_good_one_works_after_it(app, visit, tmp_path):
    page = visit(app[0])
    generate(page)
    bad, good = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    bad.write_text(json_lines({"tokens": ["a"], "ner_tags": ["O"]}, {"tokens": ["a", "b"], "ner_tags": ["O"]}))
    page.locator("input[type=file]").first.set_input_files(bad)
    page.get_by_text("bad.jsonl").first.wait_for()
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("bad.jsonl:2: 2 tokens and 1 tags").wait_for()
    page.get_by_text("Nothing to show: see the message.").wait_for()
    # nothing of the earlier answer is left to be taken for the new one
    assert page.locator(".cfgen-rows li").count() == 0
    assert "Traceback" not in page.content() and str(tmp_path) not in page.content()

    good.write_text(json_lines({"tokens": ["Ada", "met", "Bo"], "ner_tags": ["B-PERSON", "O", "B-PERSON"]}))
    page.get_by_label("Clear").or_(page.get_by_label("Remove this file")).first.click()
    page.locator("input[type=file]").first.set_input_files(good)
    page.get_by_text("good.jsonl").first.wait_for()
    generate(page)
    counted(page, 2, 2)


def test_a_tagger_that_is_not_there_is_a_message(app, visit):
    page = visit(app[0])
    page.get_by_label("Discriminator").fill("no/such-tagger")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text(re.compile("^no model and tokenizer at 'no/such-tagger': ")).wait_for()
    page.get_by_text("Nothing to show: see the message.").wait_for()
    open_diagnose(page)
    page.get_by_label("Data", exact=True).fill("no/such-data")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Diagnose").click()
    page.get_by_text(
        re.compile("^'no/such-data' is neither a file nor a folder, and as a Hub name can't be loaded: ")
    ).wait_for()
    page.get_by_text("Nothing to show: see the message.").last.wait_for()
    assert "Traceback" not in page.content()


def test_text_of_a_file_is_no_markup(app, visit, tmp_path):
    name = "<img src=x onerror=alert(1)>"
    hostile = tmp_path / "hostile.jsonl"
    hostile.write_text(
        json_lines(*({"tokens": [f"Ada{row}", f"{name}{row}"], "ner_tags": ["O", f"B-{name}"]} for row in "12"))
    )
    page = visit(app[0])
    page.locator("input[type=file]").first.set_input_files(hostile)
    page.get_by_text("hostile.jsonl").first.wait_for()
    page.get_by_label("Discriminator").click()
    page.get_by_role("option", name="None: keep all").click()
    generate(page)
    counted(page, 2, 2)
    assert f"Ada1 {name}1 → {name}2 {name}" in page.locator(".cfgen-rows li").first.inner_text()
    # in a message, too
    hostile.write_text(json_lines({"tokens": [name], "ner_tags": [f"{name}"]}))
    page.get_by_label("Clear").or_(page.get_by_label("Remove this file")).first.click()
    page.locator("input[type=file]").first.set_input_files(hostile)
    page.get_by_text("hostile.jsonl").first.wait_for()
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("Nothing to show: see the message.").wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_the_diagnosis_shows_effects_intervals_a_chart_and_sentences(app, visit):
    url, home = app
    page = visit(url)
    generate(page)  # so that the tagger is there
    open_diagnose(page)
    page.get_by_role("button", name="Diagnose").click()
    page.locator(".cfgen-passes").wait_for()
    (folder,) = (path for path in (home / "hf_cfgen").glob("demo-en-*") if path.is_dir())
    diagnosis = diagnose(str(folder), load_ner_dataset("demo:en")["test"])
    cells = [row.locator("td").all_inner_texts() for row in page.locator(".cfgen-tables tr").all()]
    for level in ("strict", "relaxed", "token"):
        effect = diagnosis.effects[level].to_dict()
        expected = [level]
        for key in ("f1", "ace_c", "ace_e", "ri"):
            sign, (low, high) = "" if key == "f1" else "+", effect[f"{key}_interval"]
            expected.append(f"{effect[key]:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]")
        assert expected in cells
    for label, effect in diagnosis.effects.to_dict()["strict"]["by_type"].items():
        assert [label, str(effect["support"])] in [row[:2] for row in cells]
    page.locator(".js-plotly-plot .bars .point").first.wait_for()
    assert page.locator(".js-plotly-plot .bars .point").count() == 12
    assert page.locator(".js-plotly-plot .errorbar").count() == 12
    assert page.locator(".cfgen-passes dt").all_inner_texts() == [
        "gold",
        "unchanged",
        "without its context, do(c0)",
        "without its mentions, do(e0)",
    ]
    shown = page.locator(".cfgen-passes").inner_text()
    page.get_by_label("A sentence whose prediction changes").click()
    page.get_by_role("option").nth(1).click()
    page.wait_for_function("before => document.querySelector('.cfgen-passes').innerText != before", arg=shown)


def test_a_file_is_diagnosed(app, visit, tmp_path):
    page = visit(app[0])
    open_diagnose(page)
    file, bad = tmp_path / "mine.conll", tmp_path / "bad.conll"
    file.write_text("Heidi B-PERSON\nslept O\n\nin O\nWhitby B-PLACE\n")
    bad.write_text("Heidi B-HERO\nslept O\n")
    page.locator("input[type=file]").last.set_input_files(bad)
    page.get_by_text("bad.conll").first.wait_for()
    page.get_by_role("button", name="Diagnose").click()
    page.get_by_text(re.compile("the data has types HERO, which the model lacks")).wait_for(timeout=TRAINED)
    page.get_by_text("Nothing to show: see the message.").wait_for()
    page.get_by_label("Clear").or_(page.get_by_label("Remove this file")).last.click()
    page.locator("input[type=file]").last.set_input_files(file)
    page.get_by_text("mine.conll").first.wait_for()
    page.get_by_role("button", name="Diagnose").click()
    page.get_by_text("2 sentences, 2 mentions").wait_for()


def test_the_keyboard_is_enough(app, visit):
    page = visit(app[0])

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if (
                page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''").strip()
                == name
            ):
                return
        pytest.fail(f"Tab does not reach {name}")

    tab_to("Generate")
    page.keyboard.press("Enter")
    page.locator(".cfgen-rows li").first.wait_for(timeout=TRAINED)
    all_rows = page.locator(".cfgen-rows li").count()
    page.get_by_label("kept").focus()
    page.keyboard.press("Space")
    page.wait_for_function("before => document.querySelectorAll('.cfgen-rows li').length < before", arg=all_rows)
    tab_to("Diagnose")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Diagnose").wait_for()


def test_a_narrow_screen_holds_all_of_it(app, visit):
    page = visit(app[0], NARROW)

    def check_width() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        for part in page.locator(
            "button:visible, .cfgen-rows li:visible, td:visible, label:visible, dd:visible"
        ).all():
            box = part.bounding_box()
            assert box is None or box["x"] + box["width"] <= NARROW["width"], part.inner_text()

    generate(page)
    check_width()
    open_diagnose(page)
    page.get_by_role("button", name="Diagnose").click()
    page.locator(".cfgen-passes").wait_for()
    page.locator(".js-plotly-plot .bars .point").first.wait_for()
    check_width()


def test_the_folder_of_the_space_starts_where_it_is_put(visit, tmp_path):
    folder = tmp_path / "space"
    shutil.copytree(Path(space.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with gradio_app([sys.executable, "app.py"], folder, {"HF_HOME": str(tmp_path / "home")}) as url:
        page = visit(url)
        assert page.title() == "hf_cfgen"
        page.context.close()


def test_an_answer_that_has_expired_is_a_message_not_an_empty_list():
    import gradio

    from hf_cfgen.app.page import EXPIRED, _sentence, _show

    for ask in (lambda: _show("folder", None, ["PER"], ["kept"]), lambda: _sentence(None, "a")):
        with pytest.raises(gradio.Error) as raised:
            ask()
        assert raised.value.message == EXPIRED
    assert _sentence({"a": "<p>a</p>"}, "a") == "<p>a</p>"
