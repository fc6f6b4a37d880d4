"""The command line: `hf-cfgen COMMAND`. Each command is a module with `add_options(parser)` and `main(arguments)`."""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from .. import __version__
from ..errors import CfgenError
from ..utils.values import nearest
from .parser import CommandParser, Parser

COMMANDS = {
    "run": "train a tagger, make counterfactual examples with it, train again, compare",
    "augment": "write the counterfactual examples of a labeled file, in the same format",
    "diagnose": "measure whether a tagger reads the entities or their context",
    "push": "push the augmented dataset of a run to the Hub, private unless --public",
    "reproduce": "run the experiments of a grid that have no result yet",
    "report": "write tables and charts of the results of experiments",
    "install-metrics": 'make evaluate.load("ace_ri") and evaluate.load("ner_f1") work anywhere',
    "app": "serve a page to try it in a browser",
}

MAIN_FIRST_SECONDS = 10


def main(argv: Sequence[str] | None = None) -> None:
    """Run the `hf-cfgen` command. Bad input prints one line on standard error and ends with status 2.

    Args:
        argv (`Sequence[str]`, *optional*): The words of the command line. Defaults to those of the process.
    """
    words = [*(sys.argv[1:] if argv is None else argv)]
    try:
        try:
            module, arguments = _parse(words)
            module.main(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `hf-cfgen run --help | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (CfgenError, OSError) as error:  # an OSError: a file that cannot be written, a full disk
        if os.environ.get("RANK", "0") != "0":
            # Bad input fails all processes alike: the main one reports it, and the launcher ends this one meanwhile.
            time.sleep(MAIN_FIRST_SECONDS)
        print("hf-cfgen: " + r"\n".join(str(error).splitlines()), file=sys.stderr)
        sys.exit(2)


def _parse(words: list[str]) -> tuple[ModuleType, Namespace]:
    """Parse the command line. Only the module of the named command is imported."""
    parser = Parser(prog="hf-cfgen", usage="hf-cfgen COMMAND [options]")
    parser.add_argument("--version", action="version", version=f"hf-cfgen {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="hf-cfgen", parser_class=CommandParser)
    parser.epilog = "hf-cfgen COMMAND --help lists the options of a command."
    command = next((word for word in words if not word.startswith("-")), "")
    if not words:
        raise CfgenError(f"no command: {nearest(command, COMMANDS)}")
    if command and command not in COMMANDS:
        raise CfgenError(f"{command}: unknown command: {nearest(command, COMMANDS)}")
    module = None
    for name, summary in COMMANDS.items():
        command_parser = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == command:
            module = import_module(f".{command.replace('-', '_')}", __package__)
            module.add_options(command_parser)
    arguments = parser.parse_args(words)
    assert module is not None, "without a command, --help and --version exit, and others are errors"
    return module, arguments


if __name__ == "__main__":
    main()
