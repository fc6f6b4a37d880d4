"""Detect whether tokens are characters or words."""

from collections.abc import Iterable


def is_in_characters(tokens: Iterable[str]) -> bool:
    """Check whether every token is one character, as in Chinese data. True if there are no tokens.

    Example:

    >>> is_in_characters(["北", "京"]), is_in_characters(["Ada", "!"])
    (True, False)
    """
    return all(len(token) == 1 for token in tokens)
