"""Interventions on the input of a tagger, do(e0) and do(c0), and their average causal effects."""
