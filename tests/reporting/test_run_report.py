"""Tables of a run, and the pages made of them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hf_cfgen.cli.main import main
from hf_cfgen.reporting import markdown
from hf_cfgen.reporting.diagnosis import bracketed, diagnosis_table
from hf_cfgen.reporting.run_tables import causal_table, score_table

REPOSITORY = Path(__file__).resolve().parents[2]
LEVELS = ("strict", "relaxed", "token")


def tagger(f1: float) -> dict:
    effects = {"f1": f1, "ace_c": -0.1, "ace_e": -f1, "ri": f1 - 0.1, "ri_interval": [0.0, 0.25]}
    effects["f1_interval"] = [f1 - 0.05, f1 + 0.05]
    effects["by_type"] = {"A": {}}
    return {
        "dev_strict_f1": f1,
        "best_step": 5,
        "context_dropout": 0.0,
        "test": {level: {"f1": f1, "precision": 0.25, "recall": 0.75, "by_type": {"A": {}}} for level in LEVELS},
        "causal": dict.fromkeys(LEVELS, effects),
        "seconds": {"train": 1.0},
        "seqeval": {},
    }


def run(n: int, seed: int, no_aug: float, control: float, aug: float) -> dict:
    return {
        "config": {
            "num_train_examples": n,
            "seed": seed,
            "recipe": "budget",
            "max_steps": 9,
            "dataset": "/a/b/cluener",
        }
        | {"model": "lstm", "vectors": None, "pool": False, "split": None, "split_seed": 42, "num_layers": None}
        | {"hidden_size": None, "dropout": None, "freeze_embeddings": True, "k": 5, "learning_rate": 3e-3}
        | {"lr_scheduler_type": "constant", "per_device_train_batch_size": "16", "adam_beta1": "0.9"},
        "environment": {"python": "3"},
        "data": {"examples": {"train": n}},
        "counts": {"kept": 3, "by_type": {"A": {}}},
        "taggers": {"NoAug": tagger(no_aug), "Control": tagger(control), "Aug": tagger(aug)},
    }


RUN = run(100, 1, 0.20, 0.20, 0.30)


def test_the_table_of_a_run_shows_per_cent_gains_and_intervals():
    lines = score_table(RUN).splitlines()
    assert lines[0] == "Test scores (%), N = 100, budget recipe, 9 steps each"
    chosen = run(100, 1, 0.2, 0.2, 0.3)
    tried = [{"context_dropout": 0.0, "dev_strict_f1": 0.25}, {"context_dropout": 0.1, "dev_strict_f1": 0.3}]
    chosen["taggers"]["NoAug"]["tried"], chosen["taggers"]["Aug"]["tried"] = tried[:1], tried
    chosen["taggers"]["Aug"]["context_dropout"] = 0.1
    told = "By strict F1 on dev, Aug is the one with context dropout 0.1 (30.0; without context dropout 25.0)"
    assert score_table(chosen).splitlines() == [*lines, told]
    assert lines[3].split() == ["NoAug", "20.0", "[15.0,", "25.0]", "25.0", "75.0", *["20.0", "25.0", "75.0"] * 2]
    assert lines[-1] == "Aug over NoAug, F1: strict +10.0, relaxed +10.0, token +10.0"
    lines = causal_table(RUN).splitlines()
    assert lines[5].split() == ["Aug", *["0.30", "-0.10", "-0.30", "+0.20"] * 3]
    assert lines[-1] == "Aug: strict RI +0.20, 95 % interval [+0.00, +0.25]"


def effect(f1: float, ace_c: float, ace_e: float, ri: float, **more: int) -> dict:
    points = {"f1": f1, "ace_c": ace_c, "ace_e": ace_e, "ri": ri}
    return points | {f"{name}_interval": [value - 0.125, value + 0.125] for name, value in points.items()} | more


def diagnosis(**changes: Any) -> dict:
    by_type = {"Pe\u0301R": effect(1.0, 0.0, -1.0, 1.0, support=12), "地址": effect(0.5, -0.25, 0.0, -0.25, support=3)}
    effects = {level: effect(f1, -0.125, -0.5, 0.375) | {"by_type": {}} for level, f1 in zip(LEVELS, (0.5, 0.75, 1.0))}
    effects["strict"]["by_type"] = by_type
    return {
        "sentences": 20,
        "scores": {"strict": {"support": 15}},
        "effects": effects,
        "label_map": {},
        "model_types_without_data": [],
        "most_changed": {"do_context": [], "do_entity": []},
    } | changes


def test_the_report_on_a_tagger_shows_effects_with_intervals_by_level_and_by_type():
    assert diagnosis_table(diagnosis()).splitlines() == [
        "Causal effects on F1, 20 sentences, 15 mentions; 95 % intervals "
        "(high RI: the tagger leans on the entity, low: on its context)",
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


def test_the_report_names_types_without_data_and_leaves_out_what_there_is_not():
    assert diagnosis_table(diagnosis(model_types_without_data=["GPE", "MISC"])).splitlines()[-2:] == [
        "",
        "The model's types without a mention in the data: GPE, MISC. Predictions of them count as errors; "
        "--label_map TYPE=O drops them, TYPE=NAME renames them.",
    ]
    nothing = {level: effect(0.0, 0.0, 0.0, 0.0) | {"by_type": {}} for level in LEVELS}
    shown = diagnosis_table(diagnosis(sentences=1, scores={"strict": {"support": 1}}, effects=nothing))
    assert shown.splitlines()[0].startswith("Causal effects on F1, 1 sentence, 1 mention; ")
    assert len(shown.splitlines()) == 5


def test_the_report_shows_the_sentences_with_mentions_in_brackets_and_empty_words():
    english = {"id": "7", "tokens": ["Ada", "Lovelace", "met", "Bo"], "gold": ["B-PER", "I-PER", "O", "B-PER"]}
    english |= {"predicted": ["B-PER", "I-PER", "O", "O"], "intervened": ["B-LOC", "O", "O", "O"]}
    english |= {"empty": [True, True, False, True], "changed": 2}
    chinese = {"id": "z", "tokens": list("在北京。"), "gold": ["O", "B-地址", "I-地址", "O"]}
    chinese |= {"predicted": ["O"] * 4, "intervened": ["B-地址", "O", "B-地址", "I-地址"]}
    chinese |= {"empty": [True, False, False, True], "changed": 3}
    shown = diagnosis_table(diagnosis(most_changed={"do_context": [chinese], "do_entity": [english]}))
    assert shown.splitlines()[-11:] == [
        "Predictions that change most when the context is [EMPTY], do(c0)",
        "z: 3 of 4 words changed",
        "  gold      在[地址 北京]。",
        "  as it is  在北京。",
        "  do(c0)    [地址 [EMPTY]]北[地址 京[EMPTY]]",
        "",
        "Predictions that change most when the mentions are [EMPTY], do(e0)",
        "7: 2 of 4 words changed",
        "  gold      [PER Ada Lovelace] met [PER Bo]",
        "  as it is  [PER Ada Lovelace] met Bo",
        "  do(e0)    [LOC [EMPTY]] [EMPTY] met [EMPTY]",
    ]
    for case, separator in ((english, " "), (chinese, "")):
        runs = case | {"tokens": ["ab" if separator else "a"] * 4, "intervened": ["O"] * 4}
        for empty, line in (
            ([True] * 4, "[EMPTY x4]"),
            ([True, True, False, True], separator.join(["[EMPTY]", "[EMPTY]", runs["tokens"][2], "[EMPTY]"])),
            ([False, True, True, True], separator.join([runs["tokens"][0], "[EMPTY x3]"])),
        ):
            shown = diagnosis_table(diagnosis(most_changed={"do_context": [], "do_entity": [runs | {"empty": empty}]}))
            assert shown.splitlines()[-1] == f"  do(e0)    {line}"


def test_brackets_follow_every_scheme_and_a_sentence_stays_on_its_line():
    assert bracketed(["a", "b", "c"], ["U-X", "B-X", "L-X"]) == "[X a] [X b c]"
    assert bracketed(["a", "b", "c"], ["I-X", "I-Y", "O"], "") == "[X a][Y b]c"
    assert bracketed([], []) == ""
    for odd in ("\n", "\r", "\t", "\u2028", "\x85"):
        assert bracketed(["a", odd, "b"], ["O", "O", "O"]) == "a b"
        assert bracketed(["a", odd, "b"], ["O", "B-X", "I-X"], "").splitlines() == ["a[X b]"]


def test_the_tables_in_readme_and_docs_are_current():
    marked = {
        page.name: re.findall(r"<!-- (\w+) [\w/.]+ -->\n[|`]", page.read_text(encoding="utf-8"))
        for page in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
    }
    assert {page: names for page, names in marked.items() if names} == {
        "README.md": ["gains", "alternatives"],
        "augment.md": ["counts", "run"],
        "diagnose.md": ["diagnosis"],
        "reproduce.md": ["tried"],
        "performance.md": [
            *("goals", "generation", "scale", "discrimination", "metrics", "training", "lstm", "billion"),
        ],
    }
    check = [sys.executable, str(REPOSITORY / "scripts" / "update_readme.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_of_results_is_current(tmp_path):
    page, experiments = tmp_path / "results.md", REPOSITORY / "experiments"
    options = {"--notes": experiments / "notes.txt", "--markdown": page}
    main(["report", str(experiments / "results" / "cells"), *(str(part) for pair in options.items() for part in pair)])
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
