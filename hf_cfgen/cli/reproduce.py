"""The `reproduce` command."""

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import CfgenError
from .parser import CommandParser, from_arguments
from .processes import check_processes


@dataclass(kw_only=True)
class ReproduceArguments:
    """The options of `hf-cfgen reproduce`; see `run_grid`.

    Args:
        grid (`str`): A YAML file; see `read_grid`.
        output_dir (`str`): The folder of the results. Processes on several machines may share it.
        data_dir (`str`, *optional*): The folder of the relative paths in the grid. Defaults to the grid's folder.
        workers (`int`, *optional*, defaults to 1): The number of processes to start, with one thread each.
        device (`str`, *optional*, defaults to `"cpu"`): `"cpu"` or `"cuda"`.

    Raises:
        CfgenError: A value is not allowed.
    """

    grid: str = field(metadata={"help": "A YAML file of datasets, models, recipes and their combinations."})
    output_dir: str = field(metadata={"help": "Folder of the results; several machines may share it."})
    data_dir: str | None = field(default=None, metadata={"help": "Folder of the relative paths in the grid."})
    workers: int = field(default=1, metadata={"help": "Processes to start, with one thread each."})
    device: Literal["cpu", "cuda"] = field(default="cpu", metadata={"help": "Device"})

    def __post_init__(self) -> None:
        if not Path(self.grid).is_file():
            raise CfgenError(f"{self.grid}: no such file: correct the path")
        if self.workers < 1:
            raise CfgenError(f"--workers is {self.workers}: give at least 1")


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    parser.add_options(ReproduceArguments, positionals=("grid",), example="--output_dir DIR")


def main(command_line: Namespace) -> None:
    """Run the command."""
    arguments = from_arguments(ReproduceArguments, command_line)
    from ..experiments.runner import run_grid
    from ..utils.logging import silence_libraries

    silence_libraries()
    check_processes()
    run_grid(
        Path(arguments.grid),
        Path(arguments.output_dir),
        None if arguments.data_dir is None else Path(arguments.data_dir),
        arguments.workers,
        arguments.device,
    )
