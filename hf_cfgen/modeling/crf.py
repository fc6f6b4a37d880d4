"""A linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) with exact inference."""

from typing import NamedTuple

import torch
from torch import nn

_STEPS = 4  # positions between normalizations: fewer are slower, many more could underflow


class Marginals(NamedTuple):
    """What the forward-backward algorithm computes.

    Args:
        log_partition (`torch.Tensor` of shape (batch,)): The log of the summed weights of all label sequences.
        labels (`torch.Tensor` of shape (batch, positions, labels)): The probability of each label at each position; 0
            at padding.
        transitions (`torch.Tensor` of shape (labels + 1, labels + 1)): The expected number of times that label j
            follows label i in the batch. The last row is for the start of a sentence, the last column for its end.
    """

    log_partition: torch.Tensor
    labels: torch.Tensor
    transitions: torch.Tensor


class LinearChainCRF(nn.Module):
    """Score label sequences by emissions and learned transitions; some transitions are barred.

    The probability of a label sequence is proportional to the exponential of the sum of its emissions and transitions.
    A sequence with a barred transition has probability 0.

    Args:
        num_labels (`int`): The number of labels.
    """

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(num_labels + 1, num_labels + 1))
        self.legal: torch.Tensor
        self.register_buffer("legal", torch.ones(num_labels + 1, num_labels + 1, dtype=torch.bool))

    def forward(
        self, emissions: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Compute posterior probabilities, and the log-likelihood if labels are given.

        Args:
            emissions (`torch.Tensor` of shape (batch, positions, labels)): The score of each label at each position.
            mask (`torch.Tensor` of shape (batch, positions), bool): `False` for padding, which must be on the right.
                Each row has at least one position.
            labels (`torch.Tensor` of shape (batch, positions), *optional*): Label ids. A negative value is an unknown
                label, which is summed over.

        Returns:
            `tuple[torch.Tensor, torch.Tensor | None]`: The log of the posterior probability of each label, of the
            shape of `emissions`, which has no gradient; and the log-likelihood of the batch, a scalar, which has.

        Raises:
            ValueError: The labels of a row have a barred transition.
        """
        posterior = forward_backward(emissions, mask, self.transitions, self.legal)
        tiny = torch.finfo(torch.float32).tiny
        logits = posterior.labels.clamp(min=tiny).log().to(emissions.dtype)
        if labels is None:
            return logits, None
        known = torch.nn.functional.one_hot(labels.clamp(min=0), emissions.shape[-1]).bool() | (labels < 0)[..., None]
        given = forward_backward(emissions, mask, self.transitions, self.legal, known)
        if not torch.isfinite(given.log_partition).all():
            row = int(torch.nonzero(~torch.isfinite(given.log_partition))[0])
            raise ValueError(f"the labels of row {row} have a transition that the tagging scheme does not allow")
        # the gradient of a log-partition function is the expected count of each emission and transition, so that a
        # linear function with these counts as coefficients has the same gradient
        linear = ((given.labels - posterior.labels).to(emissions.dtype) * emissions).sum()
        linear = linear + ((given.transitions - posterior.transitions) * self.transitions).sum()
        value = (given.log_partition - posterior.log_partition).sum()
        return logits, linear + (value.to(linear.dtype) - linear).detach()


@torch.no_grad()
def forward_backward(
    emissions: torch.Tensor,
    mask: torch.Tensor,
    transitions: torch.Tensor,
    legal: torch.Tensor,
    allowed: torch.Tensor | None = None,
) -> Marginals:
    """Sum over all label sequences with the forward-backward algorithm (Rabiner 1989).

    Both directions run at once, as probabilities in float64 that are normalized every few steps.

    Args:
        emissions, mask: See `LinearChainCRF.forward`.
        transitions (`torch.Tensor` of shape (labels + 1, labels + 1)): The score of label j after label i.
        legal (`torch.Tensor` of shape (labels + 1, labels + 1), bool): `False` for barred transitions.
        allowed (`torch.Tensor` of shape (batch, positions, labels), bool, *optional*): The labels to sum over at each
            position. Defaults to all.

    Returns:
        `Marginals`: The log-partition function is -inf if every sequence is barred.
    """
    dtype = torch.float32 if emissions.device.type == "mps" else torch.float64
    batch, positions, labels = emissions.shape
    weights = torch.where(legal, transitions.to(dtype).exp(), 0.0)
    between, start, end = weights[:-1, :-1], weights[-1, :-1], weights[:-1, -1]
    lengths = mask.sum(1)
    steps = torch.arange(positions, device=emissions.device)
    turned = torch.where(mask, lengths[:, None] - 1 - steps, steps)[..., None].expand_as(emissions)

    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -torch.inf)
    highest = emissions.amax(-1, keepdim=True)
    local = (emissions - highest).to(dtype).exp()
    both = torch.stack([local, local.gather(1, turned)]).transpose(1, 2).unbind(1)  # positions x (2, batch, labels)
    step_weights = torch.stack([between, between.T])
    message = torch.stack([start, end])[:, None].expand(2, batch, labels)
    before, after = [], []
    scale = torch.zeros(batch, dtype=dtype, device=emissions.device)
    for position, emission in enumerate(both):
        before.append(message)
        state = message * emission
        if position % _STEPS == 0:
            total = state.sum(-1, keepdim=True)
            state = state / total
            scale = scale + torch.where(mask[:, position], total[0, :, 0], 1.0).log()
        after.append(state)
        message = torch.bmm(state, step_weights)
    forward = torch.stack([state[0] for state in after], 1)
    backward = torch.stack([message[1] for message in before], 1).gather(1, turned)  # from the words that follow
    backward_state = torch.stack([state[1] for state in after], 1).gather(1, turned)

    marginals = forward * backward
    marginals = (marginals / marginals.sum(-1, keepdim=True)).masked_fill(~mask[..., None], 0.0)
    last = forward.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, labels)).squeeze(1)
    scale = scale + highest.squeeze(-1).to(dtype).masked_fill(~mask, 0.0).sum(1)
    log_partition = scale + (last * end).sum(-1).log()

    within = mask[:, 1:, None]
    following = backward_state[:, 1:]
    pairs = ((forward[:, :-1] @ between) * following).sum(-1, keepdim=True)
    counted = torch.zeros_like(weights)
    left = torch.where(within, forward[:, :-1] / pairs, 0.0).flatten(0, 1)
    counted[:-1, :-1] = between * (left.T @ torch.where(within, following, 0.0).flatten(0, 1))
    counted[-1, :-1] = marginals[:, 0].sum(0)
    counted[:-1, -1] = marginals.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, labels)).sum((0, 1))
    return Marginals(log_partition, marginals, counted.to(transitions.dtype))
