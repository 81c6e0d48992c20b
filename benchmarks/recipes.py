"""What each shipped recipe keeps of texts that people called good and bad, and of unfiltered and refined web text.

    python benchmarks/recipes.py [--json FILE]

The judged texts are `../shared/data/quality_human` (386 texts of Common Crawl, judged as pretraining data); the others
are `web_text`, by where they come from. A recipe that separates keeps more of the good than of the bad. Recipes without
limits (they only measure) are left out. It is no benchmark of speed; `ours` is the share of good texts that is kept,
`peer` that of bad ones.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import pyarrow as pa  # noqa: E402 - after the path
import pyarrow.parquet as pq  # noqa: E402

from udfs.text.recipes import names, read  # noqa: E402
from udfs.text.rules import Rule  # noqa: E402
from udfs.text.screener import Screener  # noqa: E402
from udfs.text.screening import ScreenSettings  # noqa: E402

DATA = ROOT.parent / "shared/data"
# The refined sets of web_text, by the beginning of `source`; all others are as crawled.
REFINED = ("dolma-cc-en-head", "dpk-gneissweb", "dpk-extreme", "data-juicer", "fineweb")
LISTS = DATA / "dclm/banlists"


def shares_kept(settings: ScreenSettings, groups: Sequence[Sequence[str]]) -> list[float]:
    """The share of each group of texts that the recipe keeps."""
    screener = Screener(settings)
    found = []
    for texts in groups:
        keep = screener.columns(pa.array(texts, pa.large_string()), [""] * len(texts))["keep"].to_pylist()
        found.append(sum(keep) / len(keep))
    return found


def groups_of_texts() -> dict[str, list[str]]:
    """Texts by group: good, bad, as crawled, refined."""
    judged = pq.read_table(DATA / "quality_human/dclm_judgements.parquet").to_pylist()
    web = [row for file in sorted((DATA / "web_text").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    refined = [str(row["source"]).startswith(REFINED) for row in web]
    return {
        "good": [row["text"] for row in judged if row["label"] == 1],
        "bad": [row["text"] for row in judged if row["label"] == 0],
        "as crawled": [row["text"] for row, is_refined in zip(web, refined, strict=True) if not is_refined],
        "refined": [row["text"] for row, is_refined in zip(web, refined, strict=True) if is_refined],
    }


def has_limits(rule: Rule) -> bool:
    """Whether a rule can reject."""
    return any(abs(limit) != inf for limit in (rule.at_least, rule.above, rule.at_most, rule.below))


def settings_of_recipes() -> dict[str, ScreenSettings]:
    """Every shipped recipe that can reject."""
    found = {}
    for name in names():
        # The texts have no URL, so the rules about it, whose lists are not public, are left out.
        steps = {step: one for step, one in read(name).steps.items() if not step.startswith("url_substring_filter")}
        settings = ScreenSettings.model_validate({"rules": steps, "lists": str(LISTS)})
        if any(isinstance(step, Rule) and has_limits(step) for step in settings.rules.values()):
            found[name] = settings
    return found


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="changes nothing: it takes seconds")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    options = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"found no {DATA}, expected the folder of real texts; it is not part of the repository.")
    groups = groups_of_texts()
    rows: list[dict[str, Any]] = []
    print("share kept of     " + "".join(f"{f'{name} ({len(texts)})':>18}" for name, texts in groups.items()))
    for name, settings in settings_of_recipes().items():
        shares = shares_kept(settings, list(groups.values()))
        print(f"{name:<18}" + "".join(f"{share:>18.0%}" for share in shares))
        good, bad = shares[:2]
        ratio = round(good / bad, 3) if bad else None
        rows.append(
            {"name": name, "unit": "share kept", "ours": good, "peer": bad, "peer_name": "bad texts", "ratio": ratio}
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
