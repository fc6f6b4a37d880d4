"""The experiments of a grid, one result a cell: resumable, and shared by as many processes as there are."""

import logging
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from ..errors import CfgenError
from ..utils.environment import checkout_commit
from ..utils.files import read_json, write_json
from ..utils.logging import silence_libraries
from .cell import Sources, check_cell, choose_result, run_cell
from .grid import Cell, read_grid
from .results import CELLS, CellResult

LOCKS, SOURCES = "locks", "sources"

_WAIT_SECONDS = 0.5  # until what other processes do is looked at again


def run_grid(
    grid: Path, output: Path, data_dir: Path | None = None, workers: int = 1, device: str = "cpu"
) -> list[Path]:
    """Run the cells of a grid that have no result yet, and wait for those that other processes run.

    Writes to `output`: `cells/`, one JSON file per cell; `noaug/`, the NoAug taggers, and `candidates/`, the
    judged candidates, each of which is made once and shared by recipes; and `sources/`, digests of data and vectors,
    so that no result is taken for one of other data of the same name. A process that is killed leaves nothing that
    looks finished, and nothing that keeps others from running its cell.

    Args:
        grid (`Path`): A YAML file, see `read_grid`.
        output (`Path`): The folder of the results. Processes on several machines may share it.
        data_dir (`Path`, *optional*): The folder of the relative paths in the grid. Defaults to the grid's folder.
        workers (`int`, *optional*, defaults to 1): The number of processes to start, with one thread each.
        device (`str`, *optional*, defaults to `"cpu"`): `"cpu"` or `"cuda"`.

    Returns:
        `list[Path]`: The files of `read_grid`'s cells.

    Raises:
        CfgenError: Something in the grid cannot be used, or a worker was killed. What was finished stays.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise CfgenError("processes of a launcher would train one tagger together: start it alone, with --workers")
    if device == "cuda" and not torch.cuda.is_available():
        raise CfgenError("--device is 'cuda', and there is no GPU that torch can use: leave it out")
    cells = read_grid(grid, data_dir)
    for path in (output, *output.parents):
        if path.exists() and not path.is_dir():
            raise CfgenError(f"{path} is a file: choose another --output_dir")
    files = [_file(output, cell) for cell in cells]
    missing = [cell for cell in cells if not _finished(output, cell)]
    print(f"{len(cells)} cells, {len(cells) - len(missing)} of them done", flush=True)
    sources = Sources()
    for cell in {(cell.dataset, cell.model, cell.n): cell for cell in missing}.values():
        with _telling(cell):
            check_cell(cell, sources)
    digests = {}
    for cell in {(cell.dataset, cell.model): cell for cell in cells}.values():
        with _telling(cell):
            digests.update(sources.digests(cell, cell.arguments()[0]))
    workers = min(workers, len(missing))
    if device == "cuda" and workers == 1 and torch.cuda.device_count() > 1:
        raise CfgenError("there are several GPUs: choose one by CUDA_VISIBLE_DEVICES=0, or give more --workers")
    _check_sources(output, digests)
    if not missing:
        return files
    (output / CELLS).mkdir(exist_ok=True)
    if workers == 1:
        torch.set_num_threads(1)  # as in a worker: the number of threads changes the last bits of a sum
        _work(cells, output, sources, device, 1)
        return files
    del sources  # a worker reads its own
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to start
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        tasks = [pool.submit(_worker, cells, output, device, place, workers) for place in range(workers)]
        try:
            for task in as_completed(tasks):
                task.result()
        except BrokenProcessPool:
            raise CfgenError("a worker was killed: start it again, and it goes on with what is missing") from None
    return files


def _check_sources(output: Path, digests: dict[str, str]) -> None:
    """Check that the folder's results are of these data and vectors; one without digests is taken to be."""
    for name in (LOCKS, SOURCES):
        (output / name).mkdir(parents=True, exist_ok=True)
    with FileLock(output / LOCKS / "sources.lock"):
        for name, digest in digests.items():
            file = output / SOURCES / f"{name}.json"
            if not file.exists():
                write_json(file, {"digest": digest})
            elif read_json(file) != {"digest": digest}:
                raise CfgenError(
                    f"{output} holds results of other data or vectors of the same name, by {SOURCES}/{file.name}: "
                    "choose another --output_dir, or delete that file if they are of these"
                )


def _worker(cells: Sequence[Cell], output: Path, device: str, place: int, workers: int) -> None:
    """What a process of `--workers` does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    silence_libraries()
    logging.getLogger("hf_cfgen").setLevel(logging.ERROR)  # the first process has warned of the data
    torch.set_num_threads(1)
    if device == "cuda":
        # before the first use of it, after which it has no effect
        os.environ["CUDA_VISIBLE_DEVICES"] = str(place % torch.cuda.device_count())
    _work(cells, output, Sources(), device, workers)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(cells: Sequence[Cell], output: Path, sources: Sources, device: str, workers: int) -> None:
    """Do cells until all are done, here or elsewhere."""
    commit = checkout_commit()  # of what is loaded now; files may change under a long run
    seconds: dict[str, float] = {}
    while left := [cell for cell in cells if not _file(output, cell).exists()]:
        for cell in left:
            # from the first one again: what it waited for may be there
            if (result := _try(cell, output, sources, device, commit)) is not None:
                print(_progress(cell, result, cells, output, seconds, workers), flush=True)
                break
        else:
            time.sleep(_WAIT_SECONDS)


def _try(cell: Cell, output: Path, sources: Sources, device: str, commit: str | None) -> CellResult | None:
    """Do a cell; `None` where another process does it or what it needs."""
    if not all(_file(output, other).exists() for other in cell.among):
        return None

    def lock(name: str) -> FileLock:
        # the system releases it when the process dies, however it dies
        return FileLock(output / LOCKS / f"{name}.lock", timeout=0)

    try:
        with lock(cell.name):
            if _file(output, cell).exists():
                return None
            with _telling(cell):
                if cell.among:
                    result = choose_result(
                        cell, [CellResult.from_dict(read_json(_file(output, other))) for other in cell.among]
                    )
                else:
                    result = run_cell(cell, output, sources, lock, device, commit)
            write_json(_file(output, cell), result.to_dict(), indent=None)
            return result
    except Timeout:
        return None


@contextmanager
def _telling(cell: Cell) -> Iterator[None]:
    """Name the cell in what goes wrong within the block."""
    try:
        yield
    except CfgenError as error:
        raise CfgenError(f"cell {cell.name}: {error}") from None
    except Exception as error:
        error.add_note(f"in the cell {cell.name}")
        raise


def _finished(output: Path, cell: Cell) -> bool:
    """Whether a cell has a result, which must be its own."""
    file = _file(output, cell)
    if not file.exists():
        return False
    result = read_json(file)
    if {name: result.get(name) for name in (*cell.key, "config")} != cell.key | {"config": cell.config}:
        raise CfgenError(f"{file}: no result of this cell: delete it")
    return True


def _file(output: Path, cell: Cell) -> Path:
    return output / CELLS / f"{cell.name}.json"


def _progress(
    cell: Cell,
    result: CellResult,
    cells: Sequence[Cell],
    output: Path,
    seconds: dict[str, float],
    workers: int,
) -> str:
    """A line on a finished cell; `seconds` are those of the cells read before."""
    done = [other for other in cells if _file(output, other).exists()]
    for other in done:
        if other.name not in seconds:
            seconds[other.name] = sum(read_json(_file(output, other))["seconds"].values())
    # what is chosen among others takes no time of its own
    spent = [(other.dataset, other.model, seconds[other.name]) for other in done if not other.among]
    left = 0.0
    for other in cells:
        if other.name not in seconds and not other.among:
            alike = [value for *kind, value in spent if kind == [other.dataset, other.model]]
            left += statistics.median(alike or [value for *_, value in spent])
    score = 100 * result.test.strict.f1
    took = seconds[cell.name]
    return (
        f"[{len(done)}/{len(cells)}] {cell.name}: test strict F1 {score:.1f}, {_duration(took)}; "
        f"about {_duration(left / workers)} left"
    )


def _duration(seconds: float) -> str:
    """A duration in words.

    Example:

    >>> _duration(42.4), _duration(150), _duration(8000)
    ('42 s', '2 min', '2 h 13 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
