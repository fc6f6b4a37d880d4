"""Entity sets."""

import pytest

from hf_cfgen import CfgenError, EntitySets

from .test_intervention import TRAIN


def test_entity_sets_hold_distinct_forms_with_counts_in_the_order_of_their_text():
    sets = EntitySets.from_dataset(TRAIN)
    assert sets.forms == {
        "LOC": (("New", "York", "City"), ("Rome",)),
        "PER": (("Ada", "Lovelace"), ("Bo",), ("Cy",)),
    }
    assert sets.counts == {"LOC": (1, 2), "PER": (1, 2, 1)}
    assert EntitySets.from_dataset(TRAIN.select([3, 2, 1, 0])) == sets
    assert EntitySets.from_dataset(TRAIN.to_iterable_dataset()) == sets


def test_a_gazetteer_adds_forms_with_count_0():
    sets = EntitySets.from_dataset(TRAIN, gazetteer={"LOC": [["Oslo"], ["Rome"]]})
    assert sets.forms["LOC"] == (("New", "York", "City"), ("Oslo",), ("Rome",))
    assert sets.counts["LOC"] == (1, 0, 2)
    with pytest.raises(CfgenError, match=r"type 'ORG' is not among the data's types LOC, PER"):
        EntitySets.from_dataset(TRAIN, gazetteer={"ORG": [["UN"]]})
    with pytest.raises(CfgenError, match=r"'Oslo' of type 'LOC' is not a non-empty list of tokens"):
        EntitySets.from_dataset(TRAIN, gazetteer={"LOC": ["Oslo"]})
