"""Tables of a run, and the pages made of them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen.cli.main import main
from hf_cfgen.counterfactual.counts import GenerationCounts
from hf_cfgen.evaluation.diagnosis import ChangedSentence, Diagnosis
from hf_cfgen.evaluation.recommendation import recommend
from hf_cfgen.evaluation.run_result import RunData, RunResult, TaggerResult
from hf_cfgen.reporting import markdown
from hf_cfgen.reporting.diagnosis import diagnosis_table
from hf_cfgen.reporting.formatting import bracketed
from hf_cfgen.reporting.run_tables import causal_table, recommendation_text, score_table
from hf_cfgen.tagging.scoring import CausalEffects, LevelEffects, LevelScores, TaggerScores, TypeEffects
from hf_cfgen.training.dev_scores import DevEvaluation
from scripts import update_readme

REPOSITORY = Path(__file__).resolve().parents[2]


def effects_of(f1: float, ace_c: float, ace_e: float, ri: float, margin: float) -> dict[str, Any]:
    points = {"f1": f1, "ace_c": ace_c, "ace_e": ace_e, "ri": ri}
    intervals = {f"{name}_interval": (value - margin, value + margin) for name, value in points.items()}
    return {**points, **intervals, "f1_do_context": f1 + ace_c, "f1_do_entity": f1 + ace_e}


def tagger(f1: float, examples: int) -> TaggerResult:
    scores = LevelScores(precision=0.25, recall=0.75, f1=f1, support=4)
    effects = LevelEffects(**effects_of(f1, -0.1, -f1, f1 - 0.1, 0.05))
    return TaggerResult(
        examples=examples,
        dev_strict_f1=f1,
        best_step=5,
        context_dropout=0.0,
        dev=[DevEvaluation(5, f1)],
        seconds={},
        test=TaggerScores(scores, scores, scores),
        causal=CausalEffects(effects, effects, effects),
    )


def run(n: int, no_aug: float, control: float, aug: float) -> RunResult:
    taggers = {"NoAug": tagger(no_aug, n), "Control": tagger(control, n + 3), "Aug": tagger(aug, n + 3)}
    return RunResult(
        hf_cfgen="0.1.0",
        command="hf-cfgen run",
        commit=None,
        names={"dataset": "cluener", "model": "lstm", "vectors": None},
        config={"recipe": "budget", "max_steps": 9},
        environment={"python": "3"},
        data=RunData(characters=False, examples={"train": n}, types=["A"]),
        counts=GenerationCounts(60, 0, 3, 0, 3, 3),
        taggers=taggers,
        recommendation=recommend([["B-A"]], {"NoAug": [["B-A"]], "Aug": [["B-A"]]}, "NoAug", "Aug"),
    )


RUN = run(100, 0.20, 0.20, 0.30)


def test_the_table_of_a_run_has_percentages_gains_and_intervals():
    lines = score_table(RUN).splitlines()
    assert lines[0] == "Test scores (%), N = 100, budget recipe, 9 steps each"
    assert lines[3].split() == ["NoAug", "20.0", "[15.0,", "25.0]", "25.0", "75.0", *["20.0", "25.0", "75.0"] * 2]
    assert lines[-1] == "Aug over NoAug, F1: strict +10.0, relaxed +10.0, token +10.0"
    lines = causal_table(RUN).splitlines()
    assert lines[5].split() == ["Aug", *["0.30", "-0.10", "-0.30", "+0.20"] * 3]
    assert lines[-1] == "Aug: strict RI +0.20, 95 % interval [+0.15, +0.25]"


def test_the_recommendation_says_what_it_is_based_on():
    right, wrong = [["B-A"]] * 12, [["O"]] * 12
    half = right[:6] + wrong[:6]
    better = " ".join(recommendation_text(recommend(right, {"NoAug": wrong, "Aug": half}, "NoAug", "Aug")).split())
    assert "On dev (12 sentences, 12 mentions), strict F1 is 0.0 for NoAug and 66.7 for Aug." in better
    assert "Aug minus NoAug is +66.7 with a 95% interval of [+" in better and better.endswith("Use Aug:")
    three = recommendation_text(recommend(right, {"NoAug": wrong, "Control": half, "Aug": half}, "NoAug", "Aug"))
    assert "strict F1 is 0.0 for NoAug, 66.7 for Control and 66.7 for Aug." in three
    equal = recommendation_text(recommend(right, {"NoAug": half, "Aug": half}, "NoAug", "Aug"))
    assert "[+0.0, +0.0], so chance can explain the difference. Aug is the default:" in " ".join(equal.split())
    useless = recommendation_text(recommend(right, {"NoAug": wrong, "Aug": wrong}, "NoAug", "Aug"))
    assert "No tagger is usable yet" in useless and "--model" in useless and not useless.endswith(":")


def diagnosis(**changes: Any) -> Diagnosis:
    by_type = {
        "Pe\u0301R": TypeEffects(**effects_of(1.0, 0.0, -1.0, 1.0, 0.125), support=12),
        "地址": TypeEffects(**effects_of(0.5, -0.25, 0.0, -0.25, 0.125), support=3),
    }
    levels = [LevelEffects(**effects_of(f1, -0.125, -0.5, 0.375, 0.125)) for f1 in (0.5, 0.75, 1.0)]
    levels[0] = replace(levels[0], by_type=by_type)
    values = {
        "sentences": 20,
        "scores": TaggerScores(*[LevelScores(0.0, 0.0, 0.0, support=15)] * 3),
        "effects": CausalEffects(*levels),
        "model_labels": {},
        "model_types_without_data": [],
        "most_changed": {"do_context": [], "do_entity": []},
    }
    return Diagnosis(**values | changes)


def test_the_report_on_a_tagger_shows_effects_with_intervals_by_level_and_by_type():
    assert diagnosis_table(diagnosis()).splitlines() == [
        "Causal effects on F1, 20 sentences, 15 mentions; 95 % intervals "
        "(high RI: the tagger relies on the entity, low: on its context)",
        "         F1                 ACE_C                 ACE_E                 RI",
        *(
            f"{level}  -0.12 [-0.25, +0.00]  -0.50 [-0.62, -0.38]  +0.38 [+0.25, +0.50]"
            for level in ("strict   0.50 [0.38, 0.62]", "relaxed  0.75 [0.62, 0.88]", "token    1.00 [0.88, 1.12]")
        ),
        "",
        "strict, by type  mentions  F1                 ACE_C                 ACE_E                 RI",
        "Pe\u0301R                    12  1.00 [0.88, 1.12]  +0.00 [-0.12, +0.12]  -1.00 [-1.12, -0.88]"
        "  +1.00 [+0.88, +1.12]",
        "地址                    3  0.50 [0.38, 0.62]  -0.25 [-0.38, -0.12]  +0.00 [-0.12, +0.12]"
        "  -0.25 [-0.38, -0.12]",
    ]


def test_the_report_names_types_without_data_and_omits_empty_parts():
    last = diagnosis_table(diagnosis(model_types_without_data=["GPE", "MISC"])).splitlines()[-1]
    assert "GPE, MISC. " in last and "--model_labels TYPE=O" in last
    nothing = LevelEffects(**effects_of(0.0, 0.0, 0.0, 0.0, 0.0))
    scores = TaggerScores(*[LevelScores(0.0, 0.0, 0.0, support=1)] * 3)
    effects = CausalEffects(nothing, nothing, nothing)
    shown = diagnosis_table(diagnosis(sentences=1, scores=scores, effects=effects))
    assert shown.splitlines()[0].startswith("Causal effects on F1, 1 sentence, 1 mention; ")
    assert len(shown.splitlines()) == 5


ENGLISH = ChangedSentence(
    id="7",
    tokens=["Ada", "Lovelace", "met", "Bo"],
    gold=["B-PER", "I-PER", "O", "B-PER"],
    predicted=["B-PER", "I-PER", "O", "O"],
    intervened=["B-LOC", "O", "O", "O"],
    empty=[True, True, False, True],
    changed=2,
)
CHINESE = ChangedSentence(
    id="z",
    tokens=[*"在北京。"],
    gold=["O", "B-地址", "I-地址", "O"],
    predicted=["O"] * 4,
    intervened=["B-地址", "O", "B-地址", "I-地址"],
    empty=[True, False, False, True],
    changed=3,
)


def test_the_report_shows_sentences_with_mentions_in_brackets_and_empty_words():
    shown = diagnosis_table(diagnosis(most_changed={"do_context": [CHINESE], "do_entity": [ENGLISH]}))
    assert shown.splitlines()[-11:] == [
        "Predictions that change most when the context is [EMPTY], do(c0)",
        "z: 3 of 4 words changed",
        "  gold       在[地址 北京]。",
        "  unchanged  在北京。",
        "  do(c0)     [地址 [EMPTY]]北[地址 京[EMPTY]]",
        "",
        "Predictions that change most when the mentions are [EMPTY], do(e0)",
        "7: 2 of 4 words changed",
        "  gold       [PER Ada Lovelace] met [PER Bo]",
        "  unchanged  [PER Ada Lovelace] met Bo",
        "  do(e0)     [LOC [EMPTY]] [EMPTY] met [EMPTY]",
    ]


@pytest.mark.parametrize(("sentence", "word", "separator"), [(ENGLISH, "ab", " "), (CHINESE, "a", "")])
def test_three_empty_words_in_a_row_are_shown_as_one_with_their_number(sentence, word, separator):
    for empty, line in (
        ([True] * 4, "[EMPTY x4]"),
        ([True, True, False, True], separator.join(["[EMPTY]", "[EMPTY]", word, "[EMPTY]"])),
        ([False, True, True, True], separator.join([word, "[EMPTY x3]"])),
    ):
        row = replace(sentence, tokens=[word] * 4, intervened=["O"] * 4, empty=empty)
        shown = diagnosis_table(diagnosis(most_changed={"do_context": [], "do_entity": [row]}))
        assert shown.splitlines()[-1] == f"  do(e0)     {line}"


def test_brackets_follow_every_scheme_and_a_sentence_stays_on_its_line():
    assert bracketed(["a", "b", "c"], ["U-X", "B-X", "L-X"]) == "[X a] [X b c]"
    assert bracketed(["a", "b", "c"], ["I-X", "I-Y", "O"], "") == "[X a][Y b]c"
    assert bracketed([], []) == ""
    for odd in ("\n", "\r", "\t", "\u2028", "\x85"):
        assert bracketed(["a", odd, "b"], ["O", "O", "O"]) == "a b"
        assert bracketed(["a", odd, "b"], ["O", "B-X", "I-X"], "").splitlines() == ["a[X b]"]


PAGES = {page.name: page.read_text(encoding="utf-8") for page in update_readme.PAGES}
OF_EXPERIMENTS = ("README.md", "reproduce.md")


def test_the_tables_of_runs_and_benchmarks_are_current():
    marked = {name: re.findall(r"<!-- (\w+) [\w/.]+ -->\n[|`]", page) for name, page in PAGES.items()}
    assert {page: names for page, names in marked.items() if names} == {
        "README.md": ["gains", "alternatives"],
        "augment.md": ["counts", "run"],
        "diagnose.md": ["diagnosis"],
        "reproduce.md": ["tried"],
        "performance.md": [
            *("goals", "generation", "scale", "discrimination", "metrics", "training", "lstm", "billion"),
        ],
    }
    for name in PAGES.keys() - OF_EXPERIMENTS:
        assert update_readme.current(PAGES[name]) == PAGES[name], f"{name}: run python scripts/update_readme.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_EXPERIMENTS)
def test_the_tables_of_experiments_are_current(name):
    assert update_readme.current(PAGES[name]) == PAGES[name], "run python scripts/update_readme.py"


@pytest.mark.slow
def test_the_page_of_results_is_current(tmp_path):
    page, experiments = tmp_path / "results.md", REPOSITORY / "experiments"
    options = {"--notes": experiments / "notes.txt", "--markdown": page}
    main(["report", str(experiments / "results"), *(str(part) for pair in options.items() for part in pair)])
    assert page.read_text(encoding="utf-8") == (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b\n\u2028c", r"a\|b c"),
        ("{{ x }} {% y %}", r"\{\{ x \}\} \{% y %\}"),
        ("`<b>` [a](b) &lt; $x$ **b** _i_", r"\`\<b\>\` \[a\](b) \&lt; \$x\$ \*\*b\*\* \_i\_"),
        ("- 1. a", r"\- 1. a"),
        ("+ a", r"\+ a"),
        ("1. a", r"1\. a"),
        ("12) a", r"12\) a"),
        ("a - 1. b", "a - 1. b"),
        ("\\|", r"\\\|"),
    ],
)
def test_text_of_the_data_is_text_in_markdown_too(text, shown):
    assert markdown.escaped(text) == shown


def counterfactual(tokens: list[str], start: int, **values: Any) -> dict[str, Any]:
    item = {"start": start, "end": start + 1, "label": "a|b", "original": ["-"], "replacement": [tokens[start]]}
    return {"tokens": tokens, "replaced": [item], "score": 0.25, "reason": None} | values


def test_an_example_is_a_line_however_long_its_tokens_are():
    row = counterfactual(["w" * 300 + "x", "L" * 201, "y" + "w" * 300], 1, reason="missed")
    assert markdown.example(row, characters=False) == (
        f"…{'w' * 199}x **\\- → {'L' * 200}…** y{'w' * 199}… (a\\|b, score 0.25, rejected as `missed`)"
    )
    row = counterfactual([*"0123456789" * 5], 25)
    assert markdown.example(row, characters=True) == (
        "… 56789012345678901234 **\\- → 5** 67890123456789012345 … (a\\|b, score 0.25)"
    )


def test_an_example_that_the_model_did_not_see_whole_has_no_score():
    row = counterfactual(["Bo", "x"], 0, score=None, reason="truncated")
    assert markdown.example(row, characters=False) == "**\\- → Bo** x (a\\|b, rejected as `truncated`)"


def test_no_line_of_a_block_of_code_ends_it():
    assert [markdown.fence(text) for text in ("", "`a`", "```", "a\n`````\n```")] == ["```", "```", "````", "``````"]
