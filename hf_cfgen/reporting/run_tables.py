"""Tables of a run's results, of the shape of Tables 2 and 3 of Zeng et al. (2020)."""

from typing import Any

from ..tagging.scoring import LEVELS


def score_table(results: dict[str, Any]) -> str:
    """Test scores of every tagger and the gain over NoAug, in per cent.

    Args:
        results (`dict`): What `hf_cfgen.cli.run.run` returns.

    Returns:
        `str`: Lines of fixed-width text.
    """
    taggers = results["taggers"]
    lines = [
        f"Test scores (%), N = {results['data']['examples']['train']}, {results['config']['recipe']} recipe, "
        f"{results['config']['max_steps']} steps each",
        f"{'':12}" + "".join(f"{level:^{_WIDTH[level]}}" for level in LEVELS).rstrip(),
        f"{'':12}{'F1':>6}{'95 % interval':>16}{'P':>7}{'R':>7}" + 2 * f"{'F1':>7}{'P':>7}{'R':>7}",
    ]
    for name, tagger in taggers.items():
        scores, low_high = tagger["test"], tagger["causal"]["strict"]["f1_interval"]
        columns = [
            f"{100 * scores['strict']['f1']:6.1f}{'[' + _percent(low_high) + ']':>16}"
            f"{100 * scores['strict']['precision']:7.1f}{100 * scores['strict']['recall']:7.1f}"
        ]
        columns += [
            "".join(f"{100 * scores[level][key]:7.1f}" for key in ("f1", "precision", "recall"))
            for level in LEVELS[1:]
        ]
        lines.append(f"{name:12}" + "".join(columns))
    for name in taggers:
        if name != "NoAug":
            gains = {
                level: taggers[name]["test"][level]["f1"] - taggers["NoAug"]["test"][level]["f1"] for level in LEVELS
            }
            shown = ", ".join(f"{level} {100 * gain:+.1f}" for level, gain in gains.items())
            lines.append(f"{name} over NoAug, F1: {shown}")
    for name, tagger in taggers.items():
        tried = tagger.get("tried", ())  # of runs recorded before there was a choice there is nothing to tell
        if len(tried) > 1:
            others = (one for one in tried if one["context_dropout"] != tagger["context_dropout"])
            shown = "".join(f"; {_dropout(one)} {100 * one['dev_strict_f1']:.1f}" for one in others)
            best = f"{100 * tagger['dev_strict_f1']:.1f}{shown}"
            lines.append(f"By strict F1 on dev, {name} is the one {_dropout(tagger)} ({best})")
    return "\n".join(lines)


def causal_table(results: dict[str, Any]) -> str:
    """ACE_C, ACE_E and RI of every tagger, as fractions of F1.

    Args:
        results (`dict`): What `hf_cfgen.cli.run.run` returns.

    Returns:
        `str`: Lines of fixed-width text.
    """
    lines = [
        "Average causal effects on test F1 (high RI: the tagger leans on the entity, low: on its context)",
        f"{'':12}" + "".join(f"{level:^33}" for level in LEVELS).rstrip(),
        f"{'':12}" + "".join(f"{'F1':>7}{'ACE_C':>8}{'ACE_E':>8}{'RI':>8}  " for _ in LEVELS).rstrip(),
    ]
    for name, tagger in results["taggers"].items():
        cells = [
            f"{effects['f1']:7.2f}{effects['ace_c']:+8.2f}{effects['ace_e']:+8.2f}{effects['ri']:+8.2f}  "
            for effects in (tagger["causal"][level] for level in LEVELS)
        ]
        lines.append(f"{name:12}" + "".join(cells).rstrip())
    for name, tagger in results["taggers"].items():
        low, high = tagger["causal"]["strict"]["ri_interval"]
        lines.append(
            f"{name}: strict RI {tagger['causal']['strict']['ri']:+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}]"
        )
    return "\n".join(lines)


def counts_line(counts: dict[str, Any]) -> str:
    """One line on the candidates.

    Args:
        counts (`dict`): The counts of `generate_counterfactuals`.

    Returns:
        `str`: The line.

    Example:

    >>> print(counts_line({"examples": 2, "candidates": 3, "duplicates": 1, "kept": 1, "rejected": {"missed": 2},
    ...                    "unswappable_types": ["LOC"]}))
    2 examples -> 3 candidates (1 duplicate left out) -> 1 kept, 2 rejected (missed 2); nothing to swap: LOC
    """
    rejected = counts["rejected"]
    reasons = f" ({', '.join(f'{reason} {number}' for reason, number in rejected.items())})" if rejected else ""
    unswappable = counts["unswappable_types"]
    return (
        f"{counts['examples']} examples -> {counts['candidates']} candidates "
        f"({counts['duplicates']} duplicate{'' if counts['duplicates'] == 1 else 's'} left out) -> "
        f"{counts['kept']} kept, {sum(rejected.values())} rejected{reasons}"
        + (f"; nothing to swap: {', '.join(unswappable)}" if unswappable else "")
    )


_WIDTH = {"strict": 36, "relaxed": 21, "token": 21}


def _dropout(tagger: dict[str, Any]) -> str:
    probability = tagger["context_dropout"]
    return f"with context dropout {probability:g}" if probability else "without context dropout"


def _percent(low_high: list[float]) -> str:
    return f"{100 * low_high[0]:.1f}, {100 * low_high[1]:.1f}"
