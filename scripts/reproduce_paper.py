"""Do the experiments of a grid, as many as have no result yet: those of the paper where no grid is named.

The same as `hf-cfgen reproduce`: python scripts/reproduce_paper.py --data_dir path/to/data --output_dir runs/paper
"""

import sys
from pathlib import Path

from hf_cfgen.cli.main import main

GRID = Path(__file__).resolve().parents[1] / "experiments" / "paper.yaml"

if __name__ == "__main__":
    named = len(sys.argv) > 1 and not sys.argv[1].startswith("-")
    main(["reproduce", *([] if named else [str(GRID)]), *sys.argv[1:]])
