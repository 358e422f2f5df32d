"""The report's optional packages, imported when first needed, with a clear message where one is missing."""

import importlib
from types import ModuleType

from ntk_theory.errors import MissingExtraError

PACKAGES = {"matplotlib": "matplotlib", "rich": "rich", "sklearn": "scikit-learn"}


def need(module: str) -> ModuleType:
    """Import `module`. Raises `MissingExtraError` naming the extra that brings its package."""
    package = PACKAGES[module.partition(".")[0]]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"The report needs {package}, which is not installed ({error}). "
            "Install the extra: pip install 'ntk_theory[report]'."
        ) from error
