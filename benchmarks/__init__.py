"""Benchmarks of hf_cfgen against other packages. They are not part of the package."""
