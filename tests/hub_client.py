"""What a user does with the Hub, in a separate process: reads calls as JSON, writes their outcomes as JSON.

Run python -m tests.hub_client with HF_ENDPOINT set to a server. huggingface_hub and datasets are not patched.
"""

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

from datasets import DatasetDict, get_dataset_config_names, load_dataset
from huggingface_hub import DatasetCard, HfApi, ModelCard, hf_hub_download

import hf_cfgen.hub.push
from hf_cfgen import CfgenError, push_dataset, push_model

waits: list[float] = []


def push_data(**options: Any) -> dict[str, Any]:
    return _tried(push_dataset, **options)


def push_tagger(**options: Any) -> dict[str, Any]:
    return _tried(push_model, **options)


def _tried(push: Any, **options: Any) -> dict[str, Any]:
    waits.clear()
    try:
        pushed = push(**options)
        return {"url": pushed.url, "commit": pushed.commit, "error": None, "waits": [*waits]}
    except CfgenError as error:
        return {"error": str(error), "waits": [*waits]}


def load(repo_id: str, save: str | None = None) -> dict[str, Any]:
    """The rows of every config and split by number, or the name of the error; the rows go to `save`."""
    try:
        configs = {name: load_dataset(repo_id, name) for name in get_dataset_config_names(repo_id)}
    except Exception as error:
        return {"error": type(error).__name__}
    if save is not None:
        for name, splits in configs.items():
            assert isinstance(splits, DatasetDict)
            splits.save_to_disk(f"{save}/{name}")
    return {name: {split: len(rows) for split, rows in splits.items()} for name, splits in configs.items()}


def stream(repo_id: str) -> list[str]:
    return [row["id"] for row in load_dataset(repo_id, split="train", streaming=True)]


def sizes(repo_id: str, names: list[str]) -> dict[str, int]:
    infos = HfApi().get_paths_info(repo_id, names, repo_type="dataset")
    return {info.path: info.size for info in infos}


def download(repo_id: str, repo_type: str, names: list[str]) -> list[str]:
    return [hf_hub_download(repo_id, name, repo_type=repo_type) for name in names]


def validate(repo_id: str, repo_type: str) -> str:
    card = (ModelCard if repo_type == "model" else DatasetCard).load(repo_id)
    card.validate(repo_type=repo_type)
    return card.content


def run_snippet(repo_id: str, repo_type: str, text: str = "") -> dict[str, Any]:
    """What the first Python block of a card defines: the numbers of rows, or the mentions that a pipeline finds."""
    content = (ModelCard if repo_type == "model" else DatasetCard).load(repo_id).content
    names: dict[str, Any] = {}
    exec(content.partition("```python\n")[2].partition("```")[0], names)
    rows = {name: value.num_rows for name, value in names.items() if hasattr(value, "num_rows")}
    return rows or {"mentions": [(found["entity_group"], found["word"]) for found in names["tagger"](text)]}


def predict(repo_id: str, tokens: list[str]) -> list[str]:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    import hf_cfgen.modeling  # noqa: F401

    model = AutoModelForTokenClassification.from_pretrained(repo_id)
    encoded = AutoTokenizer.from_pretrained(repo_id)(tokens, is_split_into_words=True, return_tensors="pt")
    return [model.config.id2label[int(label)] for label in model(**encoded).logits[0].argmax(-1)]


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)  # on standard error, where no secret may be
    hf_cfgen.hub.push.time = SimpleNamespace(sleep=waits.append)
    calls = json.load(sys.stdin)
    outcomes = [globals()[name](**arguments) for name, arguments in calls]
    print(json.dumps(outcomes))
