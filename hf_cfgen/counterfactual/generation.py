"""Generate counterfactual examples in one call, and mix them with the observational ones."""

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, IterableDataset, Value, concatenate_datasets
from datasets.fingerprint import Hasher
from datasets.table import InMemoryTable

from ..data.columns import (
    COUNTERFACTUAL_FEATURES,
    arrow_batches,
    check_labels,
    counterfactual_features,
    set_reasons,
    tag_column,
)
from ..errors import CfgenError
from ..utils.arrow_arrays import flatten_lists
from ..utils.hashing import first_seen, hash_rows, hash_words
from .config import CfgenConfig, Filter
from .counts import GenerationCounts, TypeCounts
from .entity_sets import EntitySets
from .intervention import COUNTING_COLUMNS, Intervene
from .train_split import TrainSplit, check_ids, with_ids

if TYPE_CHECKING:
    from .discrimination import Discriminator

_ROWS_AT_ONCE = 10_000  # few enough for a processor's cache, and few pages to read per chunk of the file

_MAP_KWARGS = ("num_proc", "batch_size", "writer_batch_size", "load_from_cache_file", "keep_in_memory")


class Counterfactuals(NamedTuple):
    """The result of `generate_counterfactuals`.

    Args:
        kept (`Dataset`): The accepted candidates; all candidates if there is no discriminator.
        rejected (`Dataset`): The rejected candidates, with their reasons.
        counts (`GenerationCounts`): The numbers of all, kept and rejected candidates.
    """

    kept: Dataset
    rejected: Dataset
    counts: GenerationCounts


def generate_counterfactuals(
    train: Dataset | IterableDataset | TrainSplit,
    discriminator: "Discriminator | None" = None,
    config: CfgenConfig | None = None,
    *,
    entity_sets: EntitySets | None = None,
    **map_kwargs: Any,
) -> Counterfactuals:
    """Generate counterfactual examples from a train split and keep the accepted ones (Zeng et al. 2020, section 2.3).

    Args:
        train (`Dataset`, `IterableDataset` or `TrainSplit`): Observational examples with `tokens` and `ner_tags`. If
            there is no `id` column, row numbers are added as one.
        discriminator (`str`, `PreTrainedModel`, `TokenClassificationPipeline` or `Callable`, *optional*): A tagger
            trained on these examples, or a function that takes sentences, each a list of words, and returns one list
            of tags per sentence. If omitted, all candidates are kept.
        config (`CfgenConfig`, *optional*): The recipe and the filter. Defaults to `CfgenConfig()`.
        entity_sets (`EntitySets`, *optional*): The surface forms to swap in. Defaults to those of `train`.
        map_kwargs (`Any`): Options of `Dataset.map`: `writer_batch_size`, `load_from_cache_file`, `keep_in_memory`,
            and, only for the interventions, `batch_size` and `num_proc`.

    Returns:
        `Counterfactuals`: `kept`, `rejected`, `counts`.

    Raises:
        CfgenError: Columns are missing or have reserved names, ids repeat, there are no rows or no mentions, or the
            labels of model and data don't match.

    Example:

    >>> rows = {"tokens": [["Ada", "met", "Bo"], ["hi", "Cy"]], "ner_tags": [["B-PER", "O", "B-PER"], ["O", "B-PER"]]}
    >>> kept, rejected, counts = generate_counterfactuals(Dataset.from_dict(rows), config=CfgenConfig(k=1))
    >>> kept["id"][0], len(rejected), counts.candidates
    ('0#0', 0, 2)
    """
    unknown = sorted(set(map_kwargs) - set(_MAP_KWARGS))
    if unknown:
        raise CfgenError(f"{', '.join(unknown)} can't be passed on to map here: it takes {', '.join(_MAP_KWARGS)}")
    config = config or CfgenConfig()
    split = TrainSplit.from_dataset(train, config.scheme)
    if discriminator is not None:
        from ..modeling.pipeline import as_discriminator  # it imports torch
        from .discrimination import is_function

        if not is_function(discriminator):
            discriminator = as_discriminator(discriminator)
            check_labels(discriminator.model.config.label2id, split.tags)

    intervene = replace(Intervene.from_dataset(split, config, entity_sets), counting=True)
    if not len(split.dataset):
        raise CfgenError("the train split has no rows: there is nothing to swap in; give some sentences")
    if config.custom_recipe() is not None:  # the cache does not detect edits of the user's module
        map_kwargs = {"load_from_cache_file": False, **map_kwargs}
    longest = max(map(len, intervene.entity_sets.forms.values())) if config.recipe == "paper" else config.k
    batch_size = min(1000, 1 + _ROWS_AT_ONCE // longest)
    drawn = split.dataset.map(
        intervene,
        batched=True,
        remove_columns=split.dataset.column_names,
        features=Features({**(counterfactual_features(split.dataset) or {}), **COUNTING_COLUMNS}),
        desc="do(e)",
        **{"batch_size": batch_size, "writer_batch_size": _ROWS_AT_ONCE, **map_kwargs},
    )
    candidates, counts = _unique_candidates(split, intervene.entity_sets, drawn)
    generated = Counterfactuals(candidates, candidates.select([]), counts)
    # without `batch_size`, each forward pass has the same sentences, so scores are identical to the last bit
    single = {name: value for name, value in map_kwargs.items() if name not in ("num_proc", "batch_size")}
    return discriminate_counterfactuals(generated, discriminator, config.custom_filter(), **single)


def _unique_candidates(split: TrainSplit, entity_sets: EntitySets, drawn: Dataset) -> tuple[Dataset, GenerationCounts]:
    """Drop the duplicates and the counting columns, and count."""
    *hashes, begins = (column.to_numpy() for column in drawn[:].select(list(COUNTING_COLUMNS)).columns)
    rows = first_seen(_hashes(split.dataset), hashes)
    is_unique = np.zeros(len(drawn), dtype=bool)
    is_unique[rows] = True
    has_candidates = np.logical_or.reduceat(is_unique, np.flatnonzero(begins)) if len(drawn) else is_unique
    # faster than `Dataset.select`, which makes a Python number per row
    info = drawn.info.copy()
    info.features = Features({name: kind for name, kind in drawn.features.items() if name not in COUNTING_COLUMNS})
    everything = len(rows) == len(drawn)
    indices = None if everything else InMemoryTable(pa.table({"indices": pa.array(rows, pa.uint64())}))
    fingerprint = Hasher.hash([drawn._fingerprint, "unique rows"])
    candidates = Dataset(drawn.data.drop(list(COUNTING_COLUMNS)), info, drawn.split, indices, fingerprint)
    replaced = _replaced_types(candidates)
    counts = GenerationCounts(
        examples=len(split.dataset),
        examples_without_candidates=len(split.dataset) - int(has_candidates.sum()),
        drawn=len(drawn),
        duplicates=len(drawn) - len(rows),
        candidates=len(rows),
        kept=len(rows),
        by_type={
            label: TypeCounts(
                split.form_counts.get(label, Counter()).total(), len(forms), replaced[label], kept=replaced[label]
            )
            for label, forms in entity_sets.forms.items()
        },
        unswappable_types=list(entity_sets.unswappable),
    )
    return candidates, counts


def _replaced_types(rows: Dataset) -> Counter[str]:
    """Count the replaced mentions by type."""
    found = Counter[str]()
    for table in arrow_batches(rows, "replaced"):
        found += _counted(pc.struct_field(pc.list_flatten(table["replaced"]), "label"))
    return found


def discriminate_counterfactuals(
    generated: Counterfactuals, discriminator: "Discriminator | None", filter: Filter | None = None, **map_kwargs: Any
) -> Counterfactuals:
    """Divide the candidates that were generated without a discriminator into kept and rejected ones.

    All processes of Accelerate must call it with the same candidates, because each predicts a part of them.

    Args:
        generated (`Counterfactuals`): What `generate_counterfactuals` returns without a discriminator and a filter.
        discriminator (`str`, `PreTrainedModel`, `TokenClassificationPipeline` or `Callable`, *optional*): See
            `generate_counterfactuals`.
        filter (`Callable`, *optional*): See `CfgenConfig`. It gets the candidates that the discriminator accepts.
        map_kwargs (`Any`): Options of `Dataset.map`, except `num_proc` and `batch_size`.

    Returns:
        `Counterfactuals`: What `generate_counterfactuals` returns with this discriminator and this filter.

    Raises:
        CfgenError: The labels of model and data don't match, or the filter returns something else than a reason.
    """
    if discriminator is None and filter is None:
        return generated
    candidates = generated.kept
    if discriminator is not None:
        from .discrimination import discriminate  # it imports torch

        candidates = discriminate(candidates, discriminator, **map_kwargs)
    if filter is not None:
        candidates = _filtered(candidates, filter)
    reasons = pa.chunked_array(
        [table["reason"].combine_chunks() for table in arrow_batches(candidates, "reason")], pa.string()
    )
    accepted = reasons.is_null().to_numpy()
    kept, rejected = (candidates.select(np.flatnonzero(rows)) for rows in (accepted, ~accepted))
    kept_of = _replaced_types(kept)
    counts = replace(
        generated.counts,
        kept=len(kept),
        rejected=dict(sorted(_counted(reasons.drop_null()).items())),
        by_type={label: replace(of_type, kept=kept_of[label]) for label, of_type in generated.counts.by_type.items()},
    )
    return Counterfactuals(kept, rejected, counts)


def _filtered(candidates: Dataset, filter: Filter) -> Dataset:
    """Set the `reason` of the candidates that the discriminator accepts and the user's filter rejects."""
    reasons = list[str | None]()
    for row, tags in zip(candidates, tag_column(candidates)):
        reason = row["reason"] or filter(row | {"ner_tags": tags})
        if reason is not None and not (isinstance(reason, str) and reason):
            raise CfgenError(f"row {row['id']}: the filter returned {reason!r}: return a reason to reject it, or None")
        reasons.append(reason)
    return set_reasons(candidates, reasons)


def mix(train: Dataset | IterableDataset | TrainSplit, counterfactuals: Dataset, seed: int = 42) -> Dataset:
    """Mix observational and counterfactual examples and shuffle them.

    Args:
        train (`Dataset`, `IterableDataset` or `TrainSplit`): The examples given to `generate_counterfactuals`.
        counterfactuals (`Dataset`): The kept candidates.
        seed (`int`, *optional*, defaults to 42): Seed of the shuffle.

    Returns:
        `Dataset`: All rows with the columns of counterfactual rows, see `with_provenance`.

    Raises:
        CfgenError: The examples are not observational, or ids repeat, also across both datasets.
    """
    observational = with_provenance(train).cast_column("id", counterfactuals.features["id"])
    rows = concatenate_datasets([observational, counterfactuals])
    check_ids(rows, "mix each counterfactual once, with the examples that it was made of")
    return rows.shuffle(seed=seed)


def with_provenance(dataset: Dataset | IterableDataset | TrainSplit) -> Dataset:
    """Add the columns of counterfactual rows to observational examples.

    Returns:
        `Dataset`: The same rows with an `id`, by default the row number. `source_id` is the row's own `id`,
        `is_counterfactual` is false, `replaced` is empty, and `score` and `reason` are null.

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
    """Sample n candidates without a discriminator, as a control; the sample is in the order of the candidates.

    Raises:
        CfgenError: There are fewer than n candidates, or n is negative.
    """
    if not 0 <= n <= len(candidates):
        raise CfgenError(f"n is {n} of {len(candidates)} candidates: give a number of 0 to {len(candidates)}")
    return candidates.select(sorted(random.Random(f"{seed}/random-swap").sample(range(len(candidates)), n)))


def unique_rows(train: Dataset, drawn: Dataset) -> np.ndarray:
    """Find the rows whose tokens differ from those of every observational row and every earlier row.

    Example:

    >>> train, drawn = ({"tokens": [list(row) for row in rows]} for rows in (["ab"], ["ab", "c", "c"]))
    >>> unique_rows(Dataset.from_dict(train), Dataset.from_dict(drawn))
    array([1])
    """
    return first_seen(_hashes(train), _hashes(drawn))


def _hashes(rows: Dataset) -> np.ndarray:
    """Return the hash of each row's tokens."""
    hashes = [np.empty((2, 0), dtype=np.uint64)]
    for batch in arrow_batches(rows, "tokens"):
        tokens = flatten_lists(batch["tokens"], pa.string())
        hashes.append(hash_rows(hash_words(tokens.values), tokens.offsets[:-1, None], tokens.offsets[1:, None]))
    return np.concatenate(hashes, axis=1)


def _counted(values: pa.ChunkedArray) -> Counter[str]:
    return Counter({item["values"]: item["counts"] for item in values.value_counts().to_pylist()})
