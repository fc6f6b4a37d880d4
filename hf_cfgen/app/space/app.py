"""The Space of hf_cfgen: what `hf-cfgen app` serves."""

import os

# nobody who visits reads with the token of whom the Space belongs to
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

if __name__ == "__main__":
    from hf_cfgen.app.page import AppArguments, serve

    serve(AppArguments())
