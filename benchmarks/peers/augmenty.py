"""augmenty's ents_replace_v1 at level 1: replaces all mentions of a row by forms that the caller collects."""

import random
from importlib.metadata import version

import augmenty
import spacy
from spacy.tokens import Doc

from benchmarks.peers.exchange import Steps, run
from benchmarks.row_check import Row


def prepare(rows: list[Row], count: int, seed: int, replace_consistency: bool = True) -> Steps:
    pipeline = spacy.blank("xx")
    docs = [Doc(pipeline.vocab, words=row["tokens"], ents=row["ner_tags"]) for row in rows]

    def augment() -> list[Doc]:
        random.seed(seed)  # it has no seed and uses the global generator
        # a dictionary, not a set, for the same order in every process
        forms: dict[str, dict[tuple[str, ...], None]] = {}
        for doc in docs:
            for mention in doc.ents:
                forms.setdefault(mention.label_, {})[tuple(word.text for word in mention)] = None
        dictionary = {label: [list(form) for form in known] for label, known in forms.items()}
        augmenter = augmenty.load(
            "ents_replace_v1", level=1.0, ent_dict=dictionary, replace_consistency=replace_consistency
        )
        return list(augmenty.docs(docs, augmenter=augmenty.repeat(augmenter, n=count), nlp=pipeline))

    def as_rows(made: list[Doc]) -> list[Row]:
        return [Row(tokens=[word.text for word in doc], ner_tags=[_tag(word) for word in doc]) for doc in made]

    return augment, as_rows


def _tag(word: spacy.tokens.Token) -> str:
    return f"{word.ent_iob_}-{word.ent_type_}" if word.ent_type_ else str(word.ent_iob_)


if __name__ == "__main__":
    run(version("augmenty"), prepare)
