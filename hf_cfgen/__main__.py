"""`python -m hf_cfgen` is the `hf-cfgen` command."""

from .cli.main import main

main()
