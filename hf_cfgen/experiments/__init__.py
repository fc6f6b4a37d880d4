"""Grids of experiments: data sets x models x sizes x recipes x seeds, and the report on their results."""
