"""The Space of hf_cfgen: what `hf-cfgen app` serves."""

import os

if __name__ == "__main__":
    # before huggingface_hub is imported: no visitor reads with the token of whom the Space belongs to
    os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

    from hf_cfgen.app.page import serve

    serve()
