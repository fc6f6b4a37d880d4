"""Train taggers: configuration, Trainer, and context dropout."""
