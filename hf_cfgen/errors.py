"""The one exception of the package."""

from collections.abc import Iterator
from contextlib import contextmanager


class CfgenError(ValueError):
    """Bad input. The message says what is wrong and what to do.

    The command line prints it as one line and exits with status 2.
    """


@contextmanager
def about(what: object) -> Iterator[None]:
    """Add a path or a name in front of the message of a `CfgenError` that the block raises.

    Example:

    >>> with about("a.json"):
    ...     raise CfgenError("no mention: label some")
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: a.json: no mention: label some
    """
    try:
        yield
    except CfgenError as error:
        raise CfgenError(f"{what}: {error}") from None
