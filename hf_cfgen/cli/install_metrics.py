"""The `install-metrics` command."""

from argparse import Namespace

from .parser import CommandParser


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    parser.add_options()


def main(command_line: Namespace) -> None:
    """Run the command."""
    from ..metrics.install import METRICS, install_metric

    for name in METRICS:
        copy, new = install_metric(name)
        print(f'evaluate.load("{name}") works from any folder: {"installed" if new else "already installed"}, {copy}')
