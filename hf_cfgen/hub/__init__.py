"""Dataset and model cards, and pushing a run to the Hugging Face Hub."""
