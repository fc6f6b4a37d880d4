"""Sentences as HTML: what is marked, and that no text of the data becomes markup."""

from typing import Any

from hf_cfgen.reporting.html import marked, passes, swapped

HOSTILE = ["<script>alert(1)</script>", "&amp;", '"x"']


def row(**changes: Any) -> dict[str, Any]:
    item = {"start": 1, "end": 3, "label": "PER", "original": ["Ada"], "replacement": ["Bo", "Li"]}
    values = {
        "source_id": "s-1",
        "tokens": ["hi", "Bo", "Li", "in", "Rome", "!"],
        "ner_tags": ["O", "B-PER", "I-PER", "O", "B-LOC", "O"],
        "replaced": [item],
        "score": 0.256,
        "reason": "wrong_type",
    }
    return values | changes


def test_a_swap_shows_both_forms_the_other_mentions_and_the_verdict():
    assert str(swapped(row())) == (
        '<p>hi <mark class="cfgen-swap"><del>Ada</del> → <ins>Bo Li</ins> <b>PER</b></mark> in '
        "<mark>Rome <b>LOC</b></mark> !</p>\n"
        '<p><span class="cfgen-rejected">✗ wrong_type</span>, score 0.26, from s-1</p>'
    )


def test_a_kept_one_without_a_judge_has_no_score():
    shown = str(swapped(row(score=None, reason=None)))
    assert shown.endswith('<p><span class="cfgen-kept">✓ kept</span>, no score, from s-1</p>')


def test_characters_stand_without_blanks():
    item = {"start": 0, "end": 2, "label": "地", "original": ["东", "京"], "replacement": ["北", "京"]}
    shown = swapped(row(tokens=[*"北京好"], ner_tags=["B-地", "I-地", "O"], replaced=[item]))
    assert str(shown).startswith(
        '<p><mark class="cfgen-swap"><del>东京</del> → <ins>北京</ins> <b>地</b></mark>好</p>'
    )


def test_touching_mentions_are_two_marks():
    assert str(marked(["a", "b"], ["B-X", "B-X"])) == "<mark>a <b>X</b></mark> <mark>b <b>X</b></mark>"


def test_empty_words_are_shown_and_long_runs_counted():
    words, tags = ["a", "b", "c", "d", "e"], ["O", "O", "O", "B-X", "I-X"]
    assert str(marked(words, tags, empty=[True, True, True, False, True])) == (
        "[EMPTY x3] <mark>d [EMPTY] <b>X</b></mark>"
    )


def test_text_of_the_data_is_escaped_wherever_it_stands():
    item = {"start": 0, "end": 3, "label": "<i>", "original": HOSTILE, "replacement": HOSTILE}
    hostile = row(
        tokens=[*HOSTILE, *HOSTILE],
        ner_tags=["B-<i>", "I-<i>", "I-<i>", "O", "O", "O"],
        replaced=[item],
        source_id="<b>",
        reason="<u>",
    )
    words = "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#34;x&#34;"
    assert str(swapped(hostile)) == (
        f'<p><mark class="cfgen-swap"><del>{words}</del> → <ins>{words}</ins> <b>&lt;i&gt;</b></mark> {words}</p>\n'
        '<p><span class="cfgen-rejected">✗ &lt;u&gt;</span>, score 0.26, from &lt;b&gt;</p>'
    )
    assert str(passes({"<b>": marked(HOSTILE[:1], ["O"])})) == (
        '<dl class="cfgen-passes"><dt>&lt;b&gt;</dt><dd>&lt;script&gt;alert(1)&lt;/script&gt;</dd></dl>'
    )
