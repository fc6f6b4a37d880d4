"""Run the cells of a grid, in any number of processes that share a folder and can be killed and resumed."""

import logging
import multiprocessing
import os
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
from .cell import Sources, check_cell, run_cell
from .grid import Cell, read_grid
from .results import CELLS, CellResult

LOCKS, SOURCES = "locks", "sources"

_WAIT_SECONDS = 0.5  # between two looks at the work of other processes


def run_grid(
    grid: Path, output: Path, data_dir: Path | None = None, workers: int = 1, device: str = "cpu"
) -> list[Path]:
    """Run the cells of a grid that have no result yet, and wait for those that other processes run.

    Writes to `output`: `cells/`, one JSON file per cell; `noaug/` and `candidates/`, the NoAug taggers and the judged
    candidates that recipes share; and `sources/`, digests of data and vectors, so that results of other data with the
    same name are refused. A process that is killed leaves no unfinished file, and its cell can be run again.

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
        with _naming(cell):
            check_cell(cell, sources)
    digests = {}
    for cell in {(cell.dataset, cell.model): cell for cell in cells}.values():
        with _naming(cell):
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
        _work(cells, output, sources, device)
        return files
    del sources  # a worker reads its own
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to start
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        tasks = [pool.submit(_worker, cells, output, device, place) for place in range(workers)]
        try:
            for task in as_completed(tasks):
                task.result()
        except BrokenProcessPool:
            raise CfgenError("a worker was killed: start it again, and it goes on with what is missing") from None
    return files


def _check_sources(output: Path, digests: dict[str, str]) -> None:
    """Check that the results in the folder are of these data and vectors; record them in a new folder."""
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


def _worker(cells: Sequence[Cell], output: Path, device: str, place: int) -> None:
    """Run cells in a process of `--workers`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    silence_libraries()
    logging.getLogger("hf_cfgen").setLevel(logging.ERROR)  # the first process warns about the data
    torch.set_num_threads(1)
    if device == "cuda":
        # has no effect after the first use of the GPU
        os.environ["CUDA_VISIBLE_DEVICES"] = str(place % torch.cuda.device_count())
    _work(cells, output, Sources(), device)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(cells: Sequence[Cell], output: Path, sources: Sources, device: str) -> None:
    """Run cells until all are finished, by this process or others."""
    commit = checkout_commit()  # of the code that is loaded; files may change during a long run
    while left := [cell for cell in cells if not _file(output, cell).exists()]:
        for cell in left:
            if (result := _try(cell, output, sources, device, commit)) is not None:
                done = sum(_file(output, other).exists() for other in cells)
                score, seconds = 100 * result.test.strict.f1, sum(result.seconds.values())
                text = f"[{done}/{len(cells)}] {cell.name}: test strict F1 {score:.1f}, {seconds:.0f} s"
                print(text, flush=True)
                break  # start again from the first cell, which may have waited for this one
        else:
            time.sleep(_WAIT_SECONDS)


def _try(cell: Cell, output: Path, sources: Sources, device: str, commit: str | None) -> CellResult | None:
    """Run a cell; return `None` if another process runs it or makes what it needs."""

    def lock(name: str) -> FileLock:
        # the system releases the lock when the process ends, even if it is killed
        return FileLock(output / LOCKS / f"{name}.lock", timeout=0)

    try:
        with lock(cell.name):
            if _file(output, cell).exists():
                return None
            with _naming(cell):
                result = run_cell(cell, output, sources, lock, device, commit)
            write_json(_file(output, cell), result.to_dict(), indent=None)
            return result
    except Timeout:
        return None


@contextmanager
def _naming(cell: Cell) -> Iterator[None]:
    """Name the cell in the errors of the block."""
    try:
        yield
    except CfgenError as error:
        raise CfgenError(f"cell {cell.name}: {error}") from None
    except Exception as error:
        error.add_note(f"in the cell {cell.name}")
        raise


def _finished(output: Path, cell: Cell) -> bool:
    """Return whether a cell has a result, and check that it is its own."""
    file = _file(output, cell)
    if not file.exists():
        return False
    result = read_json(file)
    if {name: result.get(name) for name in (*cell.key, "config")} != cell.key | {"config": cell.config}:
        raise CfgenError(f"{file}: no result of this cell: delete it")
    return True


def _file(output: Path, cell: Cell) -> Path:
    return output / CELLS / f"{cell.name}.json"
