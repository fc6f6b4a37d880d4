"""The report on experiments, made of the result files of `hf-cfgen reproduce`."""
