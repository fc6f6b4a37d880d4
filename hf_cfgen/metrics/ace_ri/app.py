"""The Space of ace_ri."""

from pathlib import Path

from hf_cfgen.metrics.widget import widget

EXAMPLE = {
    "predictions": [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "O", "O"]],
    "references": [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "O", "O"]],
    "do_context": [["B-PER", "I-PER", "O", "O"], ["O", "B-LOC", "O", "O"]],
    "do_entity": [["O", "O", "O", "B-LOC"], ["O", "O", "O", "O"]],
}

if __name__ == "__main__":
    widget(Path(__file__).with_name("ace_ri.py"), EXAMPLE).launch()
