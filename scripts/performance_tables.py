"""The tables of docs/performance.md, from the results of the benchmarks; `scripts/update_readme.py` writes them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hf_cfgen.reporting.markdown import table
from hf_cfgen.utils.files import read_json

GIB = 2**30
BILLION = 1_000_000_000
MACHINES = (1, 16)


def goals(folder: Path) -> list[str]:
    """The goals and the measurements."""
    read = {file.stem: read_json(file) for file in folder.glob("*.json")}
    scale = read["scale"]
    largest = max(scale["measured"], key=lambda row: (row["rows"], -row["processes"]))
    bert, minilm = read["discrimination-bert"], read["discrimination-minilm"]
    against = read["metrics"]["speed_against"]
    seconds = read["startup"]["seconds"]
    rows = [
        (
            f"good rows per second to disk, compared with {read['generation']['fastest_peer']}, the fastest peer",
            ">= 8 x",
            f"{read['generation']['ratio']:.1f} x",
        ),
        (
            f"time per row for {largest['drawn']:,} rows, compared with 100,000",
            "<= 1.3 x",
            f"{scale['largest_against_base']:.2f} x",
        ),
        ("peak memory for these rows", "< 1.5 GB", f"{largest['peak_mib'] * 2**20 / 1e9:.2f} GB"),
        (
            "verdicts per second, compared with the stock pipeline, BERT of 2 layers of 128",
            ">= 3 x",
            f"{bert['speed_against_stock_pipeline']:.1f} x",
        ),
        (
            "time of verdicts, compared with the forward pass alone, MiniLM",
            "<= 1.15 x",
            f"{minilm['time_against_bare_forward']:.2f} x",
        ),
        (
            "speed of strict, relaxed and token F1, compared with the strict F1 of seqeval",
            ">= 10 x",
            f"{against['seqeval, f1_score']:.0f} x",
        ),
        ("the same, compared with nervaluate", ">= 30 x", f"{against['nervaluate, evaluate']:.0f} x"),
        ("`import hf_cfgen`", "<= 0.2 s", f"{seconds['import hf_cfgen']:.2f} s"),
        ("`hf-cfgen --help`", "<= 0.5 s", f"{seconds['hf-cfgen --help']:.2f} s"),
        ("two processes compared with one, generation", ">= 1.7 x", f"{scale['one_process_against_two']:.2f} x"),
        ("two processes compared with one, verdicts", ">= 1.7 x", f"{minilm['processes']['speed_against_one']:.2f} x"),
    ]
    for of in (read["training-lstm"], read["training-minilm"]):
        what = f"share of training in forward, backward and optimizer, {of['model']} on {of['data']}"
        in_steps = sum(of["shares"][part] for part in ("forward", "backward", "optimizer"))
        with_dev = in_steps + of["shares"]["forward on dev"]
        rows.append((what, ">= 85 %", f"{in_steps:.0%}; {with_dev:.0%} with dev's forward passes"))
    return _lines(["what", "goal", "measured"], rows)


def generation(file: Path) -> list[str]:
    """Rows per second of all packages."""
    of = read_json(file)
    packages, alone = of["packages"], of["map_alone"]
    rows = [
        (
            f"{name} {package['version']}",
            f"{package['good']:,} of {package['rows']:,}",
            f"{package['milliseconds_augmenting']:.0f}",
            f"{package['milliseconds']:.0f}",
            f"{package['good_rows_per_second']:,}",
        )
        for name, package in packages.items()
    ]
    rate = round(alone["rows"] / alone["milliseconds"] * 1e3)
    rows.append(
        ("a datasets.map of existing rows", f"{alone['rows']:,}", "–", f"{alone['milliseconds']:.0f}", f"{rate:,}")
    )
    return _lines(["package", "good rows", "ms to augment", "ms to disk", "good rows per second to disk"], rows)


def scale(file: Path) -> list[str]:
    """How the cost of generation grows."""
    rows = [
        (
            f"{row['sentences']:,}",
            f"{row['joined']} x",
            f"{10 * row['types_of_one']}",
            str(row["processes"]),
            f"{row['drawn']:,}",
            f"{row['seconds']:.1f}",
            f"{row['microseconds_a_row']:.1f}",
            f"{row['peak_mib']:.0f}",
        )
        for row in read_json(file)["measured"]
    ]
    header = [
        "N",
        "length",
        "types",
        "processes",
        "rows drawn",
        "seconds",
        "µs per row",
        "peak MiB of the main process",
    ]
    return _lines(header, rows)


def discrimination(folder: Path) -> list[str]:
    """Rows per second of hf_cfgen, the stock pipeline and the forward passes."""
    rows = []
    for file in sorted(folder.glob("discrimination-*.json")):
        of = read_json(file)
        for way, rate in of["rows_per_second"].items():
            rows.append((of["model"], of["data"], f"{of['candidates']:,}", way, f"{rate:,.0f}"))
    return _lines(["model", "data", "rows", "way", "rows per second"], rows)


def metrics(file: Path) -> list[str]:
    """Seconds of the scores of all packages."""
    of = read_json(file)
    rows = [
        (name, f"{1e3 * seconds:.0f}", f"{of['speed_against'].get(name, 1):.1f} x")
        for name, seconds in of["seconds"].items()
    ]
    return _lines([f"{of['words']:,} words, {of['types']} types", "ms", "compared with hf_cfgen"], rows)


def training(folder: Path) -> list[str]:
    """Where the time of training goes."""
    runs = [read_json(file) for file in sorted(folder.glob("training-*.json"))]
    names = [f"{of['model']} on {of['data']}, {of['steps']:,} steps of {of['batch_size']}" for of in runs]
    rows = [(part, *(f"{of['shares'][part]:.1%}" for of in runs)) for part in runs[0]["shares"]]
    return _lines(["share of the time", *names], rows)


def lstm(folder: Path) -> list[str]:
    """The training of the LSTM on a CPU, compared with packed sequences."""
    rows = []
    for file in sorted(folder.glob("training-*.json")):
        of = read_json(file)
        if "lstm_seconds_a_step" in of:
            ours, packed = of["lstm_seconds_a_step"].values()
            rows.append((of["data"], f"{1e3 * ours:.0f}", f"{1e3 * packed:.0f}", f"{packed / ours:.1f} x"))
    return _lines(["data", "ms per step, hf_cfgen", "packed", "packed compared with hf_cfgen"], rows)


def billion(folder: Path) -> list[str]:
    """The estimated cost of a billion candidates."""
    of_scale, of_verdicts = read_json(folder / "scale.json"), read_json(folder / "discrimination-minilm.json")
    largest = max(of_scale["measured"], key=lambda row: (row["drawn"], row["processes"]))
    (one_process,) = (row for row in of_scale["measured"] if (row["drawn"], row["processes"]) == (largest["drawn"], 1))
    judged = of_verdicts["candidates"] / of_verdicts["processes"]["seconds_of_all"]
    rows = [
        ("GiB on disk", f"{largest['bytes_a_row'] * BILLION / GIB:,.0f}"),
        ("hours to generate, one machine", f"{largest['seconds'] / largest['drawn'] * BILLION / 3600:,.1f}"),
        (
            "bytes of memory per row to generate, with mapped files",
            f"{one_process['peak_mib'] * 2**20 / one_process['drawn']:,.0f}",
        ),
        ("sentences to discriminate", f"{BILLION:,}"),
        *(
            (
                f"hours to discriminate with MiniLM, machines of 2 cores: {machines}",
                f"{BILLION / judged / machines / 3600:,.0f}",
            )
            for machines in MACHINES
        ),
    ]
    return _lines(["a billion candidates", "estimate"], rows)


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return table(header, rows).splitlines()


TABLES: dict[str, Callable[[Path], list[str]]] = {
    function.__name__: function
    for function in (goals, generation, scale, discrimination, metrics, training, lstm, billion)
}
