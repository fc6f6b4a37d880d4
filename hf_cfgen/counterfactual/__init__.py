"""Counterfactual examples: entity sets, entity interventions, discrimination, mixing, and baselines."""
