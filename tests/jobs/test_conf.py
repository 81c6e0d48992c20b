"""The files in conf/: they load, and `local.yaml` shows every key once with its default."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from jobs.pipeline import Settings
from jobs.runtime.settings import load
from tests.conftest import ROOT
from udfs.text.recipes import read

LOCAL = ROOT / "conf/local.yaml"


def keys_of(section: BaseModel, path: str = "") -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        yield path + name
        if isinstance(value, BaseModel):
            yield from keys_of(value, f"{path}{name}.")


def keys_in(found: Any, path: str = "") -> Iterator[str]:
    for name, value in found.items():
        yield path + name
        if isinstance(value, dict) and path + name not in ("screen.rules", "spark.conf"):
            yield from keys_in(value, f"{path}{name}.")


def test_local_yaml_shows_every_key_once() -> None:
    assert sorted(keys_in(yaml.safe_load(LOCAL.read_text()))) == sorted(keys_of(Settings()))


def test_local_yaml_shows_the_defaults() -> None:
    assert load(Settings, [LOCAL]) == Settings()


def test_a_recipe_named_over_local_yaml_takes_the_place_of_its_own() -> None:
    found = load(Settings, [LOCAL], ["screen.recipe=gopher", "screen.rules.gopher_short_doc.at_least=100"]).screen.rules
    assert list(found) == list(read("gopher").steps)
    assert found["gopher_short_doc"].at_least == 100


def test_every_line_of_local_yaml_that_sets_something_says_what_it_means() -> None:
    for line in LOCAL.read_text().splitlines():
        if ":" in line and not line.strip().startswith("#") and line.strip() != "rules:":
            assert "  # " in line, line


@pytest.mark.parametrize(
    "path", sorted(set(ROOT.glob("conf/**/*.yaml")) - set(ROOT.glob("conf/recipes/*"))), ids=lambda path: path.name
)
def test_every_file_of_settings_loads(path: Any) -> None:
    assert load(Settings, [path])
