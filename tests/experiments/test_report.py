"""The report on experiments: what is read, what is compared, and every table, worked by hand."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_cfgen import CfgenError
from hf_cfgen.cli.main import main
from hf_cfgen.experiments.recipes import resolve_recipes
from hf_cfgen.experiments.report import costs, effects, scores
from hf_cfgen.experiments.report.charts import chart, means_and_errors
from hf_cfgen.experiments.report.data import (
    best_recipe,
    compare,
    left_out,
    missing,
    places_text,
    results_table,
)
from hf_cfgen.experiments.report.document import (
    Charts,
    Section,
    Sentences,
    Table,
    Text,
    cell_text,
    render,
)
from hf_cfgen.experiments.report.page import sections
from hf_cfgen.experiments.report.paper import mean_gain
from hf_cfgen.experiments.report.sentences import figure_5
from hf_cfgen.experiments.results import CellResult, join_results, read_results, split_results
from hf_cfgen.experiments.statistics import Difference
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
    return results_table(written(folder, cells))


def tables(section: Section) -> list[Table]:
    return [part for part in section.parts if isinstance(part, Table)]


def rows(table: Table) -> list[list[str]]:
    return [[cell_text(cell) for cell in row] for row in table.rows]


def runs(table: pd.DataFrame, recipe: str) -> pd.DataFrame:
    return table[table.recipe == recipe]


# reading


def test_results_are_a_table_with_one_row_per_cell_in_the_order_of_the_report(tmp_path):
    cells = [*grid(n=None), *grid(n=300), *grid(), *grid(dataset="cner")]
    found = results_of(tmp_path, cells)
    names = ["dataset", "model", "size", "recipe", "seed"]
    assert found[names].to_numpy().tolist() == [
        [dataset, "lstm", size, recipe, seed]
        for dataset, size in (("cluener", "100"), ("cluener", "300"), ("cluener", "all"), ("cner", "100"))
        for recipe in ("none", "budget", "paper")
        for seed in (1, 2)
    ]
    last = found.iloc[-1]
    assert (last.strict, last["token ri"], last.judged, last.train, last.noaug) == (1.0, 0.5, 500, 60.0, False)
    assert results_table(tmp_path / "cells").drop(columns=["counts"]).equals(found.drop(columns=["counts"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.pop("sentences"), "it lacks sentences"),
        (lambda one: one["causal"]["token"].pop("ri"), "it lacks causal.token.ri"),
        (lambda one: one.pop("recipe"), "it lacks recipe"),
        (lambda one: one.update(n="many"), "n is 'many'"),
        (lambda one: one.update(dev_strict_f1=None), "dev_strict_f1 is None"),
        (lambda one: one["test"]["token"].update(f1="half"), "test.token.f1 is 'half'"),
        (lambda one: one["seconds"].update(judge=None), "seconds.judge is None"),
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
    cells = [*grid(), cell([1, 1], n=None, commit=None), cell([1, 0], recipe="budget", seed=3)]
    written(tmp_path, cells)
    results = [result for found in read_results(tmp_path).values() for result in found]
    assert sorted((result.recipe, result.n or 0, result.seed) for result in results) == sorted(
        (one["recipe"], one["n"] or 0, one["seed"]) for one in cells
    )
    (tmp_path / "joined").mkdir()
    join_results(results, tmp_path / "joined" / "all.parquet")
    for path in (tmp_path / "joined", tmp_path / "joined" / "all.parquet"):
        ((file, again),) = read_results(path).items()
        assert file == tmp_path / "joined" / "all.parquet"
        assert sorted(again, key=lambda result: result.name) == sorted(results, key=lambda result: result.name)
        assert all(type(result.n) in (int, type(None)) for result in again)
    table = pq.read_table(tmp_path / "joined" / "all.parquet").to_pylist()
    row = next(row for row in table if (row["recipe"], row["seed"]) == ("paper", 2))
    # F1 of 1, and of two sentences two hits each
    assert (row["test.strict.f1"], row["sentences.strict.hits"], row["seconds.judge"]) == (1.0, [2, 2], 50.0)
    # one file per cell again, under the names that the runner looks for
    split_results(tmp_path / "joined", tmp_path / "again")
    files = sorted((tmp_path / "again" / "cells").glob("*.json"))
    assert [file.stem for file in files] == sorted(result.name for result in results)
    assert all(CellResult.from_dict(json.loads(file.read_text())) in results for file in files)
    (tmp_path / "joined" / "all.parquet").write_bytes(b"no")
    with pytest.raises(CfgenError, match=r"all\.parquet: not a Parquet file of results"):
        read_results(tmp_path / "joined")
    pq.write_table(pa.table({"n": [1]}), tmp_path / "joined" / "all.parquet")
    with pytest.raises(CfgenError, match=r"all\.parquet: not a result of a cell, it lacks dev_strict_f1"):
        read_results(tmp_path / "joined")


def test_results_that_contradict_each_other_are_named(tmp_path):
    written(tmp_path, [cell([1, 0])])
    (tmp_path / "cells" / "again.json").write_text(json.dumps(cell([1, 1])))
    with pytest.raises(CfgenError, match=r"cluener-lstm-n100-none-seed1-\w+, which again.json has: delete one"):
        results_table(tmp_path)
    (tmp_path / "cells" / "again.json").unlink()
    tokens = cell([1, 0])["sentences"]
    tokens["token"]["gold"] = [6, 7]
    for change, message in (
        ({"sentences": cell([1, 0, 1])["sentences"]}, "other test sentences"),
        ({"sentences": tokens}, "other test sentences"),
        ({"config": cell([1])["config"] | {"training": {"max_steps": 9}}}, "other options of the dataset, model or"),
    ):
        written(tmp_path, [cell([1, 0], seed=2) | change])
        with pytest.raises(CfgenError, match=rf"seed2-0123abcd\.json: \S+ has {message}"):
            results_table(tmp_path)
    config = cell([1])["config"]
    written(tmp_path, [cell([1, 0], seed=2), cell([1, 0], recipe="budget")])
    written(
        tmp_path,
        [cell([1, 0], recipe="budget", seed=2) | {"config": config | {"recipe": {"recipe": "budget", "k": 9}}}],
    )
    with pytest.raises(CfgenError, match="other options of the recipe"):
        results_table(tmp_path)


def test_what_is_missing_of_a_product_is_listed(tmp_path):
    cells = [*grid(), cell([1, 0], n=300), cell([1, 0], dataset="cner", seed=7)]
    table = results_of(tmp_path, cells)
    assert missing(table).to_numpy().tolist() == [
        ["cluener", "lstm", "300", "none", "2"],
        ["cluener", "lstm", "300", "budget", "1, 2"],
        ["cluener", "lstm", "300", "paper", "1, 2"],
    ]
    assert tables(costs.not_there(table))[0].rows == missing(table).to_numpy().tolist()
    (part,) = costs.not_there(results_of(tmp_path / "whole", grid())).parts[:1]
    assert isinstance(part, Text) and part.text.endswith("No result is missing.")


def test_counts_are_hits_predictions_and_gold_items_of_every_sentence(tmp_path):
    results = results_of(tmp_path, [cell([1, 0]), cell([1, 2], seed=2)])
    assert results["counts"][1]["strict"].tolist() == [[1, 2, 2], [2, 2, 2]]
    assert results["counts"][0]["token"].tolist() == [[2, 4, 6], [1, 4, 6]]


def test_noaug_is_the_recipe_without_any_option(tmp_path):
    dropout = cell([1, 1], recipe="dropout", counts=None, corrections=[])
    results = results_of(tmp_path, [*grid()[::2], dropout])
    # context dropout makes no rows, and NoAug has none
    assert list(results.recipe[results.noaug]) == ["none"]
    (table,) = tables(scores.gains(results))
    # 0.5 and 0.75 less 0.25, and dropout's 0.5
    expected = [("budget", "+25.0"), ("dropout", "+25.0"), ("paper", "+50.0")]
    assert [(row[2], row[3].split()[0]) for row in rows(table)] == expected


# comparing


def test_recipes_are_compared_on_the_seeds_that_both_have_and_the_others_are_named(tmp_path):
    cells = [*grid(), cell([1, 1], recipe="budget", seed=3), *grid(n=300)[:2]]
    results = results_of(tmp_path, cells)
    budget, none = runs(results, "budget"), runs(results, "none")
    found = compare(budget, none, 1000)
    # differences of 0.25 and 0
    assert (found.differences["strict"].mean, found.differences["strict"].error) == (0.125, pytest.approx(0.125))
    assert (places_text(found.runs), list(found.runs.seed)) == ("cluener lstm N=100", [1, 2])
    lacking = "none on cluener lstm N=100: seed 3; budget on cluener lstm N=300: seed 1, 2"
    assert left_out(budget, none) == lacking
    (table,) = tables(scores.best(results, "budget", 1000))
    assert rows(table)[0] == [
        *("cluener", "none"),
        # 2/3 and 2/5 of the strict differences
        *("+12.5 ± 12.5 (2 seeds) 1/1/0", "+8.3 ± 8.3 (2 seeds) 1/1/0", "+5.0 ± 5.0 (2 seeds) 1/1/0"),
        *("2", "cluener lstm N=100", lacking),
    ]
    assert compare(budget, runs(results, "random-swap"), 1000) is None


def test_judged_candidates_stand_beside_as_many_of_the_same_unjudged_ones(tmp_path):
    def with_dropout(made: dict[str, Any]) -> dict[str, Any]:
        options = made["config"]["recipe"] | {"context_dropout": 0.2}
        return made | {"recipe": f"{made['recipe']}+d", "config": made["config"] | {"recipe": options}}

    taken = {"as_many_as": {"budget": RECIPES["budget"]}}
    swap, budget = cell([1, 0], recipe="random-swap"), cell([1, 1], recipe="budget")
    swap["config"]["recipe"] = swap["config"]["recipe"] | taken
    cells = [cell([1, 0]), swap, budget, cell([2, 1], recipe="paper"), *map(with_dropout, (swap, budget))]
    cells[-1] = cells[-1] | {key: cell([1, 2], recipe="budget")[key] for key in ("test", "sentences")}
    (table,) = tables(scores.controls(results_of(tmp_path, cells), 1000))
    assert [row[:3] for row in rows(table)] == [
        ["cluener", "budget", "random-swap"],
        ["cluener", "budget+d", "random-swap+d"],
    ]
    assert [[shown.split()[0] for shown in row[3:6]] for row in rows(table)] == [
        ["+25.0", "+16.7", "+10.0"],
        ["+50.0", "+33.3", "+20.0"],
    ]
    # all of the unjudged candidates are not as many
    cells[1]["config"]["recipe"] = RECIPES["random-swap"]
    (table,) = tables(scores.controls(results_of(tmp_path / "all", cells), 1000))
    assert [row[1] for row in rows(table)] == ["budget+d"]
    assert scores.controls(results_of(tmp_path / "none", cells[:1]), 1000).parts == []


def test_a_difference_is_bold_from_five_seeds_on():
    for seeds, bold in ((4, False), (5, True)):
        of = Difference(0.1, 0.01, (0.05, 0.15), seeds, seeds, 0, 0)
        text = Table.of("gains", ["recipe", "gain"], [["a", of]], 1).as_markdown()
        assert (f"| a | **{of}** |" in text) == bold and str(of) in text


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
    text, _ = scores.best(results, "budget", 1000).parts
    assert text == Text(
        "budget has the highest mean gain in strict F1 over NoAug on dev, over the 4 runs that budget, paper all have "
        "(cluener lstm N=100; demo lstm N=100); test scores were not used."
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
    assert [len(part.charts) for part in section.parts if isinstance(part, Charts)] == [1] * 4
    (table,) = tables(effects.figure_4(results_of(tmp_path / "none", cells[-2:-1]), None))
    assert [row[3] for row in rows(table)] == ["random-swap"]


# tables


def test_the_table_of_gains_has_means_errors_intervals_and_the_papers(tmp_path):
    cells = [*grid(), *grid(dataset="demo", n=50)]
    (table,) = tables(scores.gains(results_of(tmp_path, cells)))
    assert [row[:3] for row in rows(table)] == [
        [dataset, model, recipe]
        for dataset, model in (("all", "all"), ("cluener", "lstm"), ("demo", "lstm"))
        for recipe in ("budget", "paper")
    ]
    by_name = {tuple(row[:3]): row[3:] for row in rows(table)}
    # 0.75 - 0.25 and 1 - 0.5; both sentences of both seeds are better; relaxed 2/3 and by tokens 2/5 of that
    strict, relaxed, token = (f"+{gain} ± 0.0 (2 seeds) 2/0/0" for gain in ("50.0", "33.3", "20.0"))
    assert by_name["cluener", "lstm", "paper"] == [strict, relaxed, token, "+3.5", "2", "cluener lstm N=100"]
    assert by_name["demo", "lstm", "paper"][3] == DASH
    # the paper has 200 to 500, too: of 100 and 300 its gains are 3.5 and 4.0; none of 50; and no random swaps
    for n, swapped, expected in ((300, "paper", "+3.8"), (50, "paper", DASH), (300, "random-swap", DASH)):
        more = [cell([1, 0], n=n), cell([1, 1], n=n, recipe=swapped), *grid()]
        (table,) = tables(scores.gains(results_of(tmp_path / f"{n}-{swapped}", more)))
        assert [row[6] for row in rows(table) if row[2] == swapped] == [expected]
    assert by_name["all", "all", "paper"][3:] == [DASH, "4", "cluener lstm N=100; demo lstm N=50"]
    # errors of 0.125 each of two datasets: 0.125 / sqrt(2)
    assert by_name["all", "all", "budget"][0].startswith("+12.5 ± 8.8 (2 seeds)")


def test_the_table_of_the_readme_has_a_column_a_data_set_and_model_without_what_was_run_little_there(tmp_path):
    small, demo = grid(n=50), grid(dataset="demo", n=50)
    written(tmp_path, [*grid(), cell([1, 1], recipe="random-swap"), *small[:4], *grid(model="bert"), *demo[:4]])
    # with lstm on cluener budget has 4 pairs of runs, paper 2, and random-swap 1
    budget, paper = "+12.5 ± 12.5 (2 seeds)", "+50.0 ± 0.0 (2 seeds) 2/0/0"
    assert update_readme.TABLES["gains"](tmp_path) == [
        "| recipe | cluener bert N=100 | cluener lstm N=50, 100 | demo lstm N=50 |",
        "|---|---|---|---|",
        f"| budget | {budget} 1/1/0 | {budget} 2/2/0 | {budget} 1/1/0 |",
        f"| paper | {paper} | {paper} (N=100) | {DASH} |",
    ]


def test_table_2_has_f1_gains_and_the_paper_beside_them(tmp_path):
    cells = [*grid(), cell([2, 2], recipe="budget", seed=3), cell([0, 1], n=300, seed=2)]
    shape, detail = tables(scores.table_2(results_of(tmp_path, cells), "budget", 1000))
    shape_rows = rows(shape)
    printed = ["7.8 → 11.3 (+3.5)", "15.2 → 20.4 (+5.2)", "19.4 → 23.4 (+4.0)", "21.8 → 26.7 (+4.9)"]
    place = shape_rows.index(["CLUENER", "LSTM", "Zeng et al.", "as printed", *printed, "25.4 → 29.1 (+3.7)"])
    dashes = [DASH] * 4
    assert shape_rows[place + 1 : place + 5] == [
        ["cluener", "lstm", "budget", "strict", "37.5 ± 12.5 → 50.0 ± 0.0 (+12.5 ± 12.5)", *dashes],
        ["cluener", "lstm", "budget", "relaxed", "58.3 ± 8.3 → 66.7 ± 0.0 (+8.3 ± 8.3)", *dashes],
        ["cluener", "lstm", "paper", "strict", "37.5 ± 12.5 → 87.5 ± 12.5 (+50.0 ± 0.0)", *dashes],
        ["cluener", "lstm", "paper", "relaxed", "58.3 ± 8.3 → 91.7 ± 8.3 (+33.3 ± 0.0)", *dashes],
    ]
    cner_bert = next(row for row in shape_rows if row[:2] == ["CNER", "BERT"])
    assert (
        cner_bert[4:]
        == ["47.2 → 47.6 (+0.4)", "57.1 → 68.3 (+11.2)", "61.1 → 71.4 (+10.3)"]
        + ["likely a copy error, no target"] * 2
    )
    assert list(detail.frame.columns)[:6] == ["N", "recipe", "seeds", "left out of gains", "strict F1", "gain"]
    assert [row[:6] for row in rows(detail)] == [
        ["100", "none", "1, 2", DASH, "37.5 ± 12.5", DASH],
        # 0.5, 0.5 and 1: 1/3 off the mean, twice 1/6 and once 1/3, so s is sqrt(1/12), and 1/6 over sqrt(3)
        ["100", "budget", "1, 2, 3", "3", "66.7 ± 16.7", "+12.5 ± 12.5 (2 seeds) 1/1/0"],
        ["100", "paper", "1, 2", DASH, "87.5 ± 12.5", "+50.0 ± 0.0 (2 seeds) 2/0/0"],
        ["300", "none", "2", DASH, "25.0", DASH],
    ]
    assert list(detail.frame.columns)[6:] == ["relaxed F1", "gain", "token F1", "gain"]
    assert [row[6:] for row in rows(detail)] == [
        ["58.3 ± 8.3", DASH, "35.0 ± 5.0", DASH],
        ["77.8 ± 11.1", "+8.3 ± 8.3 (2 seeds) 1/1/0", "46.7 ± 6.7", "+5.0 ± 5.0 (2 seeds) 1/1/0"],
        ["91.7 ± 8.3", "+33.3 ± 0.0 (2 seeds) 2/0/0", "55.0 ± 5.0", "+20.0 ± 0.0 (2 seeds) 2/0/0"],
        ["50.0", DASH, "30.0", DASH],
    ]


def test_table_2_pairs_runs_of_one_seed(tmp_path):
    without = [cell([1, 0], n=200), cell([1, 1], n=200, seed=2)]
    cells = [*without, cell([2, 1], recipe="paper", n=200, seed=2), cell([2, 2], recipe="paper", n=200, seed=3)]
    shape, _ = tables(scores.table_2(results_of(tmp_path, cells), None, 1000))
    # seed 2 alone, though both have two
    ours = [row[3:] for row in rows(shape) if row[:3] == ["cluener", "lstm", "paper"]]
    assert ours == [
        ["strict", DASH, "50.0 → 75.0 (+25.0)", *[DASH] * 3],
        ["relaxed", DASH, "66.7 → 83.3 (+16.7)", *[DASH] * 3],
    ]


def test_the_papers_mean_gains_are_those_that_it_states():
    means = [round(mean_gain((dataset, "LSTM")), 1) for dataset in ("CNER", "IDiag", "CLUENER")]
    assert means == [11.5, 5.2, 4.3]


def test_table_1_has_sizes_here_and_in_the_paper(tmp_path):
    (table,) = tables(scores.sizes(results_of(tmp_path, [*grid(), cell([1, 0], n=None), cell([1], dataset="demo")])))
    assert rows(table) == [
        ["cluener", "100, 9674", "1208", "2", "2", "CLUENER", "9674", "1208", "1208"],
        ["demo", "100", "1208", "1", "2", DASH, DASH, DASH, DASH],
    ]


def test_table_3_has_the_full_train_split_beside_the_paper(tmp_path):
    # F1 of 0.5 and 0.25, so ACE_E of -0.5 and -0.25 and RI of 0.4 and 0.15
    cells = [cell([1, 1], n=None), cell([1, 0], n=None, seed=2), cell([1, 0])]
    (table,) = tables(effects.table_3(results_of(tmp_path, cells)))
    assert [row[:4] for row in rows(table)[:5]] == [
        ["cluener", "lstm", level, "1, 2"] for level in ("strict", "relaxed", "token")
    ] + [["CLUENER", "LSTM", level, "Zeng et al."] for level in ("entity", "token")]
    assert [row[4:] for row in rows(table)[:3]] == [
        ["0.38 ± 0.12", "-0.10 ± 0.00", "-0.38 ± 0.12", "+0.28 ± 0.12"],
        # relaxed F1 of 2/3 and 1/2, token F1 of 0.4 and 0.3
        ["0.58 ± 0.08", "-0.10 ± 0.00", "-0.58 ± 0.08", "+0.48 ± 0.08"],
        ["0.35 ± 0.05", "-0.10 ± 0.00", "-0.35 ± 0.05", "+0.25 ± 0.05"],
    ]
    assert rows(table)[3][4:] == [DASH, "-0.20", "-0.51", "+0.31"]
    assert len(rows(table)) == 3 + 12
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
    assert list(charts.legend) == ["none", "b", "c", "d", "e", "paper"] and len(charts.charts) == 3
    (all_of_them,) = scores.curves(results_of(tmp_path / "fewer", cells[:6]), None).parts
    assert list(all_of_them.legend) == ["none", "a", "b", "c", "d", "z"]


@pytest.fixture
def drawn(monkeypatch) -> list[tuple[str, str, dict, dict]]:
    """The charts of a section: title, unit, and by recipe and size the means and the standard errors."""
    found = []

    def noted(title: str, unit: str, values: pd.DataFrame, names: list[str], bars: bool = False) -> str:
        shown = values[values.recipe.isin(names)]
        numbers = [
            {(name, n): round(value, 9) for n, row in of.iterrows() for name, value in row.dropna().items()}
            for of in means_and_errors(shown)
        ]
        found.append((title, unit, *numbers))
        return ""

    monkeypatch.setattr(scores, "chart", noted)
    monkeypatch.setattr(effects, "chart", noted)
    return found


def test_learning_curves_draw_f1_on_test_at_each_level(tmp_path, drawn):
    (part,) = scores.curves(results_of(tmp_path, [*grid(), cell([2, 1], n=300)]), "budget").parts
    assert list(part.legend) == ["none", "budget", "paper"]
    # none 25 and 50, and 75 of 300; budget 50 and 50; paper 75 and 100
    expected = {
        "strict": ((37.5, 12.5), 75, 50, (87.5, 12.5)),
        "relaxed": ((175 / 3, 25 / 3), 250 / 3, 200 / 3, (275 / 3, 25 / 3)),
        "token": ((35, 5), 50, 40, (55, 5)),
    }
    assert len(drawn) == 3
    for (title, unit, means, errors), (level, (none, more, budget, paper)) in zip(drawn, expected.items()):
        assert (title, unit) == (f"cluener, lstm, {level}", "F1, %")
        keys = [("none", 100), ("none", 300), ("budget", 100), ("paper", 100)]
        assert means == pytest.approx(dict(zip(keys, (none[0], more, budget, paper[0]))))
        assert errors == pytest.approx(dict(zip(keys, (none[1], 0, 0, paper[1]))))


def test_figure_4_draws_ri_of_noaug_the_paper_and_the_best(tmp_path, drawn):
    section = effects.figure_4(results_of(tmp_path, [*grid(), *grid(n=300), *grid(dataset="demo")]), "budget")
    strict, token = (part for part in section.parts if isinstance(part, Charts))
    assert (strict.caption, token.caption) == ("strict RI with lstm", "token RI with lstm")
    assert list(strict.legend) == ["none", "budget", "paper"]
    # F1 less 0.1: strict 0.25 and 0.5, 0.5 and 0.5, 0.75 and 1; by tokens 0.3 and 0.4, 0.4 and 0.4, 0.5 and 0.6
    values = {
        "strict": {"none": (0.275, 0.125), "budget": (0.4, 0.0), "paper": (0.775, 0.125)},
        "token": {"none": (0.25, 0.05), "budget": (0.3, 0.0), "paper": (0.45, 0.05)},
    }
    expected = [
        (level, dataset, sizes) for level in values for dataset, sizes in (("cluener", (100, 300)), ("demo", (100,)))
    ]
    for (title, unit, means, errors), (level, dataset, sizes) in zip(drawn, expected, strict=True):
        assert (title, unit) == (f"{dataset}, lstm, {level}", "RI")
        for place, numbers in enumerate((means, errors)):
            wanted = {(name, n): of[place] for name, of in values[level].items() for n in sizes}
            assert numbers == pytest.approx(wanted)
    (table,) = tables(section)
    assert rows(table)[0] == [
        *("cluener", "lstm", "100", "none", "1, 2"),
        *("0.38 ± 0.12", "-0.10 ± 0.00", "-0.38 ± 0.12", "+0.28 ± 0.12"),
        *("0.35 ± 0.05", "-0.10 ± 0.00", "-0.35 ± 0.05", "+0.25 ± 0.05"),
    ]


def test_acceptance_is_by_reason_and_by_type(tmp_path):
    by_reason, by_type = tables(costs.acceptance(results_of(tmp_path, [*grid(), cell([1, 1], recipe="random-swap")])))
    assert list(by_reason.frame.columns)[4:] == ["candidates", "kept, %", "missed, %", "wrong_type, %"]
    expected = [[name, "40", "75.0", "5.0", "20.0"] for name in ("budget", "paper")]
    assert [row[3:] for row in rows(by_reason)] == expected
    assert [row[3:] for row in rows(by_type)[:2]] == [
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
    assert [row[3:] for row in rows(kept)] == [["budget", "50", "70.0", "22.0", "8.0"]]
    # LOC: 9 of 16 and 1 of 4; PER: 21 of 24 and 39 of 56
    assert [row[3:] for row in rows(kept_by_type)] == [
        ["budget", "LOC", "5", "4", "10", "5", "50.0"],
        ["budget", "PER", "10", "8", "40", "30", "75.0"],
    ]


def test_compute_has_rows_steps_seconds_and_what_the_papers_recipe_costs(tmp_path):
    spent, beside = tables(costs.compute(results_of(tmp_path, grid()), 1000))
    assert rows(spent)[:2] == [
        ["cluener", "lstm", "100", "none", "1, 2", "0", "100", "1200", "0.5", "0.0", "60.0", "2.0"],
        ["cluener", "lstm", "100", "budget", "1, 2", "40", "140", "1200", "0.5", "4.0", "60.0", "2.0"],
    ]
    # 40 of 500 rows; 0.5 and 0.5 beside 0.75 and 1
    (row,) = rows(beside)
    assert row[:7] == ["cluener", "lstm", "100", "budget", "1, 2", "8.0", "50.0 ± 0.0"]
    assert row[7].startswith("-37.5 ± 12.5 (")


def test_compute_is_over_all_seeds_and_beside_the_paper_over_those_that_both_have(tmp_path):
    more = cell([2, 2], recipe="budget", seed=3, judged=70, steps=2400)
    more["examples"]["mixed"] = 200
    more["seconds"] = {"generate": 2.0, "judge": 7.0, "train": 90.0, "evaluate": 8.0}
    cells = [*grid(), more, cell([0, 0], recipe="paper", seed=4, judged=700)]
    spent, beside = tables(costs.compute(results_of(tmp_path, cells), 1000))
    # twice 40 and once 70 rows judged, twice 140 and once 200 trained on
    expected = ["1, 2, 3", "50", "160", "1200, 2400", "1.0", "5.0", "70.0", "4.0"]
    assert rows(spent)[1] == ["cluener", "lstm", "100", "budget", *expected]
    # of seeds 1 and 2: 80 of 1000 rows
    (row,) = rows(beside)
    assert row[:7] == ["cluener", "lstm", "100", "budget", "1, 2", "8.0", "50.0 ± 0.0"]
    assert row[7].startswith("-37.5 ± 12.5 (")


def test_options_versions_and_commits_are_listed(tmp_path):
    found = results_of(tmp_path, [*grid(), cell([1, 0], seed=3, commit=None)])
    (table,) = tables(costs.options(found))
    assert ["recipe", "budget", '{"k": 5, "recipe": "budget"}'] in rows(table)
    assert ["model", "lstm on cluener", '{"max_steps": 1200, "model": "lstm"}'] in rows(table)
    (table,) = tables(costs.made_with(found))
    assert [row for row in rows(table) if row[0] in ("commit", "torch")] == [
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


def test_a_chart_is_the_same_svg_each_time_and_text_stays_text():
    values = pd.DataFrame({"n": [100, 100, 300], "recipe": "a", "value": [10.0, 20.0, 30.0]})
    means, errors = means_and_errors(values)
    assert (means["a"].to_dict(), errors["a"].to_dict()) == ({100: 15.0, 300: 30.0}, {100: 5.0, 300: 0.0})
    for bars in (False, True):
        drawn = chart("a < $b$", "F1, %", values, ["a"], bars)
        assert drawn == chart("a < $b$", "F1, %", values, ["a"], bars) != chart("a < $b$", "F1, %", values[:2], ["a"])
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
        assert {"a &lt; $b$", "F1, %", "N, train examples", "100", "300"} <= set(texts)
        assert drawn.startswith('<svg role="img" aria-label="a &lt; $b$"') and "http" not in drawn


# the whole


def test_the_page_has_every_section_in_its_order(tmp_path):
    made = sections(results_of(tmp_path, grid()), ["A note."], resamples=20)
    assert [section.title for section in made] == [
        "How to read this",
        "Notes",
        "Gains over NoAug",
        "budget compared with the others",
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
    assert explained.startswith("This report covers 6 results.") and "20 bootstrap resamples" in explained


def test_the_page_loads_nothing_and_escapes_what_it_shows(tmp_path):
    hostile = "<script>alert(1)</script>"
    case = CORRECTION | {"id": hostile, "tokens": [hostile, *"明在北京"]}
    cells = grid(dataset="d", types=[hostile], commit=hostile, corrections=[case])
    for one in cells:
        one["counts"] = one["counts"] and {**one["counts"], "rejected": {hostile: 10}}
    made = sections(results_of(tmp_path, cells), [hostile], resamples=20)
    html, markdown = (render(f"report.{form}", "A < B", made) for form in ("html", "md"))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<title>A &lt; B</title>" in html
    assert not re.search(r"(?<!\\)<script", markdown) and "\\<script\\>" in markdown
    assert re.findall(r'\b(?:src|href|action)="(?!#)', html) == [] == re.findall(r"url\((?!#)", html)
    assert "http" not in html.replace("http-equiv", "")
    # the same tables in both
    for table in (part for section in made for part in section.parts if isinstance(part, Table) and part.rows):
        assert html.count(f'region" aria-label="{table.caption}"'.replace("'", "&#39;")) == 1
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
    assert "| cluener | lstm | paper | +50.0 ± 0.0 (2 seeds) 2/0/0 |" in text.read_text()
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
    options: dict[str, dict[str, Any]] = {
        "none": {},
        "budget": {"recipe": "budget", "k": 5},
        "paper": {"recipe": "paper"},
    }
    resolved = {name: told for name, (_, told) in resolve_recipes(options).items()}
    assert resolved == {name: RECIPES[name] for name in options}
    assert resolved["paper"] == scores.PAPER
