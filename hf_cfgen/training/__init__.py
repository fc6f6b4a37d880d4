"""How a tagger is trained: configuration, Trainer, context dropout."""
