"""Convert mentions between text and tokens, and join tokens to text. The tokens are those of `utils.text`."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..errors import CfgenError
from ..tagging.spans import Span
from ..utils.text import token_offsets

_SENTENCE_END = re.compile(r"(?:[。！？!?；;\n]|\.(?=\s))[。！？!?；;\s]*")


def token_spans(where: str, text: str, offsets: Sequence[tuple[int, int]], spans: Iterable[Span]) -> list[Span]:
    """Convert mentions over characters to mentions over tokens, without the whitespace at their ends.

    Args:
        where (`str`): The location of the record, for messages.
        text (`str`): Its text.
        offsets (`Sequence[tuple[int, int]]`): The result of `token_offsets`.
        spans (`Iterable[Span]`): Mentions over the text.

    Raises:
        CfgenError: A mention splits a token or contains only whitespace.

    Example:

    >>> token_spans("a:1", "to Bo", [(0, 2), (3, 5)], [Span(2, 5, "PER")])
    [Span(start=1, end=2, label='PER')]
    """
    first_at = {start: position for position, (start, _) in enumerate(offsets)}
    last_at = {end: position for position, (_, end) in enumerate(offsets)}
    found = []
    for given in spans:
        start, end, label = given
        if not text[start:end].strip():
            raise CfgenError(f"{where}: {label} [{start}:{end}] holds blanks only: remove it")
        while start < end and start not in first_at and text[start].isspace():
            start += 1
        while end > start and end not in last_at and text[end - 1].isspace():
            end -= 1
        for edge, side, known in ((start, "start", first_at), (end, "end", last_at)):
            if edge not in known:
                left, right = next((low, high) for low, high in offsets if low < edge < high)
                raise CfgenError(
                    f"{where}: {label} [{given.start}:{given.end}] cuts the word {text[left:right]!r} "
                    f"[{left}:{right}] at offset {edge}: move the {side} of the mention to a word's {side}, or read "
                    "the data in characters (tokenization)"
                )
        found.append(Span(first_at[start], last_at[end] + 1, label))
    return found


def split_long(text: str, unit: str, spans: Sequence[Span], max_length: int) -> list[tuple[str, list[Span]]]:
    """Split a text of more than `max_length` tokens at sentence ends, into as few parts as possible.

    A sentence ends after `。！？!?；;`, a line break, or `.` before whitespace, including any such marks and
    whitespace that follow. It never ends inside a mention or token. A single sentence is never split. The result has
    the text of each part, and its mentions.

    Example:

    >>> split_long("甲来。乙去。丙。", "characters", [Span(3, 4, "PER")], 5)
    [('甲来。', []), ('乙去。丙。', [Span(start=0, end=1, label='PER')])]
    """
    offsets = token_offsets(text, unit)
    if len(offsets) <= max_length:
        return [(text, list(spans))]
    uncut = [*offsets, *((start, end) for start, end, _ in spans)]
    inside = {position for start, end in uncut for position in range(start + 1, end)}
    first = len(text) - len(text.lstrip())
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    ends = [end for end in ends if first < end < len(text) and end not in inside]
    token_ends = [end for _, end in offsets]
    cuts, begin = [0], 0  # begin: number of tokens before the current part
    for end, following in pairwise([*ends, len(text)]):
        if bisect_right(token_ends, following) - begin > max_length:
            cuts.append(end)
            begin = bisect_right(token_ends, end)
    cuts.append(len(text))
    return [
        (text[low:high], [Span(start - low, end - low, label) for start, end, label in spans if low <= start < high])
        for low, high in pairwise(cuts)
    ]


def gaps_between(text: str, offsets: Sequence[tuple[int, int]]) -> list[str]:
    """Return the whitespace before, between, and after the tokens of a text: one gap more than tokens.

    Example:

    >>> gaps_between("to  Bo.", [(0, 2), (4, 6), (6, 7)])
    ['', '  ', '', '']
    """
    starts = [*(start for start, _ in offsets), len(text)]
    ends = [0, *(end for _, end in offsets)]
    return [text[end:start] for end, start in zip(ends, starts)]


def join_tokens(tokens: Sequence[str], gaps: Sequence[str], unit: str) -> tuple[str, list[tuple[int, int]]]:
    """Join tokens and the gaps between them to a text; return the text and the tokens' offsets.

    A space is added where two words would merge.

    Example:

    >>> join_tokens(["to", "Bo", "."], ["", "", "", ""], "words")
    ('to Bo.', [(0, 2), (3, 5), (5, 6)])
    """
    text, offsets = gaps[0], []
    for position, (token, gap) in enumerate(zip(tokens, gaps[1:])):
        offsets.append((len(text), len(text) + len(token)))
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        pair = [] if gap else token_offsets(token + following, unit)
        merges = any(start < len(token) < end for start, end in pair)
        text += token + (" " if merges else gap)
    return text, offsets
