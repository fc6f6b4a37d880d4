"""A fast tokenizer whose tokens are the words, or characters, of the train split."""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ..utils.text import is_in_characters

PAD, UNK = "[PAD]", "[UNK]"


def word_tokenizer(tokens: Iterable[str]) -> PreTrainedTokenizerFast:
    """Create a tokenizer with one id per token.

    Raw text is split into characters if every token is one character, and at whitespace otherwise.

    Args:
        tokens (`Iterable[str]`): The vocabulary, without padding (id 0) and unknown (id 1).

    Returns:
        `PreTrainedTokenizerFast`: The tokenizer. It has no other special tokens.

    Example:

    >>> tokenizer = word_tokenizer("北京")
    >>> tokenizer("北上京")["input_ids"], tokenizer.decode([2, 3])
    ([2, 1, 3], '北京')
    """
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([PAD, UNK, *tokens]))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=UNK))
    if is_in_characters(token for token in vocabulary if token not in (PAD, UNK)):
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        backend.decoder = decoders.Fuse()
    else:
        # not WhitespaceSplit, because a word can contain a no-break space
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[ \t\r\n]+"), "removed")
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        unk_token=UNK,
        padding_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )
