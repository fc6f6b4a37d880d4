"""A fast tokenizer whose tokens are the words, or characters, of the train split."""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ..utils.text import is_in_characters, is_in_words

PAD, UNK = "[PAD]", "[UNK]"

_LETTER = r"\p{L}\p{N}\p{Pc}"
_FOLLOWING = r"\p{M}\p{Cf}"
# the tokens of `token_offsets`; \s lacks what Python also calls whitespace
_CHARACTER = r"[\s\S]"
_WORD = rf"[{_LETTER}][{_LETTER}{_FOLLOWING}]*|[^{_LETTER}\s\x1c-\x1f][{_FOLLOWING}]*"
_BETWEEN_BLANKS = r"[^ \t\r\n]+"


def word_tokenizer(tokens: Iterable[str]) -> PreTrainedTokenizerFast:
    """Create a tokenizer with one id per token.

    Raw text is split as `hf_cfgen.utils.text.token_offsets` splits it: into characters if every token is one
    character, into words if every token is one word, and at whitespace otherwise. Thus, a token is never split.

    Args:
        tokens (`Iterable[str]`): The vocabulary, without padding (id 0) and unknown (id 1).

    Returns:
        `PreTrainedTokenizerFast`: The tokenizer. It has no other special tokens.

    Example:

    >>> tokenizer = word_tokenizer("北京")
    >>> tokenizer("北上京")["input_ids"], tokenizer.decode([2, 3])
    ([2, 1, 3], '北京')
    >>> word_tokenizer(["Bo", "."])("Bo.")["input_ids"], word_tokenizer(["Bo", ".", "don't"])("Bo.")["input_ids"]
    ([2, 3], [1])
    """
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([PAD, UNK, *tokens]))}
    known = list(vocabulary)[2:]
    characters = is_in_characters(known)
    pattern = _CHARACTER if characters else _WORD if is_in_words(known) else _BETWEEN_BLANKS
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=UNK))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    if characters:
        backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        unk_token=UNK,
        padding_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )
