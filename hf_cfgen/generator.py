"""The counterfactual generator: sets, interventions and verdicts in one call, and the mix."""

import hashlib
import random
from collections import Counter
from typing import Any, NamedTuple

from datasets import Dataset, IterableDataset, Value, concatenate_datasets

from .columns import (
    COUNTERFACTUAL_FEATURES,
    check_labels,
    check_observational,
    counterfactual_features,
    tag_column,
)
from .discriminator import as_discriminator
from .entity_sets import EntitySets
from .errors import CfgenError
from .intervention import CfgenConfig, Intervene
from .judging import judge
from .spans import tags_to_spans

_MAP_KWARGS = ("num_proc", "batch_size", "writer_batch_size", "load_from_cache_file", "keep_in_memory")


class Counterfactuals(NamedTuple):
    """What `generate_counterfactuals` returns.

    Args:
        kept (`Dataset`): The reasonable examples; every candidate where there was no discriminator.
        rejected (`Dataset`): The unreasonable ones, with their reason.
        counts (`dict`): `examples`, `examples_without_candidates`, `drawn`, `duplicates`, `candidates` (drawn less
            duplicates), `kept`, `rejected` (a number a reason), `by_type` (`mentions`, `forms`, `candidates`, `kept`
            for each type) and `unswappable_types`.
    """

    kept: Dataset
    rejected: Dataset
    counts: dict[str, Any]


def generate_counterfactuals(
    train: Dataset | IterableDataset,
    discriminator: Any = None,
    config: CfgenConfig | None = None,
    *,
    entity_sets: EntitySets | None = None,
    **map_kwargs: Any,
) -> Counterfactuals:
    """Make counterfactual examples of a train split and keep the reasonable ones (Zeng et al. 2020, section 2.3).

    Args:
        train (`Dataset` or `IterableDataset`): Observational examples with `tokens` and `ner_tags`; an `id` column is
            added, counting rows, where there is none.
        discriminator (`str`, `PreTrainedModel` or `TokenClassificationPipeline`, *optional*): A tagger trained on
            these examples. Where it is not given, no candidate is judged and all are kept.
        config (`CfgenConfig`, *optional*): The recipe; the default one where it is not given.
        entity_sets (`EntitySets`, *optional*): The surface forms to swap in; those of `train` where not given.
        map_kwargs (`Any`): Passed on to `Dataset.map`: `writer_batch_size`, `load_from_cache_file`, `keep_in_memory`,
            and `batch_size` and `num_proc`, which apply to the interventions only.

    Returns:
        `Counterfactuals`: `kept`, `rejected`, `counts`.

    Raises:
        CfgenError: Columns are missing or have the names of added ones, ids repeat, there is no mention, or the labels
            of model and data don't match.

    Example:

    >>> rows = {"tokens": [["Ada", "met", "Bo"], ["hi", "Cy"]], "ner_tags": [["B-PER", "O", "B-PER"], ["O", "B-PER"]]}
    >>> kept, rejected, counts = generate_counterfactuals(Dataset.from_dict(rows), config=CfgenConfig(k=1))
    >>> kept["id"][0], len(rejected), counts["candidates"]
    ('0#0', 0, 2)
    """
    unknown = sorted(set(map_kwargs) - set(_MAP_KWARGS))
    if unknown:
        raise CfgenError(f"{', '.join(unknown)} can't be passed on to map here: it takes {', '.join(_MAP_KWARGS)}")
    train = with_ids(train)
    if discriminator is not None:
        discriminator = as_discriminator(discriminator)
        check_labels(discriminator.model.config.label2id, {tag for tags in tag_column(train) for tag in tags})

    intervene = Intervene.from_dataset(train, config, entity_sets)
    drawn = train.map(
        intervene,
        batched=True,
        remove_columns=train.column_names,
        features=counterfactual_features(train),
        desc="do(e)",
        **map_kwargs,
    )
    candidates = drawn.select(unique_rows(train, drawn))
    counts = {
        "examples": len(train),
        "examples_without_candidates": len(train) - len(set(candidates["source_id"])),
        "drawn": len(drawn),
        "duplicates": len(drawn) - len(candidates),
        "candidates": len(candidates),
        "kept": len(candidates),
        "rejected": {},
        "by_type": _counts_by_type(train, intervene.entity_sets, candidates),
        "unswappable_types": list(intervene.entity_sets.unswappable),
    }
    unjudged = Counterfactuals(candidates, candidates.select([]), counts)
    if discriminator is None:
        return unjudged
    # the sentences of a forward pass, and so the last bits of a score, are the same for any batch size
    single = {name: value for name, value in map_kwargs.items() if name not in ("num_proc", "batch_size")}
    return judge_counterfactuals(unjudged, discriminator, **single)


def judge_counterfactuals(unjudged: Counterfactuals, discriminator: Any, **map_kwargs: Any) -> Counterfactuals:
    """Part the candidates that were made without a discriminator into reasonable and unreasonable ones.

    Processes of Accelerate judge a part of them each, so all must call it with the same candidates.

    Args:
        unjudged (`Counterfactuals`): What `generate_counterfactuals` returns without a discriminator.
        discriminator (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `generate_counterfactuals`.
        map_kwargs (`Any`): Passed on to `Dataset.map`; not `num_proc` or `batch_size`.

    Returns:
        `Counterfactuals`: What `generate_counterfactuals` returns with this discriminator.

    Raises:
        CfgenError: The labels of model and data don't match.
    """
    candidates = judge(unjudged.kept, discriminator, **map_kwargs)
    reasons = candidates["reason"]
    kept = candidates.select([row for row, reason in enumerate(reasons) if reason is None])
    rejected = candidates.select([row for row, reason in enumerate(reasons) if reason is not None])
    kept_of = _by_type(kept)
    counts = unjudged.counts | {
        "kept": len(kept),
        "rejected": dict(sorted(Counter(reason for reason in reasons if reason is not None).items())),
        "by_type": {
            label: numbers | {"kept": kept_of[label]} for label, numbers in unjudged.counts["by_type"].items()
        },
    }
    return Counterfactuals(kept, rejected, counts)


def mix(train: Dataset | IterableDataset, counterfactuals: Dataset, seed: int = 42) -> Dataset:
    """Observational and counterfactual examples, shuffled.

    Args:
        train (`Dataset` or `IterableDataset`): The observational examples, as given to
            `generate_counterfactuals`.
        counterfactuals (`Dataset`): The kept ones.
        seed (`int`, *optional*, defaults to 42): Seed of the shuffle.

    Returns:
        `Dataset`: All rows with the columns of counterfactual rows, see `with_provenance`.

    Raises:
        CfgenError: The examples are not observational, or ids repeat.
    """
    observational = with_provenance(train).cast_column("id", counterfactuals.features["id"])
    return concatenate_datasets([observational, counterfactuals]).shuffle(seed=seed)


def with_provenance(dataset: Dataset | IterableDataset) -> Dataset:
    """Observational examples with the columns of counterfactual rows.

    Args:
        dataset (`Dataset` or `IterableDataset`): Observational examples.

    Returns:
        `Dataset`: The same rows with an `id`, counting rows where there was none; `source_id` is the row's own `id`,
        `is_counterfactual` false, `replaced` empty, `score` and `reason` null.

    Raises:
        CfgenError: The examples are not observational, or ids repeat.

    Example:

    >>> row = with_provenance(Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "B-PER"]]}))[0]
    >>> row["id"], row["source_id"], row["is_counterfactual"], row["replaced"], row["score"]
    ('0', '0', False, [], None)
    """
    dataset = with_ids(dataset).cast_column("id", Value("string"))
    rows = len(dataset)
    added = Dataset.from_dict(
        {
            "source_id": list(dataset["id"]),
            "is_counterfactual": [False] * rows,
            "replaced": [[]] * rows,
            "score": [None] * rows,
            "reason": [None] * rows,
        },
        features=COUNTERFACTUAL_FEATURES,
    )
    return concatenate_datasets([dataset, added], axis=1)


def random_swap(candidates: Dataset, n: int, seed: int = 42) -> Dataset:
    """The control without a discriminator: n of the candidates, unjudged.

    Args:
        candidates (`Dataset`): What `generate_counterfactuals` keeps without a discriminator.
        n (`int`): As many as the discriminator kept.
        seed (`int`, *optional*, defaults to 42): Seed of the sample.

    Returns:
        `Dataset`: The sample, in the order of the candidates.
    """
    return candidates.select(sorted(random.Random(f"{seed}/random-swap").sample(range(len(candidates)), n)))


def with_ids(train: Dataset | IterableDataset) -> Dataset:
    """Observational examples as plain Python values with an `id` each.

    Args:
        train (`Dataset` or `IterableDataset`): The examples.

    Returns:
        `Dataset`: The same rows; where there was no `id`, it counts rows.

    Raises:
        CfgenError: The examples are not observational, or ids repeat.

    Example:

    >>> with_ids(Dataset.from_dict({"tokens": [["hi"], ["ho"]], "ner_tags": [["O"], ["O"]]}))["id"][:]
    ['0', '1']
    """
    check_observational(train)
    train = train.with_format(None)
    if isinstance(train, IterableDataset):
        train = Dataset.from_list(list(train), features=train.features)
    if "id" not in train.column_names:
        return train.add_column("id", [str(row) for row in range(len(train))])
    for row_id, times in Counter(train["id"]).items():
        if row_id is None or times > 1:
            raise CfgenError(
                f"the id {row_id!r} stands on {times} rows: draws depend on it, give each row one of its own"
            )
    return train


def unique_rows(train: Dataset, drawn: Dataset) -> list[int]:
    """Which rows are like no other: their tokens equal neither an observational row's nor an earlier row's.

    Args:
        train (`Dataset`): Observational examples.
        drawn (`Dataset`): Rows made of them.

    Returns:
        `list[int]`: Positions in `drawn`.

    Example:

    >>> train, drawn = ({"tokens": [list(row) for row in rows]} for rows in (["ab"], ["ab", "c", "c"]))
    >>> unique_rows(Dataset.from_dict(train), Dataset.from_dict(drawn))
    [1]
    """

    def key(tokens: list[str]) -> bytes:
        # not a join: ["ab"] and ["a", "b"] differ
        return hashlib.blake2b(repr(tokens).encode(), digest_size=16).digest()

    seen = {key(tokens) for tokens in train["tokens"]}
    rows = []
    for row, tokens in enumerate(drawn["tokens"]):
        digest = key(tokens)
        if digest not in seen:
            seen.add(digest)
            rows.append(row)
    return rows


def _counts_by_type(train: Dataset, entity_sets: EntitySets, candidates: Dataset) -> dict[str, dict[str, int]]:
    mentions = Counter(span.label for tags in tag_column(train) for span in tags_to_spans(tags))
    tried = _by_type(candidates)
    return {
        label: {
            "mentions": mentions[label],
            "forms": len(forms),
            "candidates": tried[label],
            "kept": tried[label],
        }
        for label, forms in entity_sets.forms.items()
    }


def _by_type(counterfactuals: Dataset) -> Counter[str]:
    return Counter(item["label"] for replaced in counterfactuals["replaced"] for item in replaced)
