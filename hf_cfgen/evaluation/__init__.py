"""Scores, diagnosis and stored results of taggers."""
