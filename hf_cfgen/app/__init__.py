"""The Gradio page of `hf-cfgen app`: make counterfactual examples, and diagnose a tagger."""

import os

# set before torch is imported: small LSTMs are many times slower if there are more threads than idle cores
os.environ.setdefault("OMP_NUM_THREADS", "1")
