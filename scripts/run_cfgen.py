"""Train a tagger, generate counterfactual examples with it, train again, score and explain both.

The same as `hf-cfgen run`; start it with `accelerate launch scripts/run_cfgen.py ...` for several processes.
"""

import sys

from hf_cfgen.cli.main import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
