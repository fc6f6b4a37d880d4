"""What results were made with: versions and commit."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "seqeval", "numpy")


def environment() -> dict[str, str]:
    """The versions that results depend on.

    Returns:
        `dict[str, str]`: Of Python and of libraries, by name.

    Example:

    >>> list(environment())[:3]
    ['python', 'torch', 'transformers']
    """
    return {"python": sys.version.split()[0], **{name: version(name) for name in _LIBRARIES}}


def checkout_commit() -> str | None:
    """The commit of the checkout that this is.

    Returns:
        `str` or `None`: The commit, `-dirty` if files differ from it; `None` where this is no checkout.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() or None
    except FileNotFoundError:  # no git here
        return None


def base_name(value: str) -> str:
    """A name that may be told: of a path on this machine its last part, of anything else all of it.

    Args:
        value (`str`): A path, a Hub name, any text.

    Returns:
        `str`: The name.

    Example:

    >>> base_name("/data/ward-3/cner/"), base_name("bert-base-chinese"), base_name("demo:en")
    ('cner', 'bert-base-chinese', 'demo:en')
    """
    path = Path(value).expanduser()
    local = path.is_absolute() or value.startswith(".") or path.exists()
    return Path(os.path.abspath(path)).name if local else value


def command_line(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The options that differ from their defaults, as they would stand on the command line, without folders.

    Args:
        options (`Mapping[str, Any]`): Values of options by their names.
        defaults (`Mapping[str, Any]`): The same of the defaults; an option that is not there has none.

    Returns:
        `str`: The options; paths as `base_name` has them.

    Example:

    >>> given = {"dataset": "/data/my set", "k": 5, "types": ["PER", "LOC"], "pool": True}
    >>> command_line(given, {"k": 5, "pool": False})
    "--dataset 'my set' --types PER LOC --pool true"
    """
    parts = []
    for name, value in options.items():
        if value is None or (name in defaults and defaults[name] == value):
            continue
        items = value if isinstance(value, list) else [value]
        parts += [f"--{name}", *(shlex.quote(_written(item)) for item in items)]
    return " ".join(parts)


def _written(value: Any) -> str:
    return base_name(value) if isinstance(value, str) else json.dumps(value)
