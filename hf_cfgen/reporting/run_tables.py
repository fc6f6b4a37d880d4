"""Text tables of a run, in the shape of Tables 2 and 3 of Zeng et al. (2020)."""

import textwrap

from ..counterfactual.counts import GenerationCounts
from ..evaluation.recommendation import Recommendation
from ..evaluation.run_result import NOAUG, RunResult, UnlabeledCounts
from ..tagging.scoring import LEVELS
from .formatting import counted, fraction, interval, percent

_SCORES = ("f1", "precision", "recall")

_EFFECTS = ("f1", "ace_c", "ace_e", "ri")


def score_table(result: RunResult) -> str:
    """Format the test scores of every tagger, in percent, and the gains over NoAug as fixed-width text."""
    lines = [
        f"Test scores (%), N = {result.data.examples['train']}, {result.config['recipe']} recipe, "
        f"{result.config['max_steps']} steps each",
        f"{'':12}{'strict':^36}{'relaxed':^21}{'token':^21}".rstrip(),
        f"{'':12}{'F1':>6}{'95 % interval':>16}{'P':>7}{'R':>7}" + 2 * f"{'F1':>7}{'P':>7}{'R':>7}",
    ]
    for name, tagger in result.taggers.items():
        cells = [[percent(getattr(tagger.test[level], score)) for score in _SCORES] for level in LEVELS]
        f1, precision, recall = cells[0]
        strict = f"{f1:>6}{interval(tagger.causal.strict.f1_interval, percent):>16}{precision:>7}{recall:>7}"
        lines.append(f"{name:12}{strict}" + "".join(f"{cell:>7}" for row in cells[1:] for cell in row))
    baseline = result.taggers[NOAUG].test
    for name, tagger in result.taggers.items():
        if name != NOAUG:
            gains = (f"{level} {percent(tagger.test[level].f1 - baseline[level].f1, signed=True)}" for level in LEVELS)
            lines.append(f"{name} over NoAug, F1: {', '.join(gains)}")
    return "\n".join(lines)


def causal_table(result: RunResult) -> str:
    """Format ACE_C, ACE_E and RI of every tagger as fixed-width text."""
    lines = [
        "Average causal effects on test F1 (high RI: the tagger relies on the entity, low: on its context)",
        f"{'':12}" + "".join(f"{level:^33}" for level in LEVELS).rstrip(),
        f"{'':12}" + "".join(f"{'F1':>7}{'ACE_C':>8}{'ACE_E':>8}{'RI':>8}  " for _ in LEVELS).rstrip(),
    ]
    for name, tagger in result.taggers.items():
        line = f"{name:12}"
        for level in LEVELS:
            f1, *effects = (fraction(getattr(tagger.causal[level], key), key != "f1") for key in _EFFECTS)
            line += f"{f1:>7}" + "".join(f"{cell:>8}" for cell in effects) + "  "
        lines.append(line.rstrip())
    for name, tagger in result.taggers.items():
        strict = tagger.causal.strict
        ends = interval(strict.ri_interval, fraction, signed=True)
        lines.append(f"{name}: strict RI {fraction(strict.ri, signed=True)}, 95 % interval {ends}")
    return "\n".join(lines)


def counts_line(counts: GenerationCounts) -> str:
    """Format the counts of `generate_counterfactuals` on one line.

    Example:

    >>> counts = GenerationCounts(examples=2, examples_without_candidates=0, drawn=4, duplicates=1, candidates=3,
    ...                           kept=1, rejected={"missed": 2}, unswappable_types=["LOC"])
    >>> print(counts_line(counts))
    2 examples -> 3 candidates (1 duplicate left out) -> 1 kept, 2 rejected (missed 2); nothing to swap: LOC
    """
    rejected, unswappable = counts.rejected, counts.unswappable_types
    reasons = f" ({', '.join(f'{reason} {number}' for reason, number in rejected.items())})" if rejected else ""
    return (
        f"{counts.examples} examples -> {counts.candidates} candidates "
        f"({counted(counts.duplicates, 'duplicate')} left out) -> "
        f"{counts.kept} kept, {sum(rejected.values())} rejected{reasons}"
        + (f"; nothing to swap: {', '.join(unswappable)}" if unswappable else "")
    )


def unlabeled_line(counts: UnlabeledCounts) -> str:
    """Format the counts of unlabeled sentences on one line.

    Example:

    >>> print(unlabeled_line(UnlabeledCounts(sentences=3000, known=1, pseudo_labeled=0)))
    3000 unlabeled sentences (1 left out, known from the data) -> 0 pseudo-labeled: Aug finds no mention, no Student
    """
    text = (
        f"{counted(counts.sentences, 'unlabeled sentence')} ({counts.known} left out, known from the data) -> "
        f"{counts.pseudo_labeled} pseudo-labeled"
    )
    return text if counts.pseudo_labeled else f"{text}: Aug finds no mention, no Student"


def recommendation_text(recommendation: Recommendation) -> str:
    """Say in one or two sentences which tagger of a run to use, and on what numbers this is based.

    Example:

    >>> print(recommendation_text(Recommendation(tagger="Aug", basis="default", other="NoAug",
    ...     f1={"NoAug": 0.5, "Aug": 0.52}, f1_interval={"NoAug": (0.4, 0.6), "Aug": (0.4, 0.6)}, difference=0.02,
    ...     difference_interval=(-0.05, 0.09), sentences=15, mentions=20)))
    On dev (15 sentences, 20 mentions), strict F1 is 50.0 for NoAug and 52.0 for Aug. Aug minus NoAug is +2.0 with a
    95% interval of [-5.0, +9.0], so chance can explain the difference. Aug is the default:
    """
    found = recommendation
    *first, last = (f"{percent(value)} for {name}" for name, value in found.f1.items())
    size = f"{counted(found.sentences, 'sentence')}, {counted(found.mentions, 'mention')}"
    text = f"On dev ({size}), strict F1 is {', '.join(first)} and {last}."
    ends = interval(found.difference_interval, percent, signed=True)
    if found.tagger is None:
        text += " No tagger is usable yet: label more sentences, or give a pretrained model with --model."
    else:
        difference = percent(found.difference, signed=True)
        text += f" {found.tagger} minus {found.other} is {difference} with a 95% interval of {ends}"
        default = f", so chance can explain the difference. {found.tagger} is the default:"
        text += f". Use {found.tagger}:" if found.basis == "difference" else default
    return textwrap.fill(text, 114)
