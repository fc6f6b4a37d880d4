"""The Space of hf_cfgen: what `hf-cfgen app` serves."""

if __name__ == "__main__":
    from hf_cfgen.app.page import AppArguments, serve

    serve(AppArguments())
