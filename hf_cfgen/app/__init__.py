"""A page to try it: counterfactual examples of sentences that are pasted in, and what a tagger reads."""

import os

# before torch is imported: with more threads than idle cores small LSTMs are many times slower
os.environ.setdefault("OMP_NUM_THREADS", "1")
