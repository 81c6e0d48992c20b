"""The files in conf/: they load, and `local.yaml` shows every key once with its default."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from jobs.pipeline import Settings
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.settings import load
from jobs.screen import assets_of
from tests.conftest import ROOT
from udfs.text.recipes import read
from udfs.text.screening import ScreenSettings

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


def test_lists_and_language_models_are_part_of_what_screening_depends_on(tmp_path: Path) -> None:
    entries, model = tmp_path / "hosts.txt", tmp_path / "lid.bin"
    entries.write_text("example.com\n")
    model.write_bytes(b"one")
    rules = {"blocked": {"measure": "listed_domain", "arguments": {"file": str(entries)}, "below": 1}}
    settings = ScreenSettings.model_validate({"rules": rules, "language": {"model": str(model)}})
    before = assets_of(settings)
    assert set(before) == {str(entries), str(model)}
    model.write_bytes(b"two")
    assert {name for name, digest in assets_of(settings).items() if digest != before[name]} == {str(model)}
    assert assets_of(ScreenSettings()) == {}
    model.unlink()
    with pytest.raises(CorpusmillError, match=r"lid\.bin"):
        assets_of(settings)
