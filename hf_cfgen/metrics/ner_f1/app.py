"""The Space of ner_f1."""

from pathlib import Path

from hf_cfgen.metrics.widget import widget

EXAMPLE = {
    "predictions": [["B-PER", "O", "O", "B-LOC"]],
    "references": [["B-PER", "I-PER", "O", "B-LOC"]],
}

if __name__ == "__main__":
    widget(Path(__file__).with_name("ner_f1.py"), EXAMPLE).launch()
