"""augmenty as in the script beside this one, but a text may get another form each time that it occurs in a row."""

from functools import partial
from importlib.metadata import version

from benchmarks.peers.augmenty import prepare
from benchmarks.peers.exchange import run

if __name__ == "__main__":
    run(version("augmenty"), partial(prepare, replace_consistency=False))
