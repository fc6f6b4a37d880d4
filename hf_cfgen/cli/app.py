"""The `app` command."""

from argparse import Namespace
from dataclasses import dataclass, field

from ..errors import CfgenError
from .parser import CommandParser, from_arguments


@dataclass(kw_only=True)
class AppArguments:
    """The options of `hf-cfgen app`; see `hf_cfgen.app.page.serve`."""

    host: str | None = field(
        default=None,
        metadata={
            "help": "Address to listen on; 127.0.0.1 if omitted. Everybody who can open the page can read your files."
        },
    )
    port: int | None = field(default=None, metadata={"help": "Port; the first free port from 7860 if omitted."})


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
    parser.add_options(AppArguments)


def main(command_line: Namespace) -> None:
    """Run the command."""
    arguments = from_arguments(AppArguments, command_line)
    try:
        from ..app.page import serve
    except ModuleNotFoundError as error:
        raise CfgenError(f"{error.name} is not installed: pip install 'hf-cfgen[app]'") from None
    from ..utils.logging import silence_libraries

    silence_libraries()
    serve(arguments.host, arguments.port)
