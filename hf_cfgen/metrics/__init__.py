"""The metrics as `evaluate` modules, one per folder; each folder can be pushed to the Hub as a Space."""
