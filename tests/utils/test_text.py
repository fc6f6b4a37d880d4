"""Whether tokens are characters or words."""

import pytest

from hf_cfgen.utils.text import is_in_characters


@pytest.mark.parametrize(
    "tokens, characters",
    [
        (["北", "京"], True),
        (["a", "1"], True),
        (["北京", "市"], False),
        (["a", "bc"], False),
        (["a", ""], False),
        ([], True),
    ],
)
def test_one_longer_token_makes_it_words(tokens, characters):
    assert is_in_characters(iter(tokens)) is characters
