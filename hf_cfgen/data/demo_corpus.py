"""The embedded demo corpus: a few hundred sentences from a known structural causal model (SCM).

The equations follow Zeng et al. (EMNLP 2020, section 2.2), one function each:

    g := f_G(U_G)        the setting: coast, city or mountain       [`sample_confounder`]
    e := f_E(g, U_E)     the mentions: surface forms and types      [`sample_entities`]
    h := f_H(g, U_H)     the setting of the context: usually g      [`sample_context_setting`]
    c := f_C(h, U_C)     the context: a template with slots         [`sample_context`]
    a := f_A(e, U_A)     the annotation: types, a few of them wrong [`annotate`]
    x := f_X(a, c)       the tagged sentence                        [`compose`]

**Confounding.** In `train` and `validation`, h is g nine times in ten. A name alone is a place on the coast (Whitby),
a company in the city (Harlow), and a person in the mountains (Heidi). Elsewhere, it is part of a longer form (Whitby
Lodge, Heidi Street). A tagger can score well by inferring the setting from the context and counting words. In `test`,
h does not depend on g. Swaps within a type weaken the correlation in the training data.

**Wrong labels.** In `train` and `validation`, one mention in ten has a wrong type. Names recur, so most labels of a
name are right. But an entity set has each form once: if Whitby is a PERSON in one sentence, swaps make Whitby a PERSON
in several more. A discriminator that has learned that Whitby is a PLACE rejects them.

**Ground truth.** Every surface form has exactly one true type, no word of a form (in Chinese: no character) occurs in
a template, and mentions are never adjacent. True labels therefore depend only on the entity, and all labels of `test`
are true: a perfect entity-based tagger scores the same under do(c0), so ACE_C = 0. In `test`, each slot takes the
three types with equal probability, regardless of its number of words: a context-only tagger gets a third of the types
right. Its expected F1 is at most 1/3, so the perfect tagger's ACE_E is at most -2/3 and its RI at least 2/3.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import TypedDict, TypeVar

import yaml

from ..errors import CfgenError

T = TypeVar("T")
SETTINGS = ("coast", "city", "mountain")
TYPES = ("PERSON", "PLACE", "ORG")
SPLIT_SIZES = {"train": 200, "validation": 60, "test": 200}
INDEPENDENT = {"train": 0.1, "validation": 0.1, "test": 1.0}  # probability that h does not depend on g
WRONG = {"train": 0.1, "validation": 0.1, "test": 0.0}  # probability that the type of a mention is wrong


class Row(TypedDict):
    """A sentence with IOB2 tags, the value of g, and the value of h."""

    id: str
    tokens: list[str]
    ner_tags: list[str]
    entity_setting: str
    context_setting: str


class _Words(TypedDict):
    """The words of a language, see demo_corpus.yaml."""

    names: list[str]
    forms: dict[str, dict[str, list[str]]]  # by setting and type
    templates: dict[str, list[str]]  # by setting


@cache
def _words(language: str) -> _Words:
    words = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    if language not in words:
        raise CfgenError(f"no demo corpus in language {language!r}: choose one of {', '.join(words)}")
    return words[language]


def _of_setting(table: Mapping[str, T], setting: str) -> T:
    if setting not in SETTINGS:
        raise CfgenError(f"no setting {setting!r} in the demo corpus: choose one of {', '.join(SETTINGS)}")
    return table[setting]


def _tokenize(text: str, language: str) -> list[str]:
    return list(text) if language == "zh" else text.split()


def sample_confounder(noise: Random) -> str:
    """g := f_G(U_G): sample one of `SETTINGS` uniformly; `noise` is the source of U_G.

    Example:

    >>> sample_confounder(Random(0))
    'city'
    """
    return noise.choice(SETTINGS)


def sample_entities(setting: str, noise: Random, language: str = "en") -> list[tuple[str, str]]:
    """e := f_E(g, U_E): sample two different mentions, pairs of surface form and true type, that are common in g.

    Example:

    >>> sample_entities("coast", Random(0))
    [('Tobias Herring Fisheries', 'ORG'), ('Konrad Anchor Fisheries', 'ORG')]
    """
    forms, names = _of_setting(_words(language)["forms"], setting), _words(language)["names"]
    mentions: list[tuple[str, str]] = []
    while len(mentions) < 2:
        label = noise.choices(list(forms), weights=(2, 1, 1))[0]
        parts = [noise.choice(part.format(*names).split()) for part in forms[label]]
        mention = (("" if language == "zh" else " ").join(parts), label)
        if mention not in mentions:
            mentions.append(mention)
    return mentions


def sample_context_setting(setting: str, independent: float, noise: Random) -> str:
    """h := f_H(g, U_H): return g, or with probability `independent` a setting that does not depend on it.

    Example:

    >>> sample_context_setting("coast", 0.0, Random(0))
    'coast'
    """
    return sample_confounder(noise) if noise.random() < independent else setting


def sample_context(setting: str, noise: Random, language: str = "en") -> str:
    """c := f_C(h, U_C): sample a template of setting h, with one or two slots `{}`; see `sample_entities`.

    Example:

    >>> sample_context("coast", Random(0))
    'Salt wind faded the old poster about {} .'
    """
    return noise.choice(_of_setting(_words(language)["templates"], setting))


def annotate(entities: Sequence[tuple[str, str]], wrong: float, noise: Random) -> list[tuple[str, str]]:
    """a := f_A(e, U_A): give each mention its type, or with probability `wrong` one of the other types.

    Example:

    >>> annotate([("Heidi", "PERSON")], 0.0, Random(0)), annotate([("Heidi", "PERSON")], 1.0, Random(0))
    ([('Heidi', 'PERSON')], [('Heidi', 'ORG')])
    """
    return [
        (form, noise.choice([other for other in TYPES if other != label]) if noise.random() < wrong else label)
        for form, label in entities
    ]


def compose(entities: Sequence[tuple[str, str]], context: str, language: str = "en") -> tuple[list[str], list[str]]:
    """x := f_X(a, c): fill the slots with the mentions, in order, and tag them in IOB2. Extra mentions are dropped.

    Example:

    >>> compose([("Heidi", "PERSON")], "News of {} reached the pier .")
    (['News', 'of', 'Heidi', 'reached', 'the', 'pier', '.'], ['O', 'O', 'B-PERSON', 'O', 'O', 'O', 'O'])
    """
    _words(language)  # checks the language
    head, *tails = context.split("{}")
    if len(tails) > len(entities):
        raise CfgenError(f"{len(tails)} slots for {len(entities)} mentions: give a mention for each slot")
    tokens = _tokenize(head, language)
    tags = ["O"] * len(tokens)
    for (form, label), tail in zip(entities, tails):
        words, after = _tokenize(form, language), _tokenize(tail, language)
        tokens += words + after
        tags += [f"B-{label}"] + [f"I-{label}"] * (len(words) - 1) + ["O"] * len(after)
    return tokens, tags


def demo_corpus(language: str = "en", seed: int = 0) -> dict[str, list[Row]]:
    """Generate the demo corpus: 200 training, 60 validation, and 200 test sentences without duplicates.

    The types are PERSON, PLACE, and ORG. The same language and seed give the same rows on every machine.

    Args:
        language (`str`, *optional*, defaults to `"en"`): `"en"` (tokens are words) or `"zh"` (tokens are characters).
        seed (`int`, *optional*, defaults to 0): Seed of all exogenous variables.

    Returns:
        `dict[str, list[Row]]`: The rows of `"train"`, `"validation"` and `"test"`, each with `id`,
        `tokens`, `ner_tags` (IOB2), `entity_setting` (g) and `context_setting` (h).

    Raises:
        CfgenError: The language is unknown.

    Example:

    >>> row = demo_corpus("en")["train"][0]
    >>> " ".join(row["tokens"])
    'The mayor thanked Konrad and Ursina in her speech .'
    >>> row["entity_setting"], row["context_setting"]
    ('mountain', 'city')
    """
    corpus: dict[str, list[Row]] = {}
    seen: set[tuple[str, ...]] = set()
    for split, size in reversed(SPLIT_SIZES.items()):  # test first: leaving out its sentences would correlate g and h
        # one random stream per exogenous variable keeps them independent
        u_g, u_e, u_h, u_c, u_a = (Random(f"{language}/{seed}/{split}/{name}") for name in "GEHCA")
        rows: list[Row] = []
        while len(rows) < size:
            g = sample_confounder(u_g)
            entities = sample_entities(g, u_e, language)
            h = sample_context_setting(g, INDEPENDENT[split], u_h)
            annotated = annotate(entities, WRONG[split], u_a)
            tokens, tags = compose(annotated, sample_context(h, u_c, language), language)
            if tuple(tokens) in seen:
                continue
            seen.add(tuple(tokens))
            id_ = f"{split}-{len(rows)}"
            rows.append(Row(id=id_, tokens=tokens, ner_tags=tags, entity_setting=g, context_setting=h))
        corpus[split] = rows
    return {split: corpus[split] for split in SPLIT_SIZES}
