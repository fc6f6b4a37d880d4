"""What a pipeline takes and returns: texts or words, and predictions for each word or mention."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypedDict

from ..errors import CfgenError
from ..tagging.spans import tags_to_spans
from ..utils.text import check_encodable, choose_unit, default_gap, token_offsets


class WordPrediction(TypedDict):
    """Store the prediction of one word. If the model did not see it, `entity` is `None` and `score` is 0.0."""

    entity: str | None
    score: float
    index: int
    word: str
    start: int
    end: int


class MentionPrediction(TypedDict):
    """Store a predicted mention."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


Prediction: TypeAlias = WordPrediction | MentionPrediction


class Sentence(NamedTuple):
    """Store the words of a sentence.

    Args:
        words (`Sequence[str]`): The words.
        unit (`str`): One of `TEXT_UNITS`: how its text is split.
        text (`str`, *optional*): The text. Defaults to none: the sentence was given in words.
        offsets (`Sequence[tuple[int, int]]`): The start and end of each word in the text.
    """

    words: Sequence[str]
    unit: str
    text: str | None = None
    offsets: Sequence[tuple[int, int]] = ()

    @classmethod
    def create(cls, item: str | Sequence[str], unit: str | None) -> "Sentence":
        """Create a sentence from a text, which is split, or from words. The unit defaults to `choose_unit`."""
        if not isinstance(item, str):
            return cls(item, unit or choose_unit(item))
        unit = unit or choose_unit([item])
        offsets = token_offsets(item, unit)
        return cls([item[start:end] for start, end in offsets], unit, item, offsets)

    def piece(self, start: int, end: int) -> tuple[str, int, int]:
        """Return the text of some words, and where it is: in the text or, if there is no text, in the words."""
        if self.text is None:
            return default_gap(self.unit).join(self.words[start:end]), start, end
        first, last = self.offsets[start][0], self.offsets[end - 1][1]
        return self.text[first:last], first, last


def checked_inputs(inputs: Any, is_split_into_words: bool) -> tuple[list[str | list[str]], bool]:
    """Check what is given to a pipeline.

    Args:
        inputs (`Any`): A text, or an iterable of texts, words, or sentences in words.
        is_split_into_words (`bool`): Whether strings in an iterable are the words of one sentence.

    Returns:
        `tuple[list[str | list[str]], bool]`: The texts or sentences, and whether one was given outside a list.

    Raises:
        CfgenError: The inputs are something else.

    Example:

    >>> checked_inputs("Bo sings.", False), checked_inputs(["Bo", "sings"], True)
    ((['Bo sings.'], True), ([['Bo', 'sings']], True))
    >>> checked_inputs(["Bo sings.", ["Bo", "sings"]], False)
    Traceback (most recent call last):
    hf_cfgen.errors.CfgenError: texts and sentences in words are mixed: give a list of either
    """
    items = [inputs] if isinstance(inputs, str) else _listed(inputs)
    texts = sum(isinstance(item, str) for item in items)
    if 0 < texts < len(items):
        raise CfgenError("texts and sentences in words are mixed: give a list of either")
    if is_split_into_words and isinstance(inputs, str):
        raise CfgenError(f"is_split_into_words is set, but {inputs[:40]!r} is a text: give a list of words")
    one = isinstance(inputs, str) or (texts > 0 and is_split_into_words)
    if one and is_split_into_words:
        items = [items]
    sentences = [item if isinstance(item, str) else _words(item) for item in items]
    for number, sentence in enumerate(sentences):
        check_encodable(f"sentence {number}", "".join(sentence))
    return sentences, one


def _listed(inputs: Any) -> list[Any]:
    is_iterable = hasattr(inputs, "__iter__") or hasattr(inputs, "__getitem__")  # a KeyDataset has only the latter
    if not is_iterable or isinstance(inputs, (bytes, Mapping)):
        kind = type(inputs).__name__
        raise CfgenError(f"{kind} is not a sentence: give a text, a list of texts, or a list of sentences in words")
    return list(inputs)


def _words(inputs: Any) -> list[str]:
    words = _listed(inputs)
    for word in words:
        if not isinstance(word, str):
            raise CfgenError(f"{word!r} is not a word: give words as strings")
    return words


def word_predictions(sentence: Sentence, tags: Sequence[str], scores: Sequence[float]) -> list[WordPrediction]:
    """Return the prediction of each word.

    Args:
        sentence (`Sentence`): The sentence.
        tags (`Sequence[str]`): The tag of each word.
        scores (`Sequence[float]`): The probability of each tag, NaN if the model did not see the word.

    Returns:
        `list[WordPrediction]`: The predictions.
    """
    found = []
    for index, (tag, score) in enumerate(zip(tags, scores)):
        word, start, end = sentence.piece(index, index + 1)
        if math.isnan(score):
            found.append(WordPrediction(entity=None, score=0.0, index=index, word=word, start=start, end=end))
        else:
            found.append(WordPrediction(entity=tag, score=score, index=index, word=word, start=start, end=end))
    return found


def mention_predictions(sentence: Sentence, tags: Sequence[str], scores: Sequence[float]) -> list[MentionPrediction]:
    """Return the predicted mentions.

    Args:
        sentence, tags, scores: See `word_predictions`.

    Returns:
        `list[MentionPrediction]`: The mentions. The score of a mention is the smallest of its words.
    """
    found = []
    for span in tags_to_spans(tags):
        word, start, end = sentence.piece(span.start, span.end)
        score = min(scores[span.start : span.end])
        found.append(MentionPrediction(entity_group=span.label, score=score, word=word, start=start, end=end))
    return found
