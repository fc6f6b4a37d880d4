"""The `report` command."""

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CfgenError
from .parser import CommandParser, from_arguments


@dataclass(kw_only=True)
class ReportArguments:
    """The options of `hf-cfgen report`; see `write_report`.

    Args:
        results_dir (`str`): The output folder of `hf-cfgen reproduce`, a folder of its result files or of Parquet
            files of results, or one Parquet file.
        output (`str`, *optional*): The HTML file. Defaults to `report.html` in `results_dir` unless `markdown` is
            given.
        markdown (`str`, *optional*): A Markdown file with the same tables.
        notes (`str`, *optional*): A text file whose paragraphs appear before the tables.
    """

    results_dir: str = field(metadata={"help": "The output folder of hf-cfgen reproduce, or results as Parquet."})
    output: str | None = field(default=None, metadata={"help": "HTML file; report.html in that folder if omitted."})
    markdown: str | None = field(default=None, metadata={"help": "Markdown file with the same tables."})
    notes: str | None = field(default=None, metadata={"help": "Text file to show before the tables."})


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    parser.add_options(ReportArguments, positionals=("results_dir",))


def main(command_line: Namespace) -> None:
    """Run the command."""
    arguments = from_arguments(ReportArguments, command_line)
    try:
        from ..experiments.report.page import write_report
    except ModuleNotFoundError as error:
        raise CfgenError(f"{error.name} is not installed: pip install 'hf-cfgen[experiments]'") from None
    write_report(Path(arguments.results_dir), arguments.output, arguments.markdown, arguments.notes)
