"""The one exception of the package."""

from collections.abc import Iterator
from contextlib import contextmanager


class CfgenError(ValueError):
    """Bad input: the message says what was given, what is allowed and what to do.

    A `ValueError` for callers of the API; the command line prints it as one line and ends with status 2.
    """


@contextmanager
def about(what: object) -> Iterator[None]:
    """Put what was given before the message of an error within the block.

    Args:
        what (`object`): A path or a name.

    Example:

    >>> with about("a.json"):
    ...     raise CfgenError("no mention in it")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json: no mention in it
    """
    try:
        yield
    except CfgenError as error:
        raise CfgenError(f"{what}: {error}") from None
