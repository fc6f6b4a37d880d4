"""A page to try it: counterfactual examples of sentences that are pasted in, and what a tagger reads."""
