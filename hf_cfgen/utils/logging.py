"""Control what libraries print while a command runs."""

import sys

from datasets import disable_progress_bars
from datasets.utils.logging import CRITICAL, set_verbosity
from huggingface_hub.utils import disable_progress_bars as disable_hub_progress_bars
from transformers.utils import logging


def silence_libraries() -> None:
    """Silence errors that a command reports itself, and progress bars if standard error is not a terminal."""
    set_verbosity(CRITICAL)  # datasets also raises the errors that it logs
    if not sys.stderr.isatty():
        disable_progress_bars()
        disable_hub_progress_bars()
        logging.disable_progress_bar()
