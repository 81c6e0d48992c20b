"""The base of every settings class: a frozen, strict value whose unknown keys are errors.

A settings class stands beside the code that uses it. Reading YAML and `--set` is the driver's business
(`jobs/runtime/settings.py`).
"""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A group of settings. Strict: `"50"` is no integer, and a key nobody declared is refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
