"""Generate counterfactual examples in one call, and mix them with the observational ones."""

import random
from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

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
    check_observational,
    counterfactual_features,
    example_batches,
)
from ..errors import CfgenError
from ..utils.arrow_arrays import flatten_lists
from ..utils.hashing import first_seen, hash_rows, hash_words
from .config import CfgenConfig
from .counts import GenerationCounts, TypeCounts
from .entity_sets import EntitySets
from .intervention import TALLY, Intervene

_DRAWN_AT_ONCE = 10_000  # rows: few enough for a processor's cache, and few pages to read per chunk of the file

_NUMBER = "#(0|[1-9][0-9]*)$"  # the suffix that turns the id of a source row into that of a counterfactual row

_MAP_KWARGS = ("num_proc", "batch_size", "writer_batch_size", "load_from_cache_file", "keep_in_memory")


class Counterfactuals(NamedTuple):
    """The result of `generate_counterfactuals`.

    Args:
        kept (`Dataset`): The accepted candidates; all candidates if there is no discriminator.
        rejected (`Dataset`): The rejected candidates, with their reasons.
        counts (`GenerationCounts`): The numbers of drawn, kept and rejected candidates.
    """

    kept: Dataset
    rejected: Dataset
    counts: GenerationCounts


def generate_counterfactuals(
    train: Dataset | IterableDataset,
    discriminator: Any = None,
    config: CfgenConfig | None = None,
    *,
    entity_sets: EntitySets | None = None,
    **map_kwargs: Any,
) -> Counterfactuals:
    """Generate counterfactual examples from a train split and keep the accepted ones (Zeng et al. 2020, section 2.3).

    Args:
        train (`Dataset` or `IterableDataset`): Observational examples with `tokens` and `ner_tags`. If there is no
            `id` column, row numbers are added as one.
        discriminator (`str`, `PreTrainedModel`, `TokenClassificationPipeline` or `Callable`, *optional*): A tagger
            trained on these examples, or a function that takes sentences, each a list of words, and returns one list
            of tags per sentence. If omitted, no candidate is judged and all are kept.
        config (`CfgenConfig`, *optional*): The recipe. Defaults to `CfgenConfig()`.
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
    train = _arrow_with_ids(train)
    check_sources(train)
    if discriminator is not None:
        from ..modeling.pipeline import as_discriminator  # it imports torch
        from .discrimination import is_function

        if not is_function(discriminator):
            discriminator = as_discriminator(discriminator)
            check_labels(discriminator.model.config.label2id, _tags_and_mentions(train)[0])

    config = config or CfgenConfig()
    intervene = replace(Intervene.from_dataset(train, config, entity_sets), tally=True)
    if not len(train):
        raise CfgenError("the train split has no rows: there is nothing to swap in; give some sentences")
    longest = max(map(len, intervene.entity_sets.forms.values())) if config.recipe == "paper" else config.k
    batch_size = min(1000, 1 + _DRAWN_AT_ONCE // longest)
    drawn = train.map(
        intervene,
        batched=True,
        remove_columns=train.column_names,
        features=Features({**(counterfactual_features(train) or {}), **TALLY}),
        desc="do(e)",
        **{"batch_size": batch_size, "writer_batch_size": _DRAWN_AT_ONCE, **map_kwargs},
    )
    *digests, types, begins = (column.to_numpy() for column in drawn[:].select(list(TALLY)).columns)
    rows = first_seen(_digests(train), digests)
    candidates = _selected(drawn, rows)
    unique = np.zeros(len(drawn), dtype=bool)
    unique[rows] = True
    sources = np.logical_or.reduceat(unique, np.flatnonzero(begins)) if len(drawn) else unique
    tried = np.bincount(types[rows], minlength=len(intervene.entity_sets.forms)).tolist()
    _, mentions = _tags_and_mentions(train)
    counts = GenerationCounts(
        examples=len(train),
        examples_without_candidates=len(train) - int(sources.sum()),
        drawn=len(drawn),
        duplicates=len(drawn) - len(candidates),
        candidates=len(candidates),
        kept=len(candidates),
        by_type={
            label: TypeCounts(mentions[label], len(forms), candidates=count, kept=count)
            for (label, forms), count in zip(intervene.entity_sets.forms.items(), tried)
        },
        unswappable_types=list(intervene.entity_sets.unswappable),
    )
    unjudged = Counterfactuals(candidates, candidates.select([]), counts)
    if discriminator is None:
        return unjudged
    # without `batch_size`, each forward pass has the same sentences, so scores are identical to the last bit
    single = {name: value for name, value in map_kwargs.items() if name not in ("num_proc", "batch_size")}
    return judge_counterfactuals(unjudged, discriminator, **single)


def judge_counterfactuals(unjudged: Counterfactuals, discriminator: Any, **map_kwargs: Any) -> Counterfactuals:
    """Divide the candidates that were generated without a discriminator into kept and rejected ones.

    All processes of Accelerate must call it with the same candidates, because each judges a part of them.

    Args:
        unjudged (`Counterfactuals`): What `generate_counterfactuals` returns without a discriminator.
        discriminator (`str`, `PreTrainedModel` or `TokenClassificationPipeline`): See `generate_counterfactuals`.
        map_kwargs (`Any`): Options of `Dataset.map`, except `num_proc` and `batch_size`.

    Returns:
        `Counterfactuals`: What `generate_counterfactuals` returns with this discriminator.

    Raises:
        CfgenError: The labels of model and data don't match.
    """
    from .discrimination import judge  # it imports torch

    candidates = judge(unjudged.kept, discriminator, **map_kwargs)
    reasons = pa.chunked_array(
        [table["reason"].combine_chunks() for table in arrow_batches(candidates, "reason")], pa.string()
    )
    accepted = reasons.is_null().to_numpy()
    kept, rejected = (candidates.select(np.flatnonzero(rows)) for rows in (accepted, ~accepted))
    kept_of = Counter[str]()
    for table in arrow_batches(kept, "replaced"):
        kept_of += _counted(pc.struct_field(pc.list_flatten(table["replaced"]), "label"))
    counts = replace(
        unjudged.counts,
        kept=len(kept),
        rejected=dict(sorted(_counted(reasons.drop_null()).items())),
        by_type={label: replace(of_type, kept=kept_of[label]) for label, of_type in unjudged.counts.by_type.items()},
    )
    return Counterfactuals(kept, rejected, counts)


def mix(train: Dataset | IterableDataset, counterfactuals: Dataset, seed: int = 42) -> Dataset:
    """Mix observational and counterfactual examples and shuffle them.

    Args:
        train (`Dataset` or `IterableDataset`): The examples given to `generate_counterfactuals`.
        counterfactuals (`Dataset`): The kept candidates.
        seed (`int`, *optional*, defaults to 42): Seed of the shuffle.

    Returns:
        `Dataset`: All rows with the columns of counterfactual rows, see `with_provenance`.

    Raises:
        CfgenError: The examples are not observational, or ids repeat, also across both datasets.
    """
    observational = with_provenance(train).cast_column("id", counterfactuals.features["id"])
    rows = concatenate_datasets([observational, counterfactuals])
    _check_ids(rows, "mix each counterfactual once, with the examples that it was made of")
    return rows.shuffle(seed=seed)


def with_provenance(dataset: Dataset | IterableDataset) -> Dataset:
    """Add the columns of counterfactual rows to observational examples.

    Args:
        dataset (`Dataset` or `IterableDataset`): Observational examples.

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
    """Sample n candidates without a discriminator, as a control.

    Args:
        candidates (`Dataset`): What `generate_counterfactuals` keeps without a discriminator.
        n (`int`): The number of candidates that the discriminator kept.
        seed (`int`, *optional*, defaults to 42): Seed of the sample.

    Returns:
        `Dataset`: The sample, in the order of the candidates.

    Raises:
        CfgenError: There are fewer than n candidates, or n is negative.
    """
    if not 0 <= n <= len(candidates):
        raise CfgenError(f"n is {n} of {len(candidates)} candidates: give a number of 0 to {len(candidates)}")
    return candidates.select(sorted(random.Random(f"{seed}/random-swap").sample(range(len(candidates)), n)))


def with_ids(train: Dataset | IterableDataset) -> Dataset:
    """Return observational examples as plain Python values, each with an `id`.

    Args:
        train (`Dataset` or `IterableDataset`): The examples.

    Returns:
        `Dataset`: The same rows. If there is no `id` column, row numbers are added as one.

    Raises:
        CfgenError: The examples are not observational, or ids repeat.

    Example:

    >>> with_ids(Dataset.from_dict({"tokens": [["hi"], ["ho"]], "ner_tags": [["O"], ["O"]]}))["id"][:]
    ['0', '1']
    """
    return _arrow_with_ids(train).with_format(None)


def _arrow_with_ids(train: Dataset | IterableDataset) -> Dataset:
    if isinstance(train, Dataset):
        train = train.with_format("arrow")
    check_observational(train)
    if isinstance(train, IterableDataset):
        rows = list(train.with_format(None))
        names = dict.fromkeys(train.features or chain.from_iterable(rows))
        columns = {name: [row.get(name) for row in rows] for name in names}
        train = Dataset.from_dict(columns, features=train.features).with_format("arrow")
        check_observational(train)
    if "id" not in train.column_names:
        return train.add_column("id", np.arange(len(train)).astype(str))
    _check_ids(train)
    return train


def _check_ids(rows: Dataset, remedy: str = "draws depend on it, give each row its own") -> None:
    counts = _whole(rows, "id").value_counts()
    ids, times = counts.field("values"), counts.field("counts")
    row = pc.index(pc.or_(pc.is_null(ids), pc.greater(times, 1)), True).as_py()
    if row >= 0:
        raise CfgenError(f"the id {ids[row].as_py()!r} stands on {times[row]} rows: {remedy}")


def check_sources(train: Dataset) -> None:
    """Check that no id equals the id of a counterfactual of another row.

    Args:
        train (`Dataset`): Observational examples with an `id`.

    Raises:
        CfgenError: An id does.
    """
    ids = _whole(train, "id").cast(pa.string())
    numbered = ids.filter(pc.match_substring_regex(ids, _NUMBER))
    clashes = numbered.filter(pc.is_in(pc.replace_substring_regex(numbered, _NUMBER, ""), ids))
    if len(clashes):
        clash = clashes[0].as_py()
        raise CfgenError(
            f"the id {clash!r} is what a counterfactual of the row {clash.rpartition('#')[0]!r} is called: rename it"
        )


def unique_rows(train: Dataset, drawn: Dataset) -> np.ndarray:
    """Find the rows whose tokens differ from those of every observational row and every earlier row.

    Args:
        train (`Dataset`): Observational examples.
        drawn (`Dataset`): Rows generated from them.

    Returns:
        `np.ndarray`: Positions in `drawn`, in order.

    Example:

    >>> train, drawn = ({"tokens": [list(row) for row in rows]} for rows in (["ab"], ["ab", "c", "c"]))
    >>> unique_rows(Dataset.from_dict(train), Dataset.from_dict(drawn))
    array([1])
    """
    return first_seen(_digests(train), _digests(drawn))


def _whole(rows: Dataset, column: str) -> Any:
    chunks = [table[column].combine_chunks() for table in arrow_batches(rows, column)]
    return pa.chunked_array(chunks, rows.features.arrow_schema.field(column).type)


def _selected(drawn: Dataset, rows: np.ndarray) -> Dataset:
    """Select rows without the tally columns, faster than `Dataset.select`, which makes a Python number per row."""
    info = drawn.info.copy()
    info.features = Features({name: kind for name, kind in drawn.features.items() if name not in TALLY})
    everything = len(rows) == len(drawn)
    indices = None if everything else InMemoryTable(pa.table({"indices": pa.array(rows, pa.uint64())}))
    fingerprint = Hasher.hash([drawn._fingerprint, "unique rows"])
    return Dataset(drawn.data.drop(list(TALLY)), info, drawn.split, indices, fingerprint)


def _tags_and_mentions(train: Dataset) -> tuple[set[str], Counter[str]]:
    """Return the tags that occur, and the number of mentions of each type."""
    tags, by_type = set[str](), Counter[str]()
    for _, batch in example_batches(train):
        tags.update(batch.tags[code] for code in np.unique(batch.codes).tolist())
        mentions = batch.mentions()
        by_type.update(dict(zip(mentions.types, np.bincount(mentions.type).tolist())))
    return tags, by_type


def _digests(rows: Dataset) -> np.ndarray:
    digests = [np.empty((2, 0), dtype=np.uint64)]
    for batch in arrow_batches(rows, "tokens"):
        tokens = flatten_lists(batch["tokens"], pa.string())
        words = hash_words(tokens.values)
        digests.append(hash_rows(words, tokens.offsets[:-1, None], tokens.offsets[1:, None]))
    return np.concatenate(digests, axis=1)


def _counted(values: Any) -> Counter[str]:
    return Counter({item["values"]: item["counts"] for item in values.value_counts().to_pylist()})
