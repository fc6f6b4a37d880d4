"""augmenty as in `augmenty.py`, but equal mentions of a row may get different forms."""

from functools import partial
from importlib.metadata import version

from benchmarks.peers.augmenty import prepare
from benchmarks.peers.exchange import run

if __name__ == "__main__":
    run(version("augmenty"), partial(prepare, replace_consistency=False))
