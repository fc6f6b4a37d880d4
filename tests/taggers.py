"""Small models with known behaviour, for tests."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from hf_cfgen.modeling.create import lstm_tagger
from hf_cfgen.modeling.encoding import Windows, WordEncoder
from hf_cfgen.modeling.inference import predict_probabilities as window_probabilities
from hf_cfgen.modeling.lstm import LSTMTagger
from hf_cfgen.modeling.pipeline import as_tagger

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


class Window(NamedTuple):
    """One window in plain lists: the words of its sub-words (None: special), and where words are predicted."""

    sentence: int
    inputs: dict[str, list[int]]
    word_ids: list[int | None]
    firsts: dict[int, int]


def as_lists(windows: Windows) -> list[Window]:
    found = []
    for w, sentence in enumerate(windows.sentence.tolist()):
        first = windows.words[sentence]
        inputs, within, sub_words = windows.pad(np.array([w]))
        words, _, positions = windows.predicted_words(np.array([w]))
        numbers = iter((windows.word[sub_words] - first).tolist())
        found.append(
            Window(
                sentence,
                {name: values[0].tolist() for name, values in inputs.items()},
                [next(numbers) if inside else None for inside in within[0]],
                dict(zip((words - first).tolist(), positions.tolist())),
            )
        )
    return found


def encode_words(tokenizer: Any, sentences: Any, length: int | None, stride: int | None) -> list[Window]:
    return as_lists(WordEncoder(tokenizer, length).encode(sentences, stride))


def predict_probabilities(
    model: Any, tokenizer: Any, sentences: Any, stride: int | None = -1, batch_size: int | None = 32, empty: Any = None
) -> list[np.ndarray]:
    windows = as_tagger(model, tokenizer).preprocess(sentences, stride).windows
    return window_probabilities(model, windows, batch_size, empty)


def wordpiece_tokenizer(pieces: Sequence[str], model_max_length: int = 10**30) -> PreTrainedTokenizerFast:
    """A BERT-like tokenizer: control characters are cleaned away, so that some words yield no sub-word."""
    vocabulary = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=model_max_length,
    )


def tiny_bert(vocab_size: int, labels: Sequence[str] = LABELS, **config: Any) -> BertForTokenClassification:
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return BertForTokenClassification(
        BertConfig(
            vocab_size=vocab_size,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            **(shape | config),
        )
    ).eval()


def tiny_lstm(sentences: Sequence[Sequence[str]], labels: Sequence[str] = LABELS, **config: Any):
    torch.manual_seed(0)
    model, tokenizer = lstm_tagger(sentences, labels, **({"hidden_size": 8, "embedding_size": 6} | config))
    return model.eval(), tokenizer


class Lexicon(torch.nn.Module):
    """Logits that depend on the word alone; an embedding of zeros, [EMPTY], reads as O."""

    def __init__(self, tags: Mapping[int, int], labels: int) -> None:
        super().__init__()
        self.tags, self.labels = dict(tags), labels

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(*embeddings.shape[:2], self.labels)
        logits[..., 0] = 1.0
        for word, tag in self.tags.items():
            logits[..., tag] += 4.0 * (embeddings[..., 0].round() == word).float()
        return logits


def lexicon_tagger(words: Mapping[str, str], others: Sequence[str] = (), labels: Sequence[str] = LABELS):
    """An LSTMTagger that reads each word alone: tags of `words` as given, O for all else and for [EMPTY]."""
    model, tokenizer = lstm_tagger([[*words, *others]], labels, hidden_size=2, embedding_size=1)
    vocabulary = tokenizer.get_vocab()
    with torch.no_grad():
        model.word_embeddings.weight[:, 0] = torch.arange(len(vocabulary))
    head = Lexicon({vocabulary[word]: labels.index(tag) for word, tag in words.items()}, len(labels))

    class Reader(LSTMTagger):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any) -> Any:
            from transformers.modeling_outputs import TokenClassifierOutput

            return TokenClassifierOutput(logits=head(self.word_embeddings(input_ids)))

    model.__class__ = Reader
    return model.eval(), tokenizer
