"""Pages that are made of something else are made of what that is now."""

import re

import pytest
from huggingface_hub import ModelCard

from hf_cfgen.utils.files import read_json
from scripts import update_formats, update_model_cards, update_picture
from scripts.update_model_cards import CARDS, FOLDER


def test_the_page_on_formats_is_current_and_has_every_sample():
    page = update_formats.PAGE.read_text(encoding="utf-8")
    assert page == update_formats.page(), "run python scripts/update_formats.py"


def test_the_picture_is_current():
    drawn = update_picture.picture(read_json(update_picture.RECORDED / "run.json"))
    assert update_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run python scripts/update_picture.py"


@pytest.mark.parametrize("name", CARDS)
def test_the_model_cards_are_current(name):
    written = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert written == update_model_cards.page(name), "run python scripts/update_model_cards.py"
    card = ModelCard(written)
    assert len(card.data.eval_results) == 18 and card.data.model_name == name.replace("_", "-")
    assert not re.search(r"(?<![\w.])/(home|work|tmp|root|Users)\b|\.\./", written)


def test_the_list_of_model_cards_has_all():
    listed = re.findall(r"\((\w+)\.md\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(CARDS) == sorted({path.stem for path in FOLDER.glob("*.md")} - {"README"})
