"""Spans and tags: the only module that reads and writes tags.

A tag is `"O"` or a prefix, a hyphen and a label (`"B-PER"`). The six schemes differ in the prefixes
of a mention's first, inner, last and only word:

| scheme | first | inner | last | only |
|---|---|---|---|---|
| IOB1 | I, or B directly after a mention of the same type | I | I | as first |
| IOB2 (BIO) | B | I | I | B |
| BIOES | B | I | E | S |
| BILOU | B | I | L | U |
| BMES | B | M | E | S |
| BMEWO | B | M | E | W |
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..errors import CfgenError

SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "BMES", "BMEWO")

_ALIASES = {"BIO": "IOB2"}

_LAYOUT = {  # scheme -> prefixes of the first, inner, last and only word of a mention
    "IOB2": ("B", "I", "I", "B"),
    "BIOES": ("B", "I", "E", "S"),
    "BILOU": ("B", "I", "L", "U"),
    "BMES": ("B", "M", "E", "S"),
    "BMEWO": ("B", "M", "E", "W"),
}

_TO_BIOES = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}


class Span(NamedTuple):
    """A mention: words `start` (included) to `end` (excluded), and its entity type `label`."""

    start: int
    end: int
    label: str


def split_tag(tag: str) -> tuple[str, str]:
    """Split a tag of any scheme into its BIOES prefix and its label: `"O"` into `("O", "")`.

    Raises:
        CfgenError: The tag has no known prefix or no label.

    Example:

    >>> split_tag("U-PER"), split_tag("O")
    (('S', 'PER'), ('O', ''))
    """
    if tag == "O":
        return "O", ""
    prefix, hyphen, label = tag.partition("-")
    if not hyphen or not label or prefix not in _TO_BIOES:
        raise CfgenError(f"tag {tag!r} is neither 'O' nor PREFIX-LABEL with a prefix of {' '.join(_TO_BIOES)}")
    return _TO_BIOES[prefix], label


def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Return the mentions of a tag sequence in any scheme.

    Invalid sequences are read leniently, as in seqeval's default mode, with all prefixes mapped to BIOES. A mention
    ends after E or S, before B, S or O, and if the label changes. It starts at B or S, after O, E or S, and if the
    label changes.

    Args:
        tags (`Sequence[str]`): One tag per word.

    Returns:
        `list[Span]`: The mentions in order, disjoint.

    Raises:
        CfgenError: A tag is not of any scheme.

    Example:

    >>> tags_to_spans(["B-A", "I-A", "O", "B-B"])
    [Span(start=0, end=2, label='A'), Span(start=3, end=4, label='B')]
    >>> tags_to_spans(["I-A", "I-B"])  # invalid in IOB2, still read
    [Span(start=0, end=1, label='A'), Span(start=1, end=2, label='B')]
    """
    spans = []
    start, previous, label = 0, "O", ""
    for position, tag in enumerate([*tags, "O"]):
        prefix, current = split_tag(tag)
        starts = prefix in "BS" or previous in "OES" or current != label
        if previous != "O" and (starts or prefix == "O"):
            spans.append(Span(start, position, label))
        if prefix != "O" and starts:
            start = position
        previous, label = prefix, current
    return spans


def spans_to_tags(spans: Iterable[Span], length: int, scheme: str = "IOB2") -> list[str]:
    """Return the tags of mentions.

    Args:
        spans (`Iterable[Span]`): Disjoint mentions, in any order.
        length (`int`): Number of words.
        scheme (`str`, *optional*, defaults to `"IOB2"`): One of `SCHEMES`, or `"BIO"`.

    Returns:
        `list[str]`: One tag per word.

    Raises:
        CfgenError: A span is empty, unlabeled, outside the sentence or overlaps another, or the scheme is unknown.

    Example:

    >>> spans_to_tags([Span(0, 2, "A"), Span(3, 4, "B")], 4, scheme="BILOU")
    ['B-A', 'L-A', 'O', 'U-B']
    """
    scheme = check_scheme(scheme)
    tags = ["O"] * length
    done, before = 0, ""
    for start, end, label in sorted(spans):
        if not done <= start < end <= length or not label:
            raise CfgenError(
                f"span {Span(start, end, label)} is empty, has no label, overlaps another span or lies outside the "
                f"{length} words"
            )
        if scheme == "IOB1":
            first = only = "B" if start == done and before == label else "I"
            inner = last = "I"
        else:
            first, inner, last, only = _LAYOUT[scheme]
        if end - start == 1:
            tags[start] = f"{only}-{label}"
        else:
            tags[start:end] = [f"{first}-{label}", *[f"{inner}-{label}"] * (end - start - 2), f"{last}-{label}"]
        done, before = end, label
    return tags


def check_scheme(scheme: str) -> str:
    """Return the canonical name of a scheme, given in upper or lower case. `"BIO"` is an alias of IOB2.

    Raises:
        CfgenError: The scheme is unknown.

    Example:

    >>> check_scheme("bio")
    'IOB2'
    """
    name = _ALIASES.get(scheme.upper(), scheme.upper())
    if name not in SCHEMES:
        raise CfgenError(f"unknown tagging scheme {scheme!r}: choose one of {', '.join(SCHEMES)}")
    return name


def scheme_tags(labels: Iterable[str], scheme: str = "IOB2") -> list[str]:
    """List every tag that a scheme can write for some entity types: `"O"` first, then type by type.

    Example:

    >>> scheme_tags(["PER"], "BILOU")
    ['O', 'B-PER', 'I-PER', 'L-PER', 'U-PER']
    """
    scheme = check_scheme(scheme)
    prefixes = dict.fromkeys("BI" if scheme == "IOB1" else _LAYOUT[scheme])
    return ["O", *(f"{prefix}-{label}" for label in labels for prefix in prefixes)]


def detect_scheme(
    sequences: Iterable[Sequence[str]], names: Iterable[str] = (), where: Callable[[int], str] = "record {}".format
) -> str:
    """Detect the tagging scheme of a dataset.

    Return the first of BIOES, BMES, BILOU and BMEWO that has all prefixes. B, E and S fit both BIOES and BMES and are
    read as BIOES, so give `names` if they are known. If only B and I occur, return IOB2 if every mention starts with
    B, and IOB1 if some start with I and B occurs only directly after a mention of the same type.

    Args:
        sequences (`Iterable[Sequence[str]]`): The tag sequences.
        names (`Iterable[str]`, *optional*, defaults to `()`): Other possible tags, such as the names of a
            `ClassLabel`.
        where (`Callable[[int], str]`, *optional*): Returns the location of a sequence, given its position,
            for messages.

    Returns:
        `str`: One of `SCHEMES`. IOB2 if there are no mentions.

    Raises:
        CfgenError: The tags do not fit any single scheme.

    Example:

    >>> detect_scheme([["O", "I-A", "B-A"]]), detect_scheme([["B-A", "E-A"]])
    ('IOB1', 'BIOES')
    """
    names = set(names)
    prefixes = {tag.partition("-")[0] for tag in names}
    outside_iob1 = outside_iob2 = outside_all = ""
    seen: set[str] = set()
    for row, tags in enumerate(sequences):
        names.update(tags)
        previous, label = "O", ""
        for tag in tags:
            prefix, hyphen, current = tag.partition("-")
            seen.add(prefix)
            continues = previous != "O" and label == current
            if prefix == "B" and not continues:
                outside_iob1 = outside_iob1 or f"{where(row)}: {' '.join(tags)[:80]}"
            elif prefix == "I" and not continues:
                outside_iob2 = outside_iob2 or f"{where(row)}: {' '.join(tags)[:80]}"
            previous, label = (prefix, current) if hyphen else ("O", "")
        if not outside_all and not any(seen - {"O"} <= set(layout) for layout in _LAYOUT.values()):
            outside_all = f" ({where(row)}: {' '.join(tags)[:80]})"
    for tag in sorted(names):
        split_tag(tag)
    used = (prefixes | seen) - {"O"}
    for scheme in ("BIOES", "BMES", "BILOU", "BMEWO"):
        if used <= set(_LAYOUT[scheme]) and not used <= {"B", "I"}:
            return scheme
    if not used <= {"B", "I"}:
        raise CfgenError(
            f"the prefixes {' '.join(sorted(used))} belong to no one scheme of {', '.join(SCHEMES)}{outside_all}: "
            "correct the tags"
        )
    if outside_iob1 and outside_iob2:
        raise CfgenError(
            "some mentions begin with B, as in IOB2, others with I, as in IOB1 "
            f"({outside_iob2}): correct the tags, or name the scheme to read them leniently"
        )
    return "IOB1" if outside_iob2 else "IOB2"
