"""Takes the pictures of docs/ from pages of the demo: `python -m tests.take_pictures lake`, after `make demo`.

Not a test module. The beginnings of both pages, wide and narrow, light and dark.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import CHROMIUM, LOOKS
from tests.conftest import ROOT

HEIGHT = 1500


def main(lake: Path) -> None:
    """Write docs/<page>-<width>-<scheme>.png of the lake's two pages."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for name in ("report", "explained"):
            for width, scheme in LOOKS:
                window = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
                window.goto((lake / f"{name}.html").absolute().as_uri())
                window.screenshot(path=ROOT / f"docs/{name}-{width}-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
