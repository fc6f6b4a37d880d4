"""Measure the seconds of `import hf_cfgen` and `hf-cfgen --help` in new processes, compared with Python's own start.

python -m benchmarks.startup [--rounds 9] [--output FILE]
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.timing import environment, in_turn, write_result

COMMANDS = {
    "python": ["-c", "pass"],
    "import hf_cfgen": ["-c", "import hf_cfgen"],
    "hf-cfgen --help": ["-m", "hf_cfgen.cli.main", "--help"],
    "import transformers": ["-c", "import transformers"],
    "import datasets": ["-c", "import datasets"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    runs = {
        name: lambda command=command: subprocess.run([sys.executable, *command], check=True, capture_output=True)
        for name, command in COMMANDS.items()
    }
    seconds, _ = in_turn(runs, arguments.rounds)
    for name, value in seconds.items():
        print(f"{name:24}{value:8.3f} s")
    write_result(arguments.output, {"rounds": arguments.rounds, "seconds": seconds, "environment": environment()})


if __name__ == "__main__":
    main()
