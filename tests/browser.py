"""A real browser for tests of pages: Debian's Chromium without a window, driven by Playwright.

`make browser` installs it. Where it is missing the tests that want it are skipped with the reason. A page is opened
with every request noted; those to anything but the page itself (or the server of the test) are refused.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CHROMIUM = Path("/usr/bin/chromium")
LOOKS = [(width, scheme) for width in (1280, 400) for scheme in ("light", "dark")]  # what every page is looked at in

# Text that cannot be read, by WCAG 2.2 (1.4.3): the colour of each element with text of its own against the grounds
# behind it, mixed by their opacity. What is in a picture stands on the page's ground.
_UNREADABLE = """() => {
  const parse = color => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const luminance = rgb => rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = node => {
    if (!node) return parse(getComputedStyle(document.body).backgroundColor).slice(0, 3);
    const color = parse(getComputedStyle(node).backgroundColor);
    return color[3] === 1 ? color.slice(0, 3) : over(color, ground(node.parentElement));
  };
  const found = [];
  for (const node of document.body.querySelectorAll('*')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    const box = node.getBoundingClientRect();
    if (!own || !box.width || node.closest('title') || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const behind = ground(node.closest('svg') ? null : node);
    const color = over(parse(node.closest('svg') ? style.fill : style.color), behind);
    const [dark, light] = [luminance(color), luminance(behind)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${node.tagName} ${node.textContent.slice(0, 60)}`);
  }
  return found;
}"""


class Opened(NamedTuple):
    """A page in the browser (a Playwright page), and what it did."""

    page: Any
    requests: list[str]  # to anything but itself
    errors: list[str]  # of the console, of scripts, dialogs

    def unreadable(self) -> list[str]:
        """Texts whose contrast is too low."""
        return list(self.page.evaluate(_UNREADABLE))

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def focused(self, presses: int) -> list[str]:
        """What has the focus after each press of Tab: its tag, class and first words."""
        told = "(e => `${e.tagName} ${e.className} ${(e.textContent || '').slice(0, 40)}`)(document.activeElement)"
        found = []
        for _ in range(presses):
            self.page.keyboard.press("Tab")
            found.append(str(self.page.evaluate(told)))
        return found


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
    if not CHROMIUM.exists():
        pytest.skip(f"found no {CHROMIUM}: `make browser` installs it, or apt-get install chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    """Opens a file or an address: `open_page(target, width=1280, scheme="light")`; `origins` may be asked too."""
    contexts = []

    def open_(target: Path | str, width: int = 1280, scheme: str = "light", origins: Sequence[str] = ()) -> Opened:
        address = target.as_uri() if isinstance(target, Path) else target
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        opened = Opened(context.new_page(), [], [])
        _watch(context, opened, (address, *origins))
        opened.page.goto(address)
        return opened

    yield open_
    for context in contexts:
        context.close()


def _watch(context: Any, opened: Opened, allowed: tuple[str, ...]) -> None:
    """Notes what the page asks for and complains of; refuses what it should not ask for."""

    def decide(route: Any) -> None:
        if route.request.url.split("#")[0].startswith(allowed):
            route.continue_()
        else:
            route.abort()

    def note(request: Any) -> None:
        if not request.url.split("#")[0].startswith(allowed):
            opened.requests.append(request.url)

    def refuse(dialog: Any) -> None:
        opened.errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    context.route("**/*", decide)
    opened.page.on("request", note)
    opened.page.on("websocket", lambda socket: opened.requests.append(socket.url))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("dialog", refuse)
    opened.page.on(
        "console", lambda said: opened.errors.append(said.text) if said.type in {"error", "warning"} else None
    )
