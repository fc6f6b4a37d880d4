"""The `push` command."""

from argparse import Namespace
from dataclasses import dataclass, field

from ..hub.push import push_dataset
from ..utils.logging import silence_libraries
from .parser import CommandParser, from_arguments


@dataclass(kw_only=True)
class PushArguments:
    """The options of `hf-cfgen push`; see `push_dataset`."""

    run_dir: str = field(metadata={"help": "The output folder of hf-cfgen run."})
    repo_id: str = field(metadata={"help": "Repository, NAMESPACE/NAME."})
    public: bool = field(default=False, metadata={"help": "Make the repository public; needs --license."})
    license: str | None = field(default=None, metadata={"help": "License, as the Hub names it: cc-by-4.0."})
    language: list[str] | None = field(default=None, metadata={"help": "Languages of the data: zh, en."})
    citation: str | None = field(default=None, metadata={"help": "How to cite the source: text or BibTeX."})
    dry_run: str | None = field(default=None, metadata={"help": "Folder to write to instead of pushing."})


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    parser.add_options(PushArguments, positionals=("run_dir",), example="--repo_id NAMESPACE/NAME")


def main(command_line: Namespace) -> None:
    """Run the command."""
    silence_libraries()
    arguments = from_arguments(PushArguments, command_line)
    pushed = push_dataset(**vars(arguments))
    if arguments.dry_run:
        print(f"The files to push are in {pushed.url}")
    elif pushed.commit is None:
        print(f"{pushed.url} is already up to date")
    else:
        print(f"Pushed to {pushed.url} ({'public' if arguments.public else 'private'}), commit {pushed.commit}")
