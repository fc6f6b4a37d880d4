"""The `hf-cfgen run` command for several processes: `accelerate launch scripts/run_cfgen.py ...`."""

import sys

from hf_cfgen.cli.main import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
