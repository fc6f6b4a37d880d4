"""Entity sets: the surface forms of each entity type."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from datasets import Dataset, IterableDataset

from ..data.columns import check_observational, example_batches
from ..errors import CfgenError
from ..tagging.span_table import SpanTable
from ..utils.arrow_arrays import StringArray, to_list_array
from ..utils.hashing import derive_keys, hash_rows, hash_words, to_binary
from ..utils.ragged import first_positions

Form = tuple[str, ...]


class FormTable(NamedTuple):
    """The surface forms of all types as arrays, in order; a form is known by its number among all forms."""

    type_offsets: np.ndarray  # (types + 1,): the first form of each type, and the number of forms
    offsets: np.ndarray  # (forms + 1,): where the words of each form start, and the number of words
    words: StringArray
    word_hashes: np.ndarray  # (2, words), uint64
    hashes: np.ndarray  # (2, forms), uint64: of each form with its type
    by_hash: np.ndarray  # (forms,): the forms sorted by the first half of their hashes

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return the form with each hash, or -1 if there is none."""
        first = self.hashes[0, self.by_hash]
        form = self.by_hash[np.minimum(np.searchsorted(first, hashes[0]), len(first) - 1)]
        return np.where((self.hashes[:, form] == hashes).all(axis=0), form, -1)


@dataclass(frozen=True)
class EntitySets:
    """The distinct surface forms of each entity type.

    Args:
        forms (`dict[str, tuple[tuple[str, ...], ...]]`): For each type, its surface forms as token tuples. Types and
            forms are sorted, so the order of the rows does not matter.
        counts (`dict[str, tuple[int, ...]]`): How often each form occurs, in the order of `forms`; 0 for forms that
            only the gazetteer has.
    """

    forms: dict[str, tuple[Form, ...]]
    counts: dict[str, tuple[int, ...]]

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset | IterableDataset,
        gazetteer: Mapping[str, Iterable[Sequence[str]]] | None = None,
    ) -> "EntitySets":
        """Collect the entity sets of a train split.

        Args:
            dataset (`Dataset` or `IterableDataset`): The train split only, because forms of dev or test would leak.
            gazetteer (`Mapping[str, Iterable[Sequence[str]]]`, *optional*): Further forms by type, as token lists.

        Returns:
            `EntitySets`: The sets.

        Raises:
            CfgenError: There are no mentions, columns are missing or have reserved names, or the gazetteer has a type
                that the data lacks, or a form that is a string or empty.

        Example:

        >>> train = Dataset.from_dict({"tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]})
        >>> EntitySets.from_dataset(train).forms
        {'PER': (('Ada',), ('Bo',))}
        """
        check_observational(dataset)
        found = count_forms((words, tags.mentions()) for words, tags in example_batches(dataset))
        return cls.from_counts(found, gazetteer)

    @classmethod
    def from_counts(
        cls, found: dict[str, Counter[Form]], gazetteer: Mapping[str, Iterable[Sequence[str]]] | None = None
    ) -> "EntitySets":
        """Create the sets from the result of `count_forms`; see `from_dataset`."""
        if not found:
            raise CfgenError("no mention in the train split: there is no entity set to swap from; label some mentions")
        for label, forms in (gazetteer or {}).items():
            if label not in found:
                raise CfgenError(f"gazetteer type {label!r} is not among the data's types {', '.join(sorted(found))}")
            for form in forms:
                if isinstance(form, str) or not form or not all(isinstance(token, str) for token in form):
                    raise CfgenError(f"gazetteer form {form!r} of type {label!r} is not a non-empty list of tokens")
                found[label].setdefault(tuple(form), 0)
        ordered = {label: dict(sorted(found[label].items())) for label in sorted(found)}
        return cls(
            forms={label: tuple(forms) for label, forms in ordered.items()},
            counts={label: tuple(forms.values()) for label, forms in ordered.items()},
        )

    def __reduce__(self) -> tuple[object, tuple[str]]:
        # datasets pickles it for the fingerprint, which is a hundred times as fast for one string as for many objects
        return _from_json, (json.dumps([self.forms, self.counts]),)

    @cached_property
    def table(self) -> FormTable:
        """Return the forms as arrays."""
        forms = [form for of_type in self.forms.values() for form in of_type]
        type_offsets = np.cumsum([0, *map(len, self.forms.values())])
        offsets = np.cumsum([0, *map(len, forms)])
        words = pa.array([word for form in forms for word in form], pa.string())
        of_words = hash_words(words)
        types = np.repeat(np.arange(len(self.forms)), np.diff(type_offsets))
        hashes = derive_keys(hash_rows(of_words, offsets[:-1, None], offsets[1:, None]), types)
        return FormTable(type_offsets, offsets, StringArray.from_arrow(words), of_words, hashes, np.argsort(hashes[0]))

    @cached_property
    def form_ids(self) -> dict[tuple[str, Form], int]:
        """Return the number of each form of each type."""
        everything = ((label, form) for label, of_type in self.forms.items() for form in of_type)
        return {key: number for number, key in enumerate(everything)}

    @property
    def unswappable(self) -> tuple[str, ...]:
        """Return the types with only one surface form, which have nothing to swap in."""
        return tuple(label for label, forms in self.forms.items() if len(forms) < 2)

    def check_swappable(self) -> None:
        """Raise a `CfgenError` if every type has only one surface form."""
        if len(self.unswappable) == len(self.forms):
            raise CfgenError(
                f"nothing to swap, every type has one surface form only ({', '.join(self.unswappable)}): give "
                "sentences with other mentions"
            )


def _from_json(text: str) -> EntitySets:
    forms, counts = json.loads(text)
    return EntitySets(
        forms={label: tuple(map(tuple, of_type)) for label, of_type in forms.items()},
        counts={label: tuple(of_type) for label, of_type in counts.items()},
    )


def count_forms(batches: Iterable[tuple[pa.StringArray, SpanTable]]) -> dict[str, Counter[Form]]:
    """Count the surface forms of each type.

    Args:
        batches (`Iterable[tuple[pa.StringArray, SpanTable]]`): The words and the mentions of batches of sentences.

    Returns:
        `dict[str, Counter[Form]]`: By type, the number of mentions of each form.
    """
    found: defaultdict[str, Counter[Form]] = defaultdict(Counter)
    for words, mentions in batches:
        # make Python objects of the distinct forms only
        hashes = hash_rows(hash_words(words), mentions.start[:, None], mentions.end[:, None])
        codes = to_binary(derive_keys(hashes, mentions.type)).dictionary_encode().indices.to_numpy()
        firsts, counts = first_positions(codes, len(codes)), np.bincount(codes)
        starts, ends = mentions.start[firsts], mentions.end[firsts]
        forms = to_list_array(StringArray.from_arrow(words).take(starts, ends).to_arrow(), ends - starts)
        types = mentions.type[firsts].tolist()
        for type_, form, count in zip(types, forms.to_pylist(), counts.tolist()):
            found[mentions.types[type_]][tuple(form)] += count
    return found


def entity_types(splits: Mapping[str, Dataset]) -> list[str]:
    """Return the entity types that occur in at least one split, in alphabetical order.

    Example:

    >>> entity_types({"train": Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "B-PER"]]})})
    ['PER']
    """
    batches = (tags for rows in splits.values() for _, tags in example_batches(rows))
    return sorted({label for tags in batches for label in tags.mentions().types})
