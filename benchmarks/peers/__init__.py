"""One script per package that replaces mentions, run by `benchmarks.alternatives` and `benchmarks.generation`.

Each script runs in a separate environment and imports only the standard library, the package, datasets and `exchange`.
"""
