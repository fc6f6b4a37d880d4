"""One script a package that swaps mentions, run apart by `benchmarks.alternatives` and `benchmarks.generation`.

Each runs in an environment of its own. They import the standard library, the package, datasets and `exchange`, nothing
else.
"""
