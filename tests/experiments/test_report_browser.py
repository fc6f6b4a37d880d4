"""The report in a real browser, Debian's chromium: wide, narrow, light, dark, and with hostile text."""

import copy
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen.experiments.report.page import write_report

from ..experiment_cells import CORRECTION, COUNTS, cell, written

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "浙商银行企业信贷部" * 40


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with Chinese, with a long sentence, and with markup where text of the data stands."""
    folder = tmp_path_factory.mktemp("report")
    case: dict[str, Any] = copy.deepcopy(CORRECTION) | {"id": HOSTILE}
    case["tokens"] = [*LONG, HOSTILE]
    for tags in ("gold", "noaug", "predicted"):
        case[tags] = ["B-PER", "I-PER", *"O" * (len(LONG) - 2), f"B-{HOSTILE}"]
    counts = COUNTS | {"candidates": 4, "kept": 3, "rejected": {HOSTILE: 1}}
    counts["by_type"] = {HOSTILE: {"mentions": 2, "forms": 2, "candidates": 4, "kept": 3}}
    cells = [
        cell([hits + (recipe != "none"), n // 300], dataset=dataset, n=n, recipe=recipe, seed=seed)
        | ({"corrections": [case], "counts": counts} if recipe != "none" else {})
        for dataset in ("cluener", "cner", "demo-zh")
        for n in (100, 200, 300)
        for recipe in ("none", "budget", "paper", "random-swap")
        for seed, hits in enumerate((0, 1, 1), start=1)
    ]
    cells.append(cell([1, 1], n=None))
    (file,) = write_report(written(folder, cells))
    return file


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_nothing_is_asked_for(browser, page_file, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in page.locator("p, h1, h2, h3, dd, .box, .charts svg").all():
        box = part.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width, part.inner_text()
    # a table that is too wide scrolls in its own box
    wide = page.locator(".box").evaluate_all("boxes => boxes.filter(b => b.scrollWidth > b.clientWidth).length")
    assert wide > 0 or width == 1280
    # what is read in a chart is not smaller than this
    sizes = page.locator(".charts svg").evaluate_all("charts => charts.map(c => c.getBoundingClientRect().width)")
    assert len(sizes) == 3 * 3 + 2 * 3 and min(sizes) >= 330
    ground, text = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    dark = ("rgb(13, 17, 23)", "rgb(230, 237, 243)")
    assert ((ground, text) == dark) is (scheme == "dark")
    assert asked == [page_file.as_uri()] and said == []
    context.close()


def test_no_labels_of_a_chart_overlap(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    overlaps = page.locator(".charts svg").evaluate_all(
        """charts => charts.flatMap(chart => {
            const boxes = [...chart.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
            return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) =>
                p.left < q.right && q.left < p.right && p.top + 2 < q.bottom && q.top + 2 < p.bottom
            ).map(([b]) => [a, b]));
        })"""
    )
    assert overlaps == []
    outside = page.locator(".charts svg").evaluate_all(
        """charts => charts.flatMap(chart => [...chart.querySelectorAll("text")].filter(t => {
            const [box, own] = [chart.getBoundingClientRect(), t.getBoundingClientRect()];
            return own.left < box.left || own.right > box.right || own.top < box.top || own.bottom > box.bottom;
        }).map(t => t.textContent))"""
    )
    assert outside == []
    page.close()


def test_text_of_the_data_is_no_markup(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("img").count() == 0 and page.locator("script").count() == 0
    # in a heading, a table's header, a table's cell, a sentence and its mark
    assert page.get_by_role("heading", name=f"cluener, {HOSTILE}").count() == 1
    assert page.locator("th", has_text=HOSTILE).count() == 1
    assert page.locator("td", has_text=HOSTILE).count() > 0
    assert HOSTILE in page.locator("dd mark").last.inner_text()
    assert page.locator("del", has_text="张三").first.inner_text() == "张三"
    page.close()
