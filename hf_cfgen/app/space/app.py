"""The Space of hf_cfgen, which serves the page of `hf-cfgen app`."""

import os

if __name__ == "__main__":
    # set before huggingface_hub is imported, so that visitors do not read with the token of the Space's owner
    os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

    from hf_cfgen.app.page import serve

    serve()
