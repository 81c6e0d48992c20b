"""The judge page in a real browser: keys, buttons, what is announced, hostile text, life without a script."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser import LOOKS, Open
from tests.jobs.judged_documents import drawn
from tests.jobs.test_explained_page import HOSTILE
from tests.jobs.test_judging_server import Client

LONG = "x" * 100_000
DOCUMENTS = (
    drawn(0, "The river was high that day.\n\nSo they waited."),
    drawn(1, f"{HOSTILE}\n{LONG}\nשלום, a line\x00", url=HOSTILE, title=HOSTILE, chars=1_000_000),
    drawn(2, "line\n" * 300, side="drop"),
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with ExitStack() as stack:
        yield Client(tmp_path, stack, DOCUMENTS)


def said(page: Any) -> str:
    return str(page.locator("#said").inner_text())


def wait_for(page: Any, heading: str) -> None:
    page.get_by_role("heading", name=heading).wait_for()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_can_be_read_and_asks_nobody_else(client: Client, open_page: Open, width: int, scheme: str) -> None:
    opened = open_page(client.address, width, scheme)
    for number, key in enumerate("kdsf", 1):
        assert opened.unreadable() == []
        assert opened.overflow() <= 0
        bottom = opened.page.locator("form").bounding_box()
        assert bottom["y"] + bottom["height"] <= 900, "the buttons are in sight, however long the text"
        opened.page.keyboard.press(key)
        wait_for(
            opened.page, f"Document {number + 1} of 3" if number < 3 else "All documents" if number == 3 else "Done"
        )
    assert opened.unreadable() == []
    assert opened.errors == []
    assert opened.requests == []


def test_keys_judge_and_say_so(client: Client, open_page: Open) -> None:
    page = open_page(client.address).page
    page.keyboard.press("k")
    wait_for(page, "Document 2 of 3")
    assert said(page) == "Kept."
    assert page.evaluate("document.activeElement.tagName") == "H1", "where a screen reader goes on"
    assert "Document 2" in page.title()
    page.keyboard.press("Shift+D")
    wait_for(page, "Document 3 of 3")
    assert said(page) == "Dropped."
    page.keyboard.press("u")
    wait_for(page, "Document 2 of 3")
    assert said(page) == "Taken back."
    page.keyboard.press("s")
    wait_for(page, "Document 3 of 3")
    assert client.stored == [(0, "keep"), (1, "skip")]
    page.evaluate("scrollTo(0, 500)")
    page.keyboard.press("u")
    wait_for(page, "Document 2 of 3")
    assert page.evaluate("scrollY") == 0, "a document is read from its beginning"


def test_keys_that_are_held_or_belong_to_the_browser_do_nothing(client: Client, open_page: Open) -> None:
    page = open_page(client.address).page
    for chord in ("Control+d", "Alt+k", "Meta+s", "x", "Enter"):
        page.keyboard.press(chord)
    page.wait_for_timeout(200)
    assert client.stored == []
    page.keyboard.down("k")
    wait_for(page, "Document 2 of 3")
    for _ in range(3):
        page.keyboard.down("k")  # still held: these are repeats
        page.wait_for_timeout(150)
    assert client.stored == [(0, "keep")]


def test_keys_can_be_switched_off(client: Client, open_page: Open) -> None:
    """WCAG 2.2, 2.1.4: shortcuts of one character can be turned off."""
    page = open_page(client.address).page
    switch = page.locator("#keys")
    assert switch.get_attribute("aria-pressed") == "true"
    switch.click()
    page.keyboard.press("k")
    page.wait_for_timeout(200)
    assert client.stored == []
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    page.keyboard.press("k")
    wait_for(page, "Document 2 of 3")


def test_all_can_be_done_by_tab_and_by_click(client: Client, open_page: Open) -> None:
    opened = open_page(client.address)
    words = [told.split()[-1] for told in opened.focused(5)]
    assert words == ["K", "D", "S", "F", "Keys"], "there is nothing to undo yet"
    ring = "getComputedStyle(document.activeElement).outline"
    assert "solid 3px" in opened.page.evaluate(ring)
    opened.page.get_by_role("button", name="Drop").focus()
    opened.page.keyboard.press("Enter")
    wait_for(opened.page, "Document 2 of 3")
    opened.page.get_by_role("button", name="Keep").click()
    wait_for(opened.page, "Document 3 of 3")
    opened.page.get_by_role("button", name="Undo").click()
    wait_for(opened.page, "Document 2 of 3")
    assert client.stored == [(0, "drop")]


def test_hostile_text_is_text(client: Client, open_page: Open) -> None:
    opened = open_page(client.address)
    opened.page.keyboard.press("k")
    wait_for(opened.page, "Document 2 of 3")
    lines = opened.page.locator(".line")
    assert "</title></style></script><script>alert(1)</script>" in lines.first.inner_text()
    assert lines.evaluate_all("all => all.every(one => getComputedStyle(one).unicodeBidi === 'isolate')")
    assert lines.nth(1).inner_text() == "x" * 4_000
    assert opened.page.locator(".more").all_inner_texts() == [
        "96,000 more characters of this line are not shown.",
        f"The last {1_000_000 - len(DOCUMENTS[1].text):,} of 1,000,000 characters are not shown.",
    ]
    assert opened.page.evaluate("document.querySelectorAll('main script, img, iframe, main style').length") == 0
    opened.page.wait_for_timeout(300)
    assert opened.errors == []
    assert opened.requests == []


def test_scripts_and_images_of_others_would_be_refused(client: Client, open_page: Open) -> None:
    """What the policy is for, should a text ever become markup."""
    opened = open_page(client.address)
    failures: list[str] = []
    opened.page.on("requestfailed", lambda request: failures.append(request.failure))
    opened.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', "
        "'<img src=http://evil.test/x onerror=alert(1)><form action=http://evil.test/><button id=out></form>')"
    )
    opened.page.wait_for_timeout(300)
    assert any("Content Security Policy" in error for error in opened.errors)
    assert failures == ["csp"], "the browser itself refused, and asked nobody"
    opened.page.locator("#out").evaluate("button => button.form.submit()")
    opened.page.wait_for_timeout(300)
    assert opened.page.url == client.address
    assert opened.requests == ["http://evil.test/x"], "noted when it was refused; of the form there is none"
    assert not any(error.startswith("dialog") for error in opened.errors)


def test_it_works_without_a_script(client: Client, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(client.address)
    assert page.locator("#keys").is_hidden()
    page.get_by_role("button", name="Drop").click()
    wait_for(page, "Document 2 of 3")
    page.reload()
    page.get_by_role("button", name="Keep").click()
    wait_for(page, "Document 3 of 3")
    page.get_by_role("button", name="Finish").click()
    wait_for(page, "Done")
    context.close()
    assert client.stored == [(0, "drop"), (1, "keep")]
    assert client.sitting.finished.is_set()


def test_a_server_that_is_gone_or_cannot_store_is_said(
    tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with ExitStack() as stack:
        client = Client(tmp_path, stack, DOCUMENTS)
        page = open_page(client.address).page
        with monkeypatch.context() as patched:
            patched.setattr(client.journal, "note", full)
            page.keyboard.press("k")
            page.locator("#said.wrong").wait_for()
        assert said(page) == "Not stored: the journal cannot be written (No space left on device)."
        page.keyboard.press("k")
        wait_for(page, "Document 2 of 3")
        assert page.locator("#said.wrong").count() == 0
    page.keyboard.press("k")
    page.locator("#said.wrong").wait_for()
    assert said(page) == "Not stored: nobody answers. Is corpusmill judge still running?"
    wait_for(page, "Document 2 of 3")
