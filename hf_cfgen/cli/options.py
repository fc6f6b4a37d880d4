"""Options by their names, from the command line or YAML, to the dataclasses that hold them."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from datasets import disable_progress_bars
from datasets.utils.logging import CRITICAL, set_verbosity
from huggingface_hub.utils import disable_progress_bars as disable_hub_progress_bars
from transformers import HfArgumentParser
from transformers.utils import logging

from ..errors import CfgenError


class OptionParser(HfArgumentParser):
    """A parser for dataclasses of options that raises a `CfgenError` where others end the process.

    Args:
        classes (`Sequence[type]`): The dataclasses.
        command (`str`): The command of `hf-cfgen` that has these options, for messages.
    """

    def __init__(self, classes: Sequence[Any], command: str) -> None:
        super().__init__(classes, prog=f"hf-cfgen {command}", allow_abbrev=False)
        self.hint = f"(hf-cfgen {command} --help lists the options)"

    def error(self, message: str) -> NoReturn:
        raise CfgenError(f"{message} {self.hint}")

    def parse(self, options: Sequence[str]) -> list[Any]:
        """Read options.

        Args:
            options (`Sequence[str]`): As on the command line.

        Returns:
            `list`: An instance of each dataclass, and a namespace of what else was added to the parser.

        Raises:
            CfgenError: An option is unknown, or a value is not allowed.
        """
        try:
            *parsed, unknown = self.parse_args_into_dataclasses(
                options, look_for_args_file=False, return_remaining_strings=True
            )
        except CfgenError:
            raise
        except (ValueError, ImportError) as error:  # transformers' own checks of its TrainingArguments
            raise CfgenError(" ".join(str(error).split())) from error
        if unknown:  # without their values, one of which may be a token
            named = [option.partition("=")[0] for option in unknown if option.startswith("-")]
            self.error(f"unknown options: {' '.join(named or unknown)}")
        return parsed


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of names and values.

    Args:
        path (`Path`): The file.

    Returns:
        `dict`: What it holds.

    Raises:
        CfgenError: It can't be read, or holds something else.
    """
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CfgenError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise CfgenError(f"{path}: a YAML file of options holds 'option: value' lines")
    return values


def as_options(values: Mapping[str, Any]) -> list[str]:
    """Values by names as they would stand on the command line.

    Args:
        values (`Mapping[str, Any]`): The values; `None` is left out, a mapping is a list of `OLD=NEW`.

    Returns:
        `list[str]`: The options.

    Example:

    >>> as_options({"k": 5, "types": ["PER", "LOC"], "label_map": {"MISC": "O"}, "seed": None})
    ['--k', '5', '--types', 'PER', 'LOC', '--label_map', 'MISC=O']
    """
    options = []
    for name, value in values.items():
        if isinstance(value, dict):
            value = [f"{old}={new}" for old, new in value.items()]
        if value is not None:
            options += [f"--{name}", *(str(item) for item in (value if isinstance(value, list) else [value]))]
    return options


def quiet() -> None:
    """Leave out what libraries print that a command tells itself, and progress bars where no one looks."""
    set_verbosity(CRITICAL)  # what datasets logs it also raises, and that is told
    if not sys.stderr.isatty():
        disable_progress_bars()
        disable_hub_progress_bars()
        logging.disable_progress_bar()
