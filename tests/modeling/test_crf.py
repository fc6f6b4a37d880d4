"""The CRF, checked against all label sequences and against a published implementation."""

from itertools import pairwise, product

import pytest
import torch
from torchcrf import CRF

from hf_cfgen.modeling.crf import LinearChainCRF

LABELS, UNKNOWN = 3, -100


def random_crf(seed: int, barred: list[tuple[int, int]] = []) -> LinearChainCRF:  # noqa: B006
    crf = LinearChainCRF(LABELS)
    torch.nn.init.normal_(crf.transitions, generator=torch.Generator().manual_seed(seed))
    for pair in barred:
        crf.legal[pair] = False
    return crf


def by_enumeration(crf: LinearChainCRF, emissions: torch.Tensor, lengths: list[int], labels: torch.Tensor):
    """The log-likelihood and the marginals, from the weight of every sequence."""
    total, marginals = torch.zeros(()), torch.zeros_like(emissions)
    for row, length in enumerate(lengths):
        scores, given = {}, []
        for codes in product(range(LABELS), repeat=length):
            pairs = list(pairwise([LABELS, *codes, LABELS]))
            if not all(crf.legal[pair] for pair in pairs):
                continue
            scores[codes] = emissions[row, range(length), codes].sum() + sum(crf.transitions[pair] for pair in pairs)
            if all(label < 0 or label == code for label, code in zip(labels[row].tolist(), codes)):
                given.append(scores[codes])
        partition = torch.logsumexp(torch.stack(list(scores.values())), 0)
        for codes, score in scores.items():
            marginals[row, range(length), codes] += (score - partition).exp().detach()
        total = total + torch.logsumexp(torch.stack(given), 0) - partition
    return total, marginals


@pytest.mark.parametrize("barred", [[], [(0, 2), (LABELS, 2), (1, LABELS)]], ids=["all legal", "some barred"])
def test_likelihood_marginals_and_gradients_are_those_of_all_sequences(barred):
    crf = random_crf(0, barred)
    lengths = [4, 2, 1]
    mask = torch.arange(4) < torch.tensor(lengths)[:, None]
    emissions = (3 * torch.randn(3, 4, LABELS, generator=torch.Generator().manual_seed(1))).requires_grad_()
    labels = torch.tensor([[0, 1, UNKNOWN, 0], [UNKNOWN, 2, -1, -1], [0, 1, 1, 1]])
    logits, likelihood = crf(emissions, mask, labels)
    expected, marginals = by_enumeration(crf, emissions, lengths, labels)

    assert likelihood.item() == pytest.approx(expected.item(), abs=1e-4)
    torch.testing.assert_close(logits.exp()[mask], marginals[mask], rtol=0, atol=1e-5)
    assert not logits.requires_grad
    for ours, theirs in zip(
        torch.autograd.grad(2 * likelihood, [emissions, crf.transitions]),
        torch.autograd.grad(2 * expected, [emissions, crf.transitions]),
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
    assert torch.equal(crf(emissions, mask)[0], logits)


def test_likelihood_is_that_of_pytorch_crf():
    crf, published = random_crf(3), CRF(LABELS, batch_first=True)
    published.transitions.data = crf.transitions[:-1, :-1].detach().clone()
    published.start_transitions.data = crf.transitions[-1, :-1].detach().clone()
    published.end_transitions.data = crf.transitions[:-1, -1].detach().clone()
    emissions = torch.randn(5, 30, LABELS, generator=torch.Generator().manual_seed(4))
    labels = torch.randint(0, LABELS, (5, 30), generator=torch.Generator().manual_seed(5))
    mask = torch.arange(30) < torch.tensor([30, 1, 7, 29, 12])[:, None]
    assert crf(emissions, mask, labels)[1].item() == pytest.approx(published(emissions, labels, mask).item(), rel=1e-5)


def test_long_sentences_and_extreme_scores_stay_finite():
    crf = random_crf(6, [(0, 1)])
    emissions = 200 * torch.randn(2, 2000, LABELS, generator=torch.Generator().manual_seed(7))
    mask = torch.ones(2, 2000, dtype=torch.bool)
    logits, likelihood = crf(emissions, mask, torch.full((2, 2000), 2))
    assert torch.isfinite(logits).all() and torch.isfinite(likelihood)
    torch.testing.assert_close(logits.exp().sum(-1), torch.ones(2, 2000))


def test_labels_with_a_barred_transition_are_refused():
    crf = random_crf(8, [(0, 1)])
    mask = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="row 1"):
        crf(torch.zeros(2, 3, LABELS), mask, torch.tensor([[1, 0, 0], [2, 0, 1]]))
