"""LSTMTagger: a bidirectional LSTM over word or character embeddings (Chiu & Nichols 2016, without the CNN).

This file is saved next to the weights, so that the model loads without this package. It must import nothing else of
the package, except for `crf.py`, which is saved with it and follows the same rule.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import TokenClassifierOutput

from .crf import LinearChainCRF

_ROWS, _PARTS = 4, 4  # a CPU batch is split into at most 4 parts of at least 4 rows


class LSTMTaggerConfig(PreTrainedConfig):
    """Store the configuration of an `LSTMTagger`.

    Args:
        vocab_size (`int`, *optional*, defaults to 2): Size of the vocabulary, including padding and unknown.
        embedding_size (`int`, *optional*, defaults to 100): Embedding dimensions.
        hidden_size (`int`, *optional*, defaults to 200): LSTM units per direction.
        num_hidden_layers (`int`, *optional*, defaults to 1): LSTM layers.
        dropout (`float`, *optional*, defaults to 0.5): Dropout of embeddings, between layers, and in the head.
        freeze_embeddings (`bool`, *optional*, defaults to `False`): Whether to keep embeddings fixed in training.
        crf (`bool`, *optional*, defaults to `True`): Whether a `LinearChainCRF` scores label sequences. `False` is the
            softmax head of Zeng et al. (2020).
        tagging_scheme (`str`, *optional*): The tagging scheme of the labels. Defaults to `inferred_scheme`.
        text_unit (`str`, *optional*): How text is split as the words of the train split were: into `"characters"`,
            into `"words"` and punctuation marks, or at `"whitespace"`. Defaults to `choose_unit`, text by text.
        kwargs (`Any`): Options of `PreTrainedConfig`, such as `id2label` and `pad_token_id`.
    """

    model_type = "cfgen-lstm-tagger"

    vocab_size: int = 2
    embedding_size: int = 100
    hidden_size: int = 200
    num_hidden_layers: int = 1
    dropout: float = 0.5
    freeze_embeddings: bool = False
    crf: bool = True
    tagging_scheme: str | None = None
    text_unit: str | None = None
    pad_token_id: int = 0


class LSTMTagger(PreTrainedModel):
    """Tag words with embeddings, a bidirectional LSTM, and a Linear-PReLU-Linear head (Zeng et al. 2020, section 3.2).

    Padding must be on the right. The LSTM skips it in both directions.

    Args:
        config (`LSTMTaggerConfig`): The configuration.
    """

    config_class = LSTMTaggerConfig
    base_model_prefix = "tagger"
    main_input_name = "input_ids"

    def __init__(self, config: LSTMTaggerConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        self.word_embeddings = nn.Embedding(config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id)
        self.word_embeddings.weight.requires_grad_(not config.freeze_embeddings)
        self.dropout = nn.Dropout(config.dropout)
        self.lstm = nn.LSTM(
            config.embedding_size,
            config.hidden_size,
            config.num_hidden_layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.num_hidden_layers > 1 else 0.0,
        )
        self.head = nn.Sequential(
            nn.Linear(2 * config.hidden_size, config.hidden_size),
            nn.PReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden_size, config.num_labels),
        )
        self.crf = LinearChainCRF(config.num_labels) if config.crf else None
        self.post_init()

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Load a model and freeze its embeddings again if the configuration says so."""
        loaded = super().from_pretrained(*args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        model.word_embeddings.weight.requires_grad_(not model.config.freeze_embeddings)
        return loaded

    def _init_weights(self, module: nn.Module) -> None:
        """Initialize a module that is missing from a checkpoint with the defaults of torch."""
        if isinstance(module, (nn.Embedding, nn.Linear, nn.LSTM, nn.PReLU)):
            module.reset_parameters()
        elif isinstance(module, LinearChainCRF):
            nn.init.zeros_(module.transitions)

    def get_input_embeddings(self) -> nn.Module:
        return self.word_embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.word_embeddings = value

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> TokenClassifierOutput | tuple[torch.Tensor, ...]:
        """Compute the logits of each position.

        Args:
            input_ids (`torch.Tensor` of shape (batch, positions)): Token ids, padded on the right.
            attention_mask (`torch.Tensor` of shape (batch, positions), *optional*): 1 for tokens, 0 for padding.
                Defaults to all tokens.
            inputs_embeds (`torch.Tensor` of shape (batch, positions, embedding_size), *optional*): Replaces ids.
            labels (`torch.Tensor` of shape (batch, positions), *optional*): Label ids; -100 is ignored.
            num_items_in_batch (`torch.Tensor` or `int`, *optional*): Divisor of the summed loss. Defaults to the
                number of labels.
            return_dict (`bool`, *optional*): `False` returns a tuple.
            kwargs (`Any`): Ignored.

        Returns:
            `TokenClassifierOutput`: `logits` (batch, positions, labels), and, if labels are given, `loss`, the mean
            negative log-likelihood per label. With a CRF, the logits are log posterior probabilities and have no
            gradient.
        """
        if inputs_embeds is None:
            inputs_embeds = self.word_embeddings(input_ids)
        batch, positions = inputs_embeds.shape[:2]
        if attention_mask is None:
            lengths = torch.full((batch,), positions)
        else:
            # packing needs a length of at least 1, even for a row of only padding
            lengths = attention_mask.sum(dim=1).clamp(min=1).cpu()
        hidden = self._hidden(self.dropout(inputs_embeds), lengths)
        logits = self.head(self.dropout(hidden))
        loss = None
        if self.crf is not None:
            mask = torch.arange(positions, device=logits.device) < lengths.to(logits.device)[:, None]
            logits, likelihood = self.crf(logits, mask, labels)
            loss = None if likelihood is None else -likelihood
        elif labels is not None:
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
        if loss is not None and labels is not None:
            loss = loss / ((labels >= 0).sum() if num_items_in_batch is None else num_items_in_batch)
        if return_dict is False:
            return (logits,) if loss is None else (loss, logits)
        return TokenClassifierOutput(loss=loss, logits=logits)

    def _hidden(self, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Compute hidden states (batch, positions, 2 * hidden_size), zero at padding."""
        if inputs.device.type != "cpu":
            packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
            return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=inputs.shape[1])[0]
        # oneDNN on CPUs is fast only for padded sequences in one direction, so group rows of similar length and
        # reverse them for the other direction
        order = lengths.argsort()
        parts = [
            self._padded(inputs[rows, : int(lengths[rows[-1]])], lengths[rows])
            for rows in order.split(max(_ROWS, math.ceil(len(order) / _PARTS)))
        ]
        filled = [nn.functional.pad(part, (0, 0, 0, inputs.shape[1] - part.shape[1])) for part in parts]
        return torch.cat(filled)[order.argsort()]

    def _padded(self, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Compute hidden states of rows padded to the longest, zero at padding."""
        positions = torch.arange(inputs.shape[1])
        within = positions < lengths[:, None]
        turned = torch.where(within, lengths[:, None] - 1 - positions, positions).unsqueeze(-1)
        state = (inputs.new_zeros(1, len(inputs), self.config.hidden_size),) * 2
        weights = self.lstm.all_weights
        for layer, directions in enumerate(zip(weights[::2], weights[1::2])):
            if layer:
                inputs = nn.functional.dropout(inputs, self.lstm.dropout, self.training)
            backwards = inputs.gather(1, turned.expand(-1, -1, inputs.shape[2]))
            forward, backward = (
                torch.lstm(read, state, [*parameters], True, 1, 0.0, self.training, False, True)[0]
                for read, parameters in zip((inputs, backwards), directions)
            )
            inputs = torch.cat([forward, backward.gather(1, turned.expand_as(backward))], dim=-1)
        return inputs.masked_fill(~within.unsqueeze(-1), 0.0)


LSTMTaggerConfig.register_for_auto_class()
LSTMTagger.register_for_auto_class("AutoModelForTokenClassification")
