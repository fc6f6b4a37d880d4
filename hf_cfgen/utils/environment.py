"""The provenance of a result: versions, commit, command line."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "seqeval", "numpy")


def environment() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on.

    Example:

    >>> list(environment())[:3]
    ['python', 'torch', 'transformers']
    """
    return {"python": sys.version.split()[0], **{name: version(name) for name in _LIBRARIES}}


def checkout_commit() -> str | None:
    """Return the commit of this checkout, with `-dirty` if files have changed; `None` if it is not a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() or None
    except FileNotFoundError:  # git is not installed
        return None


def base_name(value: str) -> str:
    """Return the last part of a local path, to hide private folders; return other text unchanged.

    Example:

    >>> base_name("/data/ward-3/cner/"), base_name("bert-base-chinese"), base_name("demo:en")
    ('cner', 'bert-base-chinese', 'demo:en')
    """
    path = Path(value).expanduser()
    local = path.is_absolute() or value.startswith(".") or path.exists()
    return Path(os.path.abspath(path)).name if local else value


def command_line(options: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """Format the options that differ from their defaults as a command line, with paths shortened by `base_name`.

    Example:

    >>> given = {"dataset": "/data/my set", "k": 5, "types": ["PER", "LOC"], "pool": True, "split_sizes": (8, 1, 1)}
    >>> command_line(given, {"k": 5, "pool": False})
    "--dataset 'my set' --types PER LOC --pool true --split_sizes 8,1,1"
    """
    parts = []
    for name, value in options.items():
        if value is None or (name in defaults and defaults[name] == value):
            continue
        if isinstance(value, dict):
            value = [f"{old}={new}" for old, new in value.items()]
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        items = value if isinstance(value, list) else [value]
        written = (base_name(item) if isinstance(item, str) else json.dumps(item) for item in items)
        parts += [f"--{name}", *map(shlex.quote, written)]
    return " ".join(parts)
