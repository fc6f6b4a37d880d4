"""Split text into tokens: characters, words, or what is between blanks.

**Characters**: every code point is a token, including whitespace and combining marks. **Words**: a token is a run of
letters, digits, and underscores, or any other single code point that is not whitespace, such as a punctuation mark or
an emoji. Combining marks and format characters (for example, variation selectors and zero-width joiners) belong to the
preceding token. **Whitespace**: a token is a run of code points other than spaces, tabs, and line breaks.
"""

import re
import unicodedata
from collections.abc import Iterable

from ..errors import CfgenError

UNITS = ("characters", "words")  # how the text of a file can be read
TEXT_UNITS = (*UNITS, "whitespace")  # how text can be split for a tagger

# Chinese (also Japanese kanji), Japanese kana, Thai: scripts without spaces between words
_UNSPACED = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d\u0e01-\u0e5b]"
)
# not \S, because a word can contain a no-break space
_BETWEEN_BLANKS = re.compile(r"[^ \t\r\n]+")


def token_offsets(text: str, unit: str) -> list[tuple[int, int]]:
    """Return the start and end of each token of a text.

    Args:
        text (`str`): The text.
        unit (`str`): One of `TEXT_UNITS`; see the module docstring.

    Returns:
        `list[tuple[int, int]]`: The offsets.

    Example:

    >>> [text[start:end] for text in ["No. 5-b"] for start, end in token_offsets(text, "words")]
    ['No', '.', '5', '-', 'b']
    """
    if unit == "characters":
        return [(position, position + 1) for position in range(len(text))]
    if unit == "whitespace":
        return [match.span() for match in _BETWEEN_BLANKS.finditer(text)]
    offsets: list[tuple[int, int]] = []
    in_word = False
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        follows = category[0] == "M" or category == "Cf"
        letter = category[0] in "LN" or category == "Pc"
        if offsets and offsets[-1][1] == position and (follows or (letter and in_word)):
            offsets[-1] = offsets[-1][0], position + 1
        elif not character.isspace():
            offsets.append((position, position + 1))
            in_word = letter
    return offsets


def default_gap(unit: str) -> str:
    """Return the default gap between two tokens."""
    return "" if unit == "characters" else " "


def choose_unit(texts: Iterable[str]) -> str:
    """Choose one of `UNITS` for texts: characters if most letters are Chinese, Japanese, or Thai, otherwise words.

    Example:

    >>> choose_unit(["患者CT示"]), choose_unit(["He said 你好 to us"])
    ('characters', 'words')
    """
    unspaced = letters = 0
    for text in texts:
        unspaced += len(_UNSPACED.findall(text))
        letters += sum(map(str.isalpha, text))
    return "characters" if 2 * unspaced > letters else "words"


def text_unit(tokens: Iterable[str]) -> str:
    """Return how text must be split to give tokens like those of a train split.

    The answer is `"characters"` if every token is one character. It is `"words"` if every token is one word, or if
    punctuation marks are usually tokens. It is `"whitespace"` if they are usually attached to words, as in "London.".
    Tokens of a script without spaces are an exception: the answer is `"characters"` if most of them are one character,
    otherwise `"whitespace"`, because no rule finds their words.

    Args:
        tokens (`Iterable[str]`): All tokens of the train split.

    Returns:
        `str`: One of `TEXT_UNITS`.

    Example:

    >>> text_unit(["@bo", "sings", "."]), text_unit(["Bo", "sings."]), text_unit(["北", "京"])
    ('words', 'whitespace', 'characters')
    """
    tokens = list(tokens)
    if is_in_characters(tokens):
        return "characters"
    if choose_unit(tokens) == "characters":
        return "characters" if 2 * sum(len(token) == 1 for token in tokens) > len(tokens) else "whitespace"
    if is_in_words(tokens):
        return "words"
    ends = [token for token in tokens if token and unicodedata.category(token[-1])[0] == "P"]
    attached = sum(any(map(str.isalnum, token)) for token in ends)
    return "words" if len(ends) > 2 * attached else "whitespace"


def is_in_characters(tokens: Iterable[str]) -> bool:
    """Check whether every token is one character, as in Chinese data. True if there are no tokens.

    Example:

    >>> is_in_characters(["北", "京"]), is_in_characters(["Ada", "!"])
    (True, False)
    """
    return all(len(token) == 1 for token in tokens)


def is_in_words(tokens: Iterable[str]) -> bool:
    """Check whether every token is one word, see `token_offsets`. True if there are no tokens.

    Example:

    >>> is_in_words(["Ada", "!"]), is_in_words(["Ada!"])
    (True, False)
    """
    return all(token_offsets(token, "words") == [(0, len(token))] for token in tokens)


def check_encodable(what: str, text: str) -> None:
    """Raise a `CfgenError` if a text has half of a surrogate pair, which JSON can escape but UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CfgenError(f"{what} has half of a surrogate pair at {error.start}: correct it") from None
