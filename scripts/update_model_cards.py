"""Write model_cards/ from what real runs recorded, by the template that push_model uses.

python scripts/update_model_cards.py

A run's results.json and the config.json of its taggers are kept in model_cards/recorded.
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.cards import model_card  # noqa: E402

FOLDER = REPOSITORY / "model_cards"
CCKS = "CCKS 2019, shared task 1: clinical named entity recognition in Chinese records."
WNUT = (
    "Derczynski, Nichols, van Erp, Limsopatham: Results of the WNUT2017 Shared Task on Novel and Emerging Entity "
    "Recognition. W-NUT 2017."
)
# of each card its run, its tagger, and what a run does not know of its data
CARDS = {
    "lstm_tagger": ("cner-lstm", "Aug", "zh", CCKS),
    "bert_tagger": ("wnut17-bert", "Aug", "en", WNUT),
    "discriminator": ("cner-lstm", "NoAug", "zh", CCKS),
}


def page(name: str) -> str:
    """A card, made anew."""
    run, tagger, language, citation = CARDS[name]
    repo_id = f"cfgen/{name.replace('_', '-')}"
    return f"{model_card(FOLDER / 'recorded' / run, tagger, repo_id, language=[language], citation=citation)}\n"


if __name__ == "__main__":
    for name in CARDS:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")
