"""The report on experiments: what is read, what is compared, and every table, worked by hand."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_cfgen import CfgenError
from hf_cfgen.cli.main import main
from hf_cfgen.experiments.recipes import resolve_recipes
from hf_cfgen.experiments.report import costs, effects, scores
from hf_cfgen.experiments.report.comparisons import Comparisons, best_recipe
from hf_cfgen.experiments.report.document import Charts, Section, Sentences, Strong, Table, Text, as_html, as_markdown
from hf_cfgen.experiments.report.page import sections
from hf_cfgen.experiments.report.paper import mean_gain
from hf_cfgen.experiments.report.results import Group, counts_of, is_noaug, missing, noaug, read_results
from hf_cfgen.experiments.report.sentences import figure_5
from hf_cfgen.experiments.report.svg import HEIGHT, Point, bar_chart, line_chart
from hf_cfgen.experiments.results import join_results, split_results
from hf_cfgen.experiments.results import read_results as read_files
from scripts import update_readme

from ..experiment_cells import CORRECTION, COUNTS, RECIPES, cell, written

DASH = "–"
# F1 of 0.25 and 0.5; with budget 0.5 and 0.5; with paper 0.75 and 1 of two more
NONE, BUDGET, PAPER = ([1, 0], [1, 1]), ([1, 1], [1, 1]), ([2, 1], [2, 2])


def grid(**changes: Any) -> list[dict[str, Any]]:
    return [
        cell(hits, recipe=recipe, seed=seed, dev=dev, **changes)
        for recipe, by_seed, dev in (("none", NONE, 0.2), ("budget", BUDGET, 0.4), ("paper", PAPER, 0.3))
        for seed, hits in enumerate(by_seed, start=1)
    ]


def results_of(folder: Path, cells: list[dict[str, Any]]) -> Any:
    return read_results(written(folder, cells))


def tables(section: Section) -> list[Table]:
    return [part for part in section.parts if isinstance(part, Table)]


# reading


def test_results_are_read_by_group_and_seed_from_either_folder(tmp_path):
    cells = [*grid(n=300), *grid(), *grid(dataset="cner")]
    found = results_of(tmp_path, cells)
    assert [tuple(group) for group in found] == [
        (dataset, "lstm", n, recipe)
        for dataset, n in (("cluener", 100), ("cluener", 300), ("cner", 100))
        for recipe in ("none", "budget", "paper")
    ]
    assert all(list(by_seed) == [1, 2] for by_seed in found.values())
    assert read_results(tmp_path / "cells") == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.pop("sentences"), "it lacks sentences"),
        (lambda one: one["causal"]["token"].pop("ri"), "it lacks causal.token.ri"),
        (lambda one: one.pop("recipe"), "it lacks recipe"),
        (lambda one: one.update(n="100"), "n is '100', not int"),
        (lambda one: one.update(dev_strict_f1=None), "dev_strict_f1 is None, not float"),
        (lambda one: one["test"]["token"].update(f1="0.5"), "test.token.f1 is '0.5', not float"),
        (lambda one: one["seconds"].update(judge=None), "seconds.judge is None, not float"),
        (lambda one: one.update(counts={"kept": 3}), "it lacks counts.examples"),
        (lambda one: one["sentences"]["token"].pop("gold"), "it lacks sentences.token.gold"),
        (lambda one: one["sentences"]["token"].update(hits=[1, None]), "sentences.token: a count is not a whole num"),
        (lambda one: one["sentences"]["strict"]["hits"].pop(), "sentences.strict: the numbers of hits"),
        (
            lambda one: one.update(corrections=[CORRECTION | {"kept": CORRECTION["kept"] | {"source": {}}}]),
            "it lacks corrections[0].kept.source.id",
        ),
    ],
)
def test_a_file_that_is_no_result_is_named(tmp_path, change, message):
    bad = cell([1, 0])
    change(bad)
    (tmp_path / "bad.json").write_text(json.dumps(bad))
    with pytest.raises(CfgenError, match=f"not a result of a cell, {re.escape(message)}") as error:
        read_results(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'bad.json'}: ")


def test_a_parquet_file_holds_what_the_files_of_cells_hold(tmp_path):
    # all kinds of values: null, nested, empty, and of other keys in each cell
    cells = [*grid(), cell([1, 1], n=None, commit=None), cell([1, 0], recipe="budget", seed=3, chosen="budget")]
    written(tmp_path, cells)
    results = [result for found in read_files(tmp_path).values() for result in found]
    assert sorted((result.recipe, result.n or 0, result.seed) for result in results) == sorted(
        (one["recipe"], one["n"] or 0, one["seed"]) for one in cells
    )
    (tmp_path / "joined").mkdir()
    join_results(results, tmp_path / "joined" / "all.parquet")
    for path in (tmp_path / "joined", tmp_path / "joined" / "all.parquet"):
        ((file, again),) = read_files(path).items()
        assert file == tmp_path / "joined" / "all.parquet"
        assert sorted(again, key=lambda result: result.name) == sorted(results, key=lambda result: result.name)
        assert all(type(result.n) in (int, type(None)) for result in again)
    table = pq.read_table(tmp_path / "joined" / "all.parquet").to_pylist()
    row = next(row for row in table if (row["recipe"], row["seed"]) == ("paper", 2))
    # F1 of 1, and of two sentences two hits each
    assert (row["test.strict.f1"], row["sentences.strict.hits"], row["seconds.judge"]) == (1.0, [2, 2], 50.0)
    assert read_results(tmp_path / "joined") == read_results(tmp_path)
    # one file per cell again, under the names that the runner looks for
    split_results(tmp_path / "joined", tmp_path / "again")
    files = sorted((tmp_path / "again" / "cells").glob("*.json"))
    assert [file.stem for file in files] == sorted(result.name for result in results)
    assert read_results(tmp_path / "again") == read_results(tmp_path)
    (tmp_path / "joined" / "all.parquet").write_bytes(b"no")
    with pytest.raises(CfgenError, match=r"all\.parquet: not a Parquet file of results"):
        read_results(tmp_path / "joined")
    pq.write_table(pa.table({"n": [1]}), tmp_path / "joined" / "all.parquet")
    with pytest.raises(CfgenError, match=r"all\.parquet: not a result of a cell, it lacks hf_cfgen"):
        read_results(tmp_path / "joined")


def test_results_that_contradict_each_other_are_named(tmp_path):
    written(tmp_path, [cell([1, 0])])
    (tmp_path / "cells" / "again.json").write_text(json.dumps(cell([1, 1])))
    with pytest.raises(CfgenError, match=r"cluener-lstm-n100-none-seed1-\w+, which again.json has: delete one"):
        read_results(tmp_path)
    (tmp_path / "cells" / "again.json").unlink()
    tokens = cell([1, 0])["sentences"]
    tokens["token"]["gold"] = [6, 7]
    for change, message in (
        ({"sentences": cell([1, 0, 1])["sentences"]}, "other test sentences"),
        ({"sentences": tokens}, "other test sentences"),
        ({"config": cell([1])["config"] | {"training": {"max_steps": 9}}}, "other options of data set, model or"),
    ):
        written(tmp_path, [cell([1, 0], seed=2) | change])
        with pytest.raises(CfgenError, match=f"seed2-0123abcd.json: {message}.* than .*seed1"):
            read_results(tmp_path)
    config = cell([1])["config"]
    written(tmp_path, [cell([1, 0], seed=2), cell([1, 0], recipe="budget")])
    written(tmp_path, [cell([1, 0], recipe="budget", seed=2) | {"config": config | {"recipe": {"k": 9}}}])
    with pytest.raises(CfgenError, match="other options of the recipe"):
        read_results(tmp_path)


def test_what_is_missing_of_a_product_is_listed(tmp_path):
    cells = [*grid(), cell([1, 0], n=300), cell([1, 0], dataset="cner", seed=7)]
    assert missing(results_of(tmp_path, cells)) == [
        (Group("cluener", "lstm", 300, "none"), [2]),
        (Group("cluener", "lstm", 300, "budget"), [1, 2]),
        (Group("cluener", "lstm", 300, "paper"), [1, 2]),
    ]
    (table,) = tables(costs.not_there(results_of(tmp_path, cells)))
    assert table.rows[1] == ["cluener", "lstm", "300", "budget", "1, 2"]
    (part,) = costs.not_there(results_of(tmp_path / "whole", grid())).parts[:1]
    assert isinstance(part, Text) and part.text.endswith("All of these are there.")


def test_counts_are_of_the_level_and_of_the_seeds_in_their_order(tmp_path):
    results = results_of(tmp_path, [cell([1, 0]), cell([1, 2], seed=2), cell([2, 2], seed=3)])
    group = Group("cluener", "lstm", 100, "none")
    # hits, predictions and gold items of both sentences
    assert counts_of(results, group, [2, 1], "strict").tolist() == [[[1, 2, 2], [2, 2, 2]], [[1, 2, 2], [0, 2, 2]]]
    assert counts_of(results, group, [2, 1], "token").tolist() == [[[2, 4, 6], [3, 4, 6]], [[2, 4, 6], [1, 4, 6]]]


def test_noaug_is_the_recipe_without_any_option(tmp_path):
    dropout = cell([1, 1], recipe="dropout", counts=None, corrections=[])
    results = results_of(tmp_path, [*grid()[::2], dropout])
    without, others = Group("cluener", "lstm", 100, "none"), ("budget", "dropout", "paper")
    # context dropout makes no rows, and NoAug has none
    assert [is_noaug(results, group) for group in results] == [True, False, False, False]
    assert [noaug(results, without._replace(recipe=name)) for name in others] == [without] * 3
    (table,) = tables(scores.gains(Comparisons(results)))
    # 0.5 and 0.75 less 0.25, and dropout's 0.5
    assert [(row[2], row[3].split()[0]) for row in table.rows] == list(zip(others, ("+25.0", "+25.0", "+50.0")))


# comparing


def test_recipes_are_compared_on_the_seeds_that_both_have_and_the_others_are_named(tmp_path):
    cells = [*grid(), cell([1, 1], recipe="budget", seed=3), *grid(n=300)[:2]]
    comparisons = Comparisons(results_of(tmp_path, cells))
    found = comparisons.between("budget", "none")
    assert found is not None
    # differences of 0.25 and 0
    assert (found.difference.mean, found.difference.error, found.runs) == (0.125, pytest.approx(0.125), 2)
    assert found.strata == (Group("cluener", "lstm", 100, "budget"),)
    assert found.lacking == (
        (Group("cluener", "lstm", 100, "none"), (3,)),
        (Group("cluener", "lstm", 300, "budget"), (1, 2)),
    )
    (table,) = tables(scores.best(comparisons, "budget"))
    assert table.rows[0] == [
        *("cluener", "none"),
        # 2/3 and 2/5 of the strict differences
        *("+12.5 ± 12.5 [+0.0, +50.0] 1/1/0", "+8.3 ± 8.3 [+0.0, +33.3] 1/1/0", "+5.0 ± 5.0 [+0.0, +20.0] 1/1/0"),
        *("2", "cluener lstm N=100"),
        "none on cluener lstm N=100: seed 3; budget on cluener lstm N=300: seed 1, 2",
    ]
    assert comparisons.between("budget", "random-swap") is None


def test_judged_candidates_stand_beside_as_many_of_the_same_unjudged_ones(tmp_path):
    def with_dropout(made: dict[str, Any]) -> dict[str, Any]:
        options = made["config"]["recipe"] | {"context_dropout": 0.2}
        return made | {"recipe": f"{made['recipe']}+d", "config": made["config"] | {"recipe": options}}

    taken = {"as_many_as": {"budget": RECIPES["budget"]}}
    swap, budget = cell([1, 0], recipe="random-swap"), cell([1, 1], recipe="budget")
    swap["config"]["recipe"] = swap["config"]["recipe"] | taken
    cells = [cell([1, 0]), swap, budget, cell([2, 1], recipe="paper"), *map(with_dropout, (swap, budget))]
    cells[-1] = cells[-1] | {key: cell([1, 2], recipe="budget")[key] for key in ("test", "sentences")}
    (table,) = tables(scores.controls(Comparisons(results_of(tmp_path, cells))))
    assert [row[:3] for row in table.rows] == [
        ["cluener", "budget", "random-swap"],
        ["cluener", "budget+d", "random-swap+d"],
    ]
    assert [[shown.split()[0] for shown in row[3:6]] for row in table.rows] == [
        ["+25.0", "+16.7", "+10.0"],
        ["+50.0", "+33.3", "+20.0"],
    ]
    # all of the unjudged candidates are not as many
    cells[1]["config"]["recipe"] = RECIPES["random-swap"]
    (table,) = tables(scores.controls(Comparisons(results_of(tmp_path / "all", cells))))
    assert [row[1] for row in table.rows] == ["budget+d"]
    assert scores.controls(Comparisons(results_of(tmp_path / "none", cells[:1]))).parts == []


def test_what_was_chosen_on_dev_is_counted_and_is_no_rival_of_what_it_was_chosen_from(tmp_path):
    among = {name: RECIPES[name] for name in ("none", "budget")}
    made = []
    for seed, name, dev in ((1, "budget", 0.9), (2, "none", 0.8), (3, "budget", 0.7)):
        result = cell([1, 1], recipe="budget", seed=seed, dev=dev, chosen=name, counts=None, steps=1200 * seed)
        made.append(result | {"recipe": "chosen", "config": result["config"] | {"recipe": {"among": among}}})
    results = results_of(tmp_path, [*grid(), *made])
    (table,) = tables(scores.chosen(results))
    assert table.rows == [["chosen", "cluener", "lstm", "3", "none 1, budget 2", "1200, 2400, 3600"]]
    assert best_recipe(results) == "budget"
    (text, table) = scores.best(Comparisons(results), "chosen").parts
    assert text == Text(
        "chosen is, in each run, the one of none, budget that has the highest strict F1 on dev there; test scores had "
        "no part in the choice."
    )
    assert [row[1] for row in table.rows] == ["none", "budget", "paper"]
    assert {row[3] for row in tables(costs.acceptance(results))[0].rows} == {"budget", "paper"}
    titles = [section.title for section in sections(results)]
    assert {"budget beside the others", "chosen beside the others", "Chosen on dev in each run"} <= set(titles)
    # a choice among what nobody judged has no table of its own beside the others
    assert scores.own_choices(results) == ["chosen"]
    for options in ({"recipe": "budget", "k": 5, "judge": False}, {"baseline": "mention-replacement", "p": 0.7}):
        for result in made:
            result["config"]["recipe"] = {"among": {"none": {}, "other": options}}
        assert scores.own_choices(results_of(tmp_path / str(len(options)), [*grid(), *made])) == []
    assert scores.chosen(results_of(tmp_path / "none", grid())).parts == []


def test_the_best_recipe_is_the_one_that_is_best_on_dev(tmp_path):
    # on test paper is better
    assert best_recipe(results_of(tmp_path, grid())) == "budget"
    # one that was hardly run is not looked at, and gains are of what all others have
    few = [cell([2, 2], recipe="random-swap", dev=0.9, n=300), cell([1, 0], n=300, dev=0.2)]
    more = [cell([1, 1], recipe="budget", n=300, dev=0.0)]
    assert best_recipe(results_of(tmp_path / "few", [*grid(), *few, *more])) == "budget"
    assert best_recipe(results_of(tmp_path / "none", [cell([1])])) is None


def test_the_best_recipe_has_the_highest_mean_over_data_sets_whatever_their_seeds(tmp_path):
    # gains on dev: budget 0.1 in each of three runs and 0.5 in one, paper 0.2 and 0.3; means 0.3 and 0.25 over data
    # sets, 0.2 and 0.225 over runs
    runs = [("cluener", 1, 0.1, 0.2), ("cluener", 2, 0.1, 0.2), ("cluener", 3, 0.1, 0.2), ("demo", 1, 0.5, 0.3)]
    cells = [
        cell([1, 0], dataset=dataset, recipe=recipe, seed=seed, dev=dev)
        for dataset, seed, budget, paper in runs
        for recipe, dev in (("none", 0.0), ("budget", budget), ("paper", paper))
    ]
    results = results_of(tmp_path, cells)
    assert best_recipe(results) == "budget"
    text, _ = scores.best(Comparisons(results), "budget").parts
    assert text == Text(
        "budget has the highest mean gain in strict F1 over NoAug on dev, over the 4 runs that budget, paper all have "
        "(cluener lstm N=100; demo lstm N=100); test scores had no part in the choice."
    )


def test_a_recipe_with_half_as_many_runs_as_another_may_be_the_best(tmp_path):
    cells = [
        cell([1, 0], recipe=recipe, seed=seed, dev=dev)
        for recipe, seeds, dev in (("none", 4, 0.0), ("budget", 4, 0.1), ("paper", 2, 0.3))
        for seed in range(1, seeds + 1)
    ]
    assert best_recipe(results_of(tmp_path, cells)) == "paper"
    assert best_recipe(results_of(tmp_path / "fewer", cells[:-1])) == "budget"


def test_a_case_of_several_recipes_is_shown_of_the_best(tmp_path):
    cells = [*grid()[:2], *(cell([1, 1], recipe=name, corrections=[CORRECTION]) for name in ("budget", "paper"))]
    results = results_of(tmp_path, cells)
    for best in ("budget", "paper"):
        shown = [part.caption for part in figure_5(results, best).parts if isinstance(part, Sentences)]
        assert shown == [f"cluener, test-1: {best} with lstm, N=100, seed 1"]


def test_figure_4_leaves_out_a_data_set_of_which_nothing_is_drawn(tmp_path):
    cells = [*grid(), cell([1, 0], dataset="demo", recipe="random-swap"), cell([1, 0], model="bert", recipe="budget")]
    section = effects.figure_4(results_of(tmp_path, cells), "budget")
    assert [part.caption for part in section.parts if isinstance(part, Charts)] == [
        f"{level} RI with {model}" for model in ("bert", "lstm") for level in ("strict", "token")
    ]
    assert [len(part.charts) for part in section.parts if isinstance(part, Charts)] == [2] * 4  # legend and chart
    (table,) = tables(effects.figure_4(results_of(tmp_path / "none", cells[-2:-1]), None))
    assert [row[3] for row in table.rows] == ["random-swap"]


# tables


def test_the_table_of_gains_has_means_errors_intervals_and_the_papers(tmp_path):
    cells = [*grid(), *grid(dataset="demo", n=50)]
    (table,) = tables(scores.gains(Comparisons(results_of(tmp_path, cells))))
    assert [row[:3] for row in table.rows] == [
        [dataset, model, recipe]
        for dataset, model in (("all", "all"), ("cluener", "lstm"), ("demo", "lstm"))
        for recipe in ("budget", "paper")
    ]
    by_name = {tuple(row[:3]): row[3:] for row in table.rows}
    # 0.75 - 0.25 and 1 - 0.5; both sentences of both seeds are better; relaxed 2/3 and by tokens 2/5 of that
    strict, relaxed, token = (f"+{gain} ± 0.0 [+{gain}, +{gain}] 2/0/0" for gain in ("50.0", "33.3", "20.0"))
    assert by_name["cluener", "lstm", "paper"] == [strict, relaxed, token, "+3.5", "2", "cluener lstm N=100"]
    assert isinstance(by_name["cluener", "lstm", "paper"][0], Strong)
    assert not isinstance(by_name["cluener", "lstm", "budget"][0], Strong)
    assert by_name["demo", "lstm", "paper"][3] == DASH
    # the paper has 200 to 500, too: of 100 and 300 its gains are 3.5 and 4.0; none of 50; and no random swaps
    for n, swapped, expected in ((300, "paper", "+3.8"), (50, "paper", DASH), (300, "random-swap", DASH)):
        more = [cell([1, 0], n=n), cell([1, 1], n=n, recipe=swapped), *grid()]
        (table,) = tables(scores.gains(Comparisons(results_of(tmp_path / f"{n}-{swapped}", more))))
        assert [row[6] for row in table.rows if row[2] == swapped] == [expected]
    assert by_name["all", "all", "paper"][3:] == [DASH, "4", "cluener lstm N=100; demo lstm N=50"]
    # errors of 0.125 each of two data sets: 0.125 / sqrt(2)
    assert by_name["all", "all", "budget"][0].startswith("+12.5 ± 8.8 [")


def test_the_table_of_the_readme_has_a_column_a_data_set_and_model_without_what_was_run_little_there(tmp_path):
    small, demo = grid(n=50), grid(dataset="demo", n=50)
    written(tmp_path, [*grid(), cell([1, 1], recipe="random-swap"), *small[:4], *grid(model="bert"), *demo[:4]])
    # with lstm on cluener budget has 4 pairs of runs, paper 2, and random-swap 1
    budget, paper = "+12.5 ± 12.5 [+0.0, +50.0]", "+50.0 ± 0.0 [+50.0, +50.0] 2/0/0"
    assert update_readme.TABLES["gains"](tmp_path) == [
        "| recipe | cluener bert N=100 | cluener lstm N=50, 100 | demo lstm N=50 |",
        "|---|---|---|---|",
        f"| budget | {budget} 1/1/0 | {budget} 2/2/0 | {budget} 1/1/0 |",
        f"| paper | **{paper}** | **{paper} (N=100)** | {DASH} |",
    ]


def test_table_2_has_f1_gains_and_the_paper_beside_them(tmp_path):
    cells = [*grid(), cell([2, 2], recipe="budget", seed=3), cell([0, 1], n=300, seed=2)]
    shape, detail = tables(scores.table_2(Comparisons(results_of(tmp_path, cells)), "budget"))
    rows = [list(row) for row in shape.rows]
    printed = ["7.8 → 11.3 (+3.5)", "15.2 → 20.4 (+5.2)", "19.4 → 23.4 (+4.0)", "21.8 → 26.7 (+4.9)"]
    place = rows.index(["CLUENER", "LSTM", "Zeng et al.", "as printed", *printed, "25.4 → 29.1 (+3.7)"])
    dashes = [DASH] * 4
    assert rows[place + 1 : place + 5] == [
        ["cluener", "lstm", "budget", "strict", "37.5 ± 12.5 → 50.0 ± 0.0 (+12.5 ± 12.5)", *dashes],
        ["cluener", "lstm", "budget", "relaxed", "58.3 ± 8.3 → 66.7 ± 0.0 (+8.3 ± 8.3)", *dashes],
        ["cluener", "lstm", "paper", "strict", "37.5 ± 12.5 → 87.5 ± 12.5 (+50.0 ± 0.0)", *dashes],
        ["cluener", "lstm", "paper", "relaxed", "58.3 ± 8.3 → 91.7 ± 8.3 (+33.3 ± 0.0)", *dashes],
    ]
    cner_bert = next(row for row in rows if row[:2] == ["CNER", "BERT"])
    assert (
        cner_bert[4:]
        == ["47.2 → 47.6 (+0.4)", "57.1 → 68.3 (+11.2)", "61.1 → 71.4 (+10.3)"]
        + ["likely a copy error, no target"] * 2
    )
    assert detail.header[:6] == ["N", "recipe", "seeds", "left out of gains", "strict F1", "gain"]
    assert [row[:6] for row in detail.rows] == [
        ["100", "none", "1, 2", DASH, "37.5 ± 12.5", DASH],
        # 0.5, 0.5 and 1: 1/3 off the mean, twice 1/6 and once 1/3, so s is sqrt(1/12), and 1/6 over sqrt(3)
        ["100", "budget", "1, 2, 3", "3", "66.7 ± 16.7", "+12.5 ± 12.5 [+0.0, +50.0] 1/1/0"],
        ["100", "paper", "1, 2", DASH, "87.5 ± 12.5", "+50.0 ± 0.0 [+50.0, +50.0] 2/0/0"],
        ["300", "none", "2", DASH, "25.0", DASH],
    ]
    assert detail.header[6:] == ["relaxed F1", "gain", "token F1", "gain"]
    assert [row[6:] for row in detail.rows] == [
        ["58.3 ± 8.3", DASH, "35.0 ± 5.0", DASH],
        ["77.8 ± 11.1", "+8.3 ± 8.3 [+0.0, +33.3] 1/1/0", "46.7 ± 6.7", "+5.0 ± 5.0 [+0.0, +20.0] 1/1/0"],
        ["91.7 ± 8.3", "+33.3 ± 0.0 [+33.3, +33.3] 2/0/0", "55.0 ± 5.0", "+20.0 ± 0.0 [+20.0, +20.0] 2/0/0"],
        ["50.0", DASH, "30.0", DASH],
    ]


def test_table_2_pairs_runs_of_one_seed(tmp_path):
    without = [cell([1, 0], n=200), cell([1, 1], n=200, seed=2)]
    cells = [*without, cell([2, 1], recipe="paper", n=200, seed=2), cell([2, 2], recipe="paper", n=200, seed=3)]
    shape, _ = tables(scores.table_2(Comparisons(results_of(tmp_path, cells)), None))
    # seed 2 alone, though both have two
    ours = [row[3:] for row in shape.rows if row[:3] == ["cluener", "lstm", "paper"]]
    assert ours == [
        ["strict", DASH, "50.0 → 75.0 (+25.0)", *[DASH] * 3],
        ["relaxed", DASH, "66.7 → 83.3 (+16.7)", *[DASH] * 3],
    ]


def test_the_papers_mean_gains_are_those_that_it_states():
    means = [round(mean_gain(dataset, "LSTM"), 1) for dataset in ("CNER", "IDiag", "CLUENER")]
    assert means == [11.5, 5.2, 4.3]


def test_table_1_has_sizes_here_and_in_the_paper(tmp_path):
    (table,) = tables(scores.sizes(results_of(tmp_path, [*grid(), cell([1, 0], n=None), cell([1], dataset="demo")])))
    assert table.rows == [
        ["cluener", "100, 9674", "1208", "2", "2", "CLUENER", "9674", "1208", "1208"],
        ["demo", "100", "1208", "1", "2", DASH, DASH, DASH, DASH],
    ]


def test_table_3_has_the_full_train_split_beside_the_paper(tmp_path):
    # F1 of 0.5 and 0.25, so ACE_E of -0.5 and -0.25 and RI of 0.4 and 0.15
    cells = [cell([1, 1], n=None), cell([1, 0], n=None, seed=2), cell([1, 0])]
    (table,) = tables(effects.table_3(results_of(tmp_path, cells)))
    assert [row[:4] for row in table.rows[:5]] == [
        ["cluener", "lstm", level, "1, 2"] for level in ("strict", "relaxed", "token")
    ] + [["CLUENER", "LSTM", level, "Zeng et al."] for level in ("entity", "token")]
    assert [row[4:] for row in table.rows[:3]] == [
        ["0.38 ± 0.12", "-0.10 ± 0.00", "-0.38 ± 0.12", "+0.28 ± 0.12"],
        # relaxed F1 of 2/3 and 1/2, token F1 of 0.4 and 0.3
        ["0.58 ± 0.08", "-0.10 ± 0.00", "-0.58 ± 0.08", "+0.48 ± 0.08"],
        ["0.35 ± 0.05", "-0.10 ± 0.00", "-0.35 ± 0.05", "+0.25 ± 0.05"],
    ]
    assert table.rows[3][4:] == [DASH, "-0.20", "-0.51", "+0.31"]
    assert len(table.rows) == 3 + 12
    (text, _) = effects.table_3(results_of(tmp_path / "none", grid())).parts
    assert text == Text("No tagger here was trained on a full train split.")


def test_learning_curves_are_of_six_recipes_noaug_the_best_and_the_papers_among_them(tmp_path):
    def named(name: str, seed: int) -> dict[str, Any]:
        made = cell([1, 0], recipe="budget", seed=seed)
        return made | {"recipe": name}

    few, many = ["a", "b", "z"], ["c", "d", "e", "f", "g"]
    cells = [cell([0, 0], seed=1), *(named(name, 1) for name in few + many), *(named(name, 2) for name in many)]
    charts, rest = scores.curves(results_of(tmp_path, [*cells, cell([1, 1], recipe="paper")]), "b").parts
    assert rest == Text("Not drawn: a, f, g, z.")
    legend, *drawn = charts.charts
    assert re.findall(r"(\S+)</span>", legend) == ["none", "b", "c", "d", "e", "paper"] and len(drawn) == 3
    assert all(chart.count("<circle") == 6 for chart in drawn)
    (all_of_them,) = scores.curves(results_of(tmp_path / "fewer", cells[:6]), None).parts
    assert all_of_them.charts[1].count("<circle") == 6


def test_learning_curves_draw_f1_on_test_at_each_level(tmp_path):
    (part,) = scores.curves(results_of(tmp_path, [*grid(), cell([2, 1], n=300)]), "budget").parts
    # none 25 and 50, and 75 of 300; budget 50 and 50; paper 75 and 100
    points = {
        "strict": ((37.5, 12.5), 75, (50, 0), (87.5, 12.5)),
        "relaxed": ((175 / 3, 25 / 3), 250 / 3, (200 / 3, 0), (275 / 3, 25 / 3)),
        "token": ((35, 5), 50, (40, 0), (55, 5)),
    }
    assert part.charts[1:] == [
        line_chart(
            f"cluener, lstm, {level}",
            "F1, %",
            {
                "none": {100: Point(*none), 300: Point(more, None)},
                "budget": {100: Point(*budget)},
                "paper": {100: Point(*paper)},
            },
        )
        for level, (none, more, budget, paper) in points.items()
    ]


def test_figure_4_draws_ri_of_noaug_the_paper_and_the_best(tmp_path):
    section = effects.figure_4(results_of(tmp_path, [*grid(), *grid(n=300), *grid(dataset="demo")]), "budget")
    strict, token = (part for part in section.parts if isinstance(part, Charts))
    assert (strict.caption, token.caption) == ("strict RI with lstm", "token RI with lstm")
    legend, *charts = strict.charts
    assert re.findall(r"</svg> ([\w-]+)<", legend) == ["none", "budget", "paper"]
    assert [chart.count("<rect") for chart in charts] == [6, 3]
    # F1 less 0.1: strict 0.25 and 0.5, 0.5 and 0.5, 0.75 and 1; by tokens 0.3 and 0.4, 0.4 and 0.4, 0.5 and 0.6
    for part, values in (
        (strict, {"none": Point(0.275, 0.125), "budget": Point(0.4, 0.0), "paper": Point(0.775, 0.125)}),
        (token, {"none": Point(0.25, 0.05), "budget": Point(0.3, 0.0), "paper": Point(0.45, 0.05)}),
    ):
        level = part.caption.split()[0]
        assert part.charts[1:] == [
            bar_chart(f"{place}, lstm, {level}", "RI", {name: dict.fromkeys(sizes, at) for name, at in values.items()})
            for place, sizes in (("cluener", (100, 300)), ("demo", (100,)))
        ]
    (table,) = tables(section)
    assert table.rows[0] == [
        *("cluener", "lstm", "100", "none", "1, 2"),
        *("0.38 ± 0.12", "-0.10 ± 0.00", "-0.38 ± 0.12", "+0.28 ± 0.12"),
        *("0.35 ± 0.05", "-0.10 ± 0.00", "-0.35 ± 0.05", "+0.25 ± 0.05"),
    ]


def test_acceptance_is_by_reason_and_by_type(tmp_path):
    by_reason, by_type = tables(costs.acceptance(results_of(tmp_path, [*grid(), cell([1, 1], recipe="random-swap")])))
    assert by_reason.header[4:] == ["candidates", "kept, %", "missed, %", "wrong_type, %"]
    assert [row[3:] for row in by_reason.rows] == [[name, "40", "75.0", "5.0", "20.0"] for name in ("budget", "paper")]
    assert [row[3:] for row in by_type.rows[:2]] == [
        ["budget", "LOC", "8", "6", "16", "9", "56.2"],
        ["budget", "PER", "9", "7", "24", "21", "87.5"],
    ]


def test_acceptance_is_over_all_seeds(tmp_path):
    by_type = {
        "PER": {"mentions": 11, "forms": 9, "candidates": 56, "kept": 39},
        "LOC": {"mentions": 2, "forms": 2, "candidates": 4, "kept": 1},
    }
    other = COUNTS | {"candidates": 60, "kept": 40, "rejected": {"missed": 20}, "by_type": by_type}
    cells = [cell([1, 1], recipe="budget"), cell([1, 1], recipe="budget", seed=2, counts=other)]
    kept, kept_by_type = tables(costs.acceptance(results_of(tmp_path, cells)))
    # of 40 and 60 candidates 30 and 40 are kept, 2 and 20 missed, 8 and none of a wrong type
    assert [row[3:] for row in kept.rows] == [["budget", "50", "70.0", "22.0", "8.0"]]
    # LOC: 9 of 16 and 1 of 4; PER: 21 of 24 and 39 of 56
    assert [row[3:] for row in kept_by_type.rows] == [
        ["budget", "LOC", "5", "4", "10", "5", "50.0"],
        ["budget", "PER", "10", "8", "40", "30", "75.0"],
    ]


def test_compute_has_rows_steps_seconds_and_what_the_papers_recipe_costs(tmp_path):
    spent, beside = tables(costs.compute(Comparisons(results_of(tmp_path, grid()))))
    assert spent.rows[:2] == [
        ["cluener", "lstm", "100", "none", "1, 2", "0", "100", "1200", "0.5", "0.0", "60.0", "2.0"],
        ["cluener", "lstm", "100", "budget", "1, 2", "40", "140", "1200", "0.5", "4.0", "60.0", "2.0"],
    ]
    # 40 of 500 rows; 0.5 and 0.5 beside 0.75 and 1
    (row,) = beside.rows
    assert row[:7] == ["cluener", "lstm", "100", "budget", "1, 2", "8.0", "50.0 ± 0.0"]
    assert row[7].startswith("-37.5 ± 12.5 [")


def test_compute_is_over_all_seeds_and_beside_the_paper_over_those_that_both_have(tmp_path):
    more = cell([2, 2], recipe="budget", seed=3, judged=70, steps=2400)
    more["examples"]["mixed"] = 200
    more["seconds"] = {"generate": 2.0, "judge": 7.0, "train": 90.0, "evaluate": 8.0}
    cells = [*grid(), more, cell([0, 0], recipe="paper", seed=4, judged=700)]
    spent, beside = tables(costs.compute(Comparisons(results_of(tmp_path, cells))))
    # twice 40 and once 70 rows judged, twice 140 and once 200 trained on
    expected = ["1, 2, 3", "50", "160", "1200, 2400", "1.0", "5.0", "70.0", "4.0"]
    assert spent.rows[1] == ["cluener", "lstm", "100", "budget", *expected]
    # of seeds 1 and 2: 80 of 1000 rows
    (row,) = beside.rows
    assert row[:7] == ["cluener", "lstm", "100", "budget", "1, 2", "8.0", "50.0 ± 0.0"]
    assert row[7].startswith("-37.5 ± 12.5 [")


def test_options_versions_and_commits_are_listed(tmp_path):
    found = results_of(tmp_path, [*grid(), cell([1, 0], seed=3, commit=None)])
    (table,) = tables(costs.options(found))
    assert ["recipe", "budget", '{"k": 5, "recipe": "budget"}'] in table.rows
    assert ["model", "lstm on cluener", '{"max_steps": 1200, "model": "lstm"}'] in table.rows
    (table,) = tables(costs.made_with(found))
    assert [row for row in table.rows if row[0] in ("commit", "torch")] == [
        ["commit", "0123abc", "6"],
        ["commit", "none", "1"],
        ["torch", "2.13.0", "7"],
    ]


# cases and charts


def test_cases_show_the_source_the_counterfactual_and_both_predictions(tmp_path):
    rejected = CORRECTION["kept"] | {"id": "train-1#1", "score": 0.1, "reason": "missed"}
    better = CORRECTION | {"id": "test-9", "rejected": rejected}
    unjudged = CORRECTION | {
        "id": "test-7",
        "kept": CORRECTION["kept"] | {"score": None, "replaced": [], "similarity": 0.1},
    }
    cells = [cell([1, 0]), cell([1, 1], recipe="budget", corrections=[CORRECTION, unjudged, better])]
    text, first, second, third = figure_5(results_of(tmp_path, cells), "budget").parts
    assert isinstance(first, Sentences) and isinstance(third, Sentences) and isinstance(text, Text)
    # one with a rejected example first, then the nearest
    assert [part.caption.split(":")[0] for part in (first, second, third)] == [
        f"cluener, {name}" for name in ("test-9", "test-1", "test-7")
    ]
    assert first.markdown == [
        ("observational example", r"\[PER 张三\]在\[LOC 上海\]"),
        ("reasonable counterfactual example", "**张三 → 李四** 在上海 (PER, score 0.75)"),
        ("observational example", r"\[PER 张三\]在\[LOC 上海\]"),
        ("unreasonable counterfactual example", "**张三 → 李四** 在上海 (PER, score 0.10, rejected as `missed`)"),
        ("test sentence, gold and as predicted with augmentation", r"\[PER 王明\]在\[LOC 北京\]"),
        ("the same as NoAug predicts it", r"王明在\[LOC 北京\]"),
    ]
    assert [name for name, _ in first.html] == [name for name, _ in first.markdown]
    assert '<mark class="cfgen-swap"><del>张三</del> → <ins>李四</ins> <b>PER</b></mark>' in first.html[1][1]
    assert third.markdown[1] == ("unjudged counterfactual example", r"\[PER 李四\]在\[LOC 上海\]")
    assert figure_5(results_of(tmp_path / "none", [cell([1])]), None).parts == [Text("No result has a case.")]


def test_a_line_chart_has_a_band_of_one_standard_error():
    chart = str(line_chart("F1", "F1, %", {"none": {100: Point(10.0, 5.0), 300: Point(30.0, None)}}))
    # from 5 to 30 by steps of 5: 30 at the top, 26, and 5 at the bottom, 34 above the lower edge
    assert re.findall(r'class="tick"[^>]*>([^<]*)<', chart) == ["5", "10", "15", "20", "25", "30"]
    top, bottom = 26.0, HEIGHT - 34.0
    ten = bottom - (bottom - top) * 5 / 25
    assert f'points="58.0,{bottom:.1f} 316.0,{top:.1f} 316.0,{top:.1f} 58.0,{2 * ten - bottom:.1f}"' in chart
    assert f'points="58.0,{ten:.1f} 316.0,{top:.1f}"' in chart
    assert "whisker" not in chart


def test_a_line_of_one_point_has_a_whisker():
    assert str(line_chart("F1", "F1", {"none": {100: Point(10.0, 5.0)}})).count("whisker") == 1
    assert "whisker" not in str(line_chart("F1", "F1", {"none": {100: Point(10.0, None)}}))


def test_bars_begin_at_0_and_have_whiskers():
    chart = str(bar_chart("RI", "RI", {"none": {100: Point(0.2, 0.1)}, "budget": {100: Point(-0.1, None)}}))
    # from -0.1 to 0.3 by steps of 0.1
    unit = (HEIGHT - 26.0 - 34.0) / 4
    zero = HEIGHT - 34.0 - unit
    assert re.findall(r'class="bar c\d"[^>]* y="([\d.]+)" [^>]*height="([\d.]+)"', chart) == [
        (f"{zero - 2 * unit:.1f}", f"{2 * unit:.1f}"),
        (f"{zero:.1f}", f"{unit:.1f}"),
    ]
    assert f'y1="{zero - unit:.1f}" y2="{zero - 3 * unit:.1f}"' in chart
    assert chart.count("whisker") == 1


# the whole


def test_the_page_has_every_section_in_its_order(tmp_path):
    made = sections(results_of(tmp_path, grid()), ["A note."], resamples=20)
    assert [section.title for section in made] == [
        "How to read this",
        "Notes",
        "Gains over NoAug",
        "budget beside the others",
        "Table 2: F1",
        "Learning curves",
        "Table 3: what NoAug reads, full train split",
        "Figure 4: what taggers read, over N",
        "Figure 5: cases",
        "What the discriminator accepts",
        "What was spent",
        "Table 1: sizes",
        "What is missing",
        "Options",
        "Environment",
    ]
    explained = " ".join(part.text for part in made[0].parts)
    assert explained.startswith("Made of 6 results") and "bootstraps, 20 resamples" in explained


def test_the_page_loads_nothing_and_escapes_what_it_shows(tmp_path):
    hostile = "<script>alert(1)</script>"
    case = CORRECTION | {"id": hostile, "tokens": [hostile, *"明在北京"]}
    cells = grid(dataset="d", types=[hostile], commit=hostile, corrections=[case])
    for one in cells:
        one["counts"] = one["counts"] and {**one["counts"], "rejected": {hostile: 10}}
    made = sections(results_of(tmp_path, cells), [hostile], resamples=20)
    html, markdown = as_html("A < B", made), as_markdown("A < B", made)
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<title>A &lt; B</title>" in html
    assert not re.search(r"(?<!\\)<script", markdown) and "\\<script\\>" in markdown
    assert re.findall(r'\b(?:src|href|action)="(?!#)', html) == [] and "url(" not in html
    assert "http" not in html.replace("http-equiv", "")
    # the same tables in both
    for table in (part for section in made for part in section.parts if isinstance(part, Table) and part.rows):
        assert html.count(f'aria-label="{table.caption}"'.replace("'", "&#39;")) == 1
        assert markdown.count(f"**{table.caption}**") == 1


def test_the_command_writes_both_files_and_replaces_them(tmp_path, capsys):
    folder = written(tmp_path / "runs", grid())
    notes = tmp_path / "notes.txt"
    notes.write_text("What reproduces:\nthe gain.\n\nWhat does not.\n")
    main(["report", str(folder)])
    assert capsys.readouterr().out == f"wrote {folder / 'report.html'}\n"
    page, text = tmp_path / "a.html", tmp_path / "a.md"
    page.write_text("old")
    main(["report", str(folder), "--output", str(page), "--markdown", str(text), "--notes", str(notes)])
    assert page.read_text().startswith("<!DOCTYPE html>") and "<p>What reproduces: the gain.</p>" in page.read_text()
    assert "\n## Notes\n\nWhat reproduces: the gain.\n\nWhat does not.\n" in text.read_text()
    assert "| cluener | lstm | paper | **+50.0 ± 0.0 [+50.0, +50.0] 2/0/0** |" in text.read_text()
    (folder / "report.html").unlink()
    main(["report", str(folder), "--markdown", str(text)])
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "runs holds no result: give the output folder of hf-cfgen reproduce"),
        (["--output", "no/such/a.html"], "no/such/a.html can't be written"),
        (["--output", "a.html", "--markdown", "a.html"], "--output and --markdown are both a.html"),
        (["--notes", "no.txt"], "no.txt: not a readable text file"),
        (["--notes", "n.txt", "--markdown", "n.txt"], "n.txt holds the notes and would be written over"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "runs", grid() if options else [])
    with pytest.raises(SystemExit) as end:
        main(["report", "runs", *options])
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_recipes_are_told_from_each_other_by_what_the_runner_resolves():
    options: dict[str, dict[str, Any]] = {"none": {}, "budget": {"k": 5}, "paper": {"recipe": "paper"}}
    resolved = {name: told for name, (_, told) in resolve_recipes(options).items()}
    assert resolved == {name: RECIPES[name] for name in options}
    assert resolved["paper"] == scores.PAPER
