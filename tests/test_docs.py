"""Pages that are made of something else are made of what that is now."""

from scripts.update_formats import PAGE, page


def test_the_page_on_formats_is_current_and_has_every_sample():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python scripts/update_formats.py"
