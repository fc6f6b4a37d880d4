"""Set preparation: the surface forms of each entity type."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from datasets import Dataset, IterableDataset

from ..data.columns import check_observational, example_batches
from ..errors import CfgenError
from ..utils.arrow_arrays import StringArray, to_list_array
from ..utils.hashing import derive_keys, hash_rows, hash_words, to_binary
from ..utils.ragged import first_positions

Form = tuple[str, ...]


class FlatForms(NamedTuple):
    """The forms of all types, in order, as flat arrays.

    Args:
        firsts (`np.ndarray` of shape (types + 1,)): Where the forms of each type begin, and the last ones end.
        offsets (`np.ndarray` of shape (forms + 1,)): Where the words of each form begin.
        words (`StringArray`): The words.
        hash_words (`np.ndarray` of shape (2, words), uint64): Their digests.
        digests (`np.ndarray` of shape (2, forms), uint64): Digests of the forms, each with its type.
        by_digest (`np.ndarray` of shape (forms,)): The forms in the order of the first half of their digests.
    """

    firsts: np.ndarray
    offsets: np.ndarray
    words: StringArray
    hash_words: np.ndarray
    digests: np.ndarray
    by_digest: np.ndarray

    def find(self, digests: np.ndarray) -> np.ndarray:
        """Which forms have some digests; -1 for those that none has."""
        first = self.digests[0, self.by_digest]
        form = self.by_digest[np.minimum(np.searchsorted(first, digests[0]), len(first) - 1)]
        return np.where((self.digests[:, form] == digests).all(axis=0), form, -1)


@dataclass(frozen=True)
class EntitySets:
    """The distinct surface forms of each entity type.

    Args:
        forms (`dict[str, tuple[tuple[str, ...], ...]]`): For each type, in alphabetical order, its surface forms as
            token tuples, in the order of their text, whatever the order of the rows they came from.
        counts (`dict[str, tuple[int, ...]]`): How often each form was seen, in the order of `forms`; 0 for forms that
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
            dataset (`Dataset` or `IterableDataset`): The train split, and no other: forms of dev or test would leak.
            gazetteer (`Mapping[str, Iterable[Sequence[str]]]`, *optional*): Further forms by type, as token lists.

        Returns:
            `EntitySets`: The sets.

        Raises:
            CfgenError: There is no mention at all, columns are missing or have the names of added ones, or the
                gazetteer has a type that the data lacks, or a form that is a string or empty.

        Example:

        >>> train = Dataset.from_dict({"tokens": [["Ada", "met", "Bo"]], "ner_tags": [["B-PER", "O", "B-PER"]]})
        >>> EntitySets.from_dataset(train).forms
        {'PER': (('Ada',), ('Bo',))}
        """
        check_observational(dataset)
        found: defaultdict[str, Counter[Form]] = defaultdict(Counter)
        for words, tags in example_batches(dataset):
            mentions = tags.mentions()
            digests = hash_rows(hash_words(words), mentions.start[:, None], mentions.end[:, None])
            codes = to_binary(derive_keys(digests, mentions.type)).dictionary_encode().indices.to_numpy()
            firsts, counts = first_positions(codes, len(codes)), np.bincount(codes)
            starts, ends = mentions.start[firsts], mentions.end[firsts]
            forms = to_list_array(StringArray.from_arrow(words).take(starts, ends).to_arrow(), ends - starts)
            types = mentions.type[firsts].tolist()
            for type_, form, count in zip(types, forms.to_pylist(), counts.tolist()):
                found[mentions.types[type_]][tuple(form)] += count
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

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        # datasets pickles it for the fingerprint, object by object in Python: one string takes a hundredth of the time
        return _from_json, (json.dumps([self.forms, self.counts]),)

    @cached_property
    def flat(self) -> FlatForms:
        """The forms as flat arrays."""
        forms = [form for of_type in self.forms.values() for form in of_type]
        firsts = np.cumsum([0, *map(len, self.forms.values())])
        offsets = np.cumsum([0, *map(len, forms)])
        words = pa.array([word for form in forms for word in form], pa.string())
        of_words = hash_words(words)
        types = np.repeat(np.arange(len(self.forms)), np.diff(firsts))
        digests = derive_keys(hash_rows(of_words, offsets[:-1, None], offsets[1:, None]), types)
        return FlatForms(firsts, offsets, StringArray.from_arrow(words), of_words, digests, np.argsort(digests[0]))

    @property
    def unswappable(self) -> tuple[str, ...]:
        """Types with one surface form only: there is nothing to swap it for."""
        return tuple(label for label, forms in self.forms.items() if len(forms) < 2)

    def check_swappable(self) -> None:
        """Check that there is something to swap.

        Raises:
            CfgenError: Every type has one surface form only.

        Example:

        >>> EntitySets({"PER": (("Ada",), ("Bo",))}, {"PER": (1, 1)}).check_swappable()
        """
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


def entity_types(splits: Mapping[str, Dataset]) -> list[str]:
    """The entity types that occur in some split.

    Args:
        splits (`Mapping[str, Dataset]`): The splits.

    Returns:
        `list[str]`: The types in alphabetical order.

    Example:

    >>> entity_types({"train": Dataset.from_dict({"tokens": [["hi", "Cy"]], "ner_tags": [["O", "B-PER"]]})})
    ['PER']
    """
    found: set[str] = set()
    for rows in splits.values():
        for _, tags in example_batches(rows):
            found.update(tags.mentions().types)
    return sorted(found)
