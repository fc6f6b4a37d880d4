"""Detect whether tokens are characters or words; other modules rely on this one."""

from collections.abc import Iterable


def is_in_characters(tokens: Iterable[str]) -> bool:
    """Check whether tokens are characters, as in Chinese data, rather than words.

    Args:
        tokens (`Iterable[str]`): The tokens of a sentence, or of many sentences.

    Returns:
        `bool`: Whether every token is one character. True if there are no tokens.

    Example:

    >>> is_in_characters(["北", "京"]), is_in_characters(["Ada", "!"])
    (True, False)
    """
    return all(len(token) == 1 for token in tokens)
