"""One script a package that swaps mentions, run apart by `benchmarks.alternatives`, each in an environment of its own.

They import the standard library, the package and `exchange`, nothing else.
"""
