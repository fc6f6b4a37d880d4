"""The folder in which the blocks of a page are run: a copy of the checkout, and small files of the pages' names."""

import json
import random
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict
from transformers import BertModel

from hf_cfgen import load_ner_dataset, tags_to_spans
from hf_cfgen.cli.main import main
from hf_cfgen.data.columns import tag_column

from .samples import json_lines
from .taggers import tiny_bert, wordpiece_tokenizer

REPOSITORY = Path(__file__).resolve().parents[1]
COPIED = (
    "setup.py",
    "constraints.txt",
    "Makefile",
    "README.md",
    "LICENSE",
    "hf_cfgen",
    "scripts",
    "experiments",
    "docs",
)
TRAIN, OTHERS = 80, 60


def make_folder(folder: Path) -> None:
    """Fill a folder, but for the runs that a page makes itself."""
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    # make finds the environment of the tests done
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".venv.stamp").touch()

    demo = load_ner_dataset("demo:en", num_train_examples=TRAIN)
    demo = DatasetDict({split: rows.select(range(min(len(rows), OTHERS + 20))) for split, rows in demo.items()})
    data = folder / "path" / "to" / "data"
    data.mkdir(parents=True)
    for split, rows in demo.items():
        (data / f"{split}.jsonl").write_text(json_lines(*_records(rows)), encoding="utf-8")
    tasks = [_task(number, **record) for number, record in enumerate(_records(demo["train"]))]
    (folder / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    sentences = load_ner_dataset("demo:en")["train"]["tokens"][TRAIN : TRAIN + 40]
    (folder / "path" / "to" / "sentences.txt").write_text("\n".join(map(" ".join, sentences)), encoding="utf-8")
    (folder / "source.bib").write_text(
        "@misc{source,\n  title = {Where the sentences come from}\n}\n", encoding="utf-8"
    )

    words = sorted({word for rows in demo.values() for tokens in rows["tokens"] for word in tokens})
    numbers = random.Random(0)
    vectors = [f"{word} {' '.join(f'{numbers.gauss(0, 1):.4f}' for _ in range(8))}" for word in words]
    vectors_file = folder / "path" / "to" / "vectors.vec"
    vectors_file.write_text("\n".join([f"{len(words)} 8", *vectors, ""]), encoding="utf-8")

    tokenizer = wordpiece_tokenizer(words)
    encoder = folder / "path" / "or" / "name" / "of" / "a" / "pretrained" / "transformer"
    tagger = folder / "path" / "or" / "name" / "of" / "a" / "model"
    # of a model trained on news, with types of other names than those of the data
    bert = tiny_bert(
        len(tokenizer), ["O", *(f"{prefix}-{label}" for label in ("PER", "LOC", "ORG", "MISC") for prefix in "BI")]
    )
    bert.save_pretrained(tagger)
    BertModel(bert.config, add_pooling_layer=False).save_pretrained(encoder)
    for path in (tagger, encoder):
        tokenizer.save_pretrained(path)

    _corpora(folder / "path" / "to")


def make_run(folder: Path) -> None:
    """A finished run, of a few steps, on the data of the folder."""
    options = {"dataset": folder / "path/to/data", "output_dir": folder / "runs/mine", "max_steps": 60}
    options |= {"learning_rate": 2e-2, "hidden_size": 32, "control": True, "use_cpu": True, "disable_tqdm": True}
    main(["run", *(part for name, value in options.items() for part in (f"--{name}", str(value)))])


def _records(rows: Dataset) -> Iterable[dict[str, Any]]:
    return [{"tokens": tokens, "ner_tags": tags} for tokens, tags in zip(rows["tokens"], tag_column(rows))]


def _task(number: int, tokens: list[str], ner_tags: list[str]) -> dict[str, Any]:
    """A task of a Label Studio export."""
    starts = [sum(len(word) + 1 for word in tokens[:position]) for position in range(len(tokens))]
    text = " ".join(tokens)
    regions = []
    for start, end, label in tags_to_spans(ner_tags):
        begin, stop = starts[start], starts[end - 1] + len(tokens[end - 1])
        value = {"start": begin, "end": stop, "text": text[begin:stop], "labels": [label]}
        regions.append({"from_name": "ner", "to_name": "doc", "type": "labels", "value": value})
    return {"id": number, "data": {"text": text}, "annotations": [{"was_cancelled": False, "result": regions}]}


def _corpora(folder: Path) -> None:
    """Corpora as large as CLUENER (train and dev) and CNER, of short sentences."""
    for name, sizes in {"cluener": {"train": 10748, "dev": 1343}, "cner": {"train": 1000, "test": 650}}.items():
        (folder / name).mkdir()
        for split, size in sizes.items():
            texts = [f"{chr(0x4E00 + number // 100)}{chr(0x4E00 + number % 100)}在。" for number in range(size)]
            if name == "cluener":
                records = [{"text": text, "label": {"name": {text[:2]: [[0, 1]]}}} for text in texts]
            else:
                entity = {"label_type": "疾病和诊断", "start_pos": 0, "end_pos": 2}
                records = [{"originalText": text, "entities": [entity]} for text in texts]
            (folder / name / f"{split}.json").write_text(json_lines(*records), encoding="utf-8")
