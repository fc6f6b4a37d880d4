"""What results were made with: versions and commit."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

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
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    command = ("git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() or None
    except FileNotFoundError:  # no git here
        return None
