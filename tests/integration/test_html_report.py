"""The HTML report in a real browser: opens at once, asks nobody for anything, runs nothing of a recording, works by keyboard.

Skipped where there is no Chromium. The page itself, as text, is tested in tests/results/html.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.results.html import html_report
from tests.results.html.test_page import exhibits, hostile
from tests.results.html.worlds import HOSTILE, large, samples_like, small
from tests.servers.browser import Browser, find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.browser import Page

pytestmark = pytest.mark.server

LIGHT = "light"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all pages."""
    program = find_chromium()
    if program is None:
        pytest.skip("chromium, a browser, is not installed: apt-get install chromium")
    with Browser(program, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small result, one of hostile texts, and the largest, each as a file."""
    folder = tmp_path_factory.mktemp("pages")
    evil = hostile(small(), list(HOSTILE))
    made = {
        "small": html_report(small(), samples_like(small()), exhibits("x")),
        "hostile": html_report(evil, samples_like(evil), exhibits("".join(HOSTILE))),
        "large": html_report(results := large(), samples_like(results), []),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


def names_of(browser: Browser, page: Page) -> list[str]:
    """The endpoints that are shown, in their order."""
    script = (
        "[...document.querySelectorAll('#table-endpoints > tbody')].filter(b => !b.hidden).map(b => b.dataset.name)"
    )
    names: list[str] = browser.ask(page, script)
    return names


def test_the_largest_report_opens_at_once(browser: Browser, pages: dict[str, Path]) -> None:
    """A run with 200 endpoints and 2,000 signatures is shown at once, says nothing and asks for nothing.

    It takes 0.3 s of a processor (measured); seconds of a clock are also others', who share the machine.
    """
    opened = [browser.open(pages["large"].as_uri()) for _ in range(3)]
    assert min(page.busy_s for page in opened) < 1, [page.busy_s for page in opened]
    assert [page.console for page in opened] == [[], [], []]
    assert {address for page in opened for address in page.requests} == {pages["large"].as_uri()}


def test_hostile_texts_do_nothing(browser: Browser, pages: dict[str, Path]) -> None:
    """Names and bodies that try to run, to load or to break out are shown, and that is all."""
    page = browser.open(pages["hostile"].as_uri())
    assert (page.console, page.requests) == ([], [pages["hostile"].as_uri()])
    assert (
        browser.ask(page, "document.querySelectorAll('img, iframe, object, embed, base, form, video, audio').length")
        == 0
    )
    assert browser.ask(page, "document.scripts.length") == 1
    assert browser.ask(
        page, "[...document.querySelectorAll('*')].every(e => ![...e.attributes].some(a => a.name.startsWith('on')))"
    )
    assert browser.ask(page, "document.body.innerText.includes('<img src=x onerror=alert(1)>')")


def test_the_policy_stops_what_is_not_ours(browser: Browser, pages: dict[str, Path]) -> None:
    """Even if markup came through, no script, style or picture of it would take effect."""
    page = browser.open(pages["small"].as_uri())
    script = """(() => {
      const add = (tag, set) => { const element = document.createElement(tag); set(element); document.body.append(element); };
      add("script", element => { element.textContent = "window.ran = 1"; });
      add("img", element => { element.src = "http://127.0.0.1:9/x.png"; });
      const div = document.createElement("div");
      div.setAttribute("style", "position: fixed");
      document.body.append(div);
      return [typeof window.ran, getComputedStyle(div).position];
    })()"""
    assert browser.ask(page, script) == ["undefined", "static"]
    browser.note(page)
    assert page.requests == [pages["small"].as_uri()]
    assert len(page.console) == 3, "each refusal is said"


def test_a_server_is_asked_once(browser: Browser, pages: dict[str, Path]) -> None:
    """Served as a build's artifact, the report is one request: no icon, no font, no script is fetched."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages["small"].read_bytes())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False  # a browser opens connections to spare
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            page = browser.open(f"http://127.0.0.1:{server.server_port}/report.html")
            browser.ask(page, "new Promise(done => setTimeout(done, 200))")
        finally:
            server.shutdown()
            thread.join()
    assert asked == ["/report.html"]
    assert page.console == []


def test_the_table_sorts_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    """Enter on a header sorts by it, again turns it round, and a reader is told which."""
    page = browser.open(pages["small"].as_uri())
    assert names_of(browser, page)[0] == "GET /search"
    browser.ask(page, "document.querySelectorAll('#table-endpoints thead button')[1].focus()")
    browser.press(page, "Enter", "\r")
    assert names_of(browser, page)[0] == "GET /items/{id}"
    browser.press(page, "Enter", "\r")
    assert names_of(browser, page)[0] == "GET /health"
    assert browser.ask(page, "document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    browser.ask(page, "document.querySelector('#table-endpoints thead button').click()")
    assert names_of(browser, page) == ["GET /health", "GET /items/{id}", "GET /search", "POST /carts/{id}/items"]


def test_all_can_be_reached_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    """Tab goes to the way past the navigation first, then on through links, fields, headers and what unfolds."""
    page = browser.open(pages["small"].as_uri())
    seen = []
    for _ in range(60):
        browser.press(page, "Tab")
        seen.append(browser.ask(page, "document.activeElement.tagName + '.' + document.activeElement.className"))
    assert seen[0] == "A.skip"
    assert {"A", "BUTTON", "INPUT", "SELECT", "SUMMARY", "CODE"} <= {name.partition(".")[0] for name in seen}


def test_endpoints_are_found(browser: Browser, pages: dict[str, Path]) -> None:
    """A text and a sort of trouble leave those that fit, and say how many these are."""
    page = browser.open(pages["small"].as_uri())
    type_in = "() => {{ const f = document.getElementById('{}'); f.value = '{}'; f.dispatchEvent(new Event('{}')); }}"
    browser.ask(page, f"({type_in.format('find-endpoints', 'CART', 'input')})()")
    assert names_of(browser, page) == ["POST /carts/{id}/items"]
    assert browser.ask(page, "document.getElementById('found-endpoints').textContent") == "1 of 4"
    browser.ask(page, f"({type_in.format('find-endpoints', '', 'input')})()")
    browser.ask(page, f"({type_in.format('show-endpoints', 'failed', 'change')})()")
    assert names_of(browser, page) == ["GET /search"]


def test_changes_are_found(browser: Browser, pages: dict[str, Path]) -> None:
    """Causes that hold a text are left, those of other classes included."""
    page = browser.open(pages["small"].as_uri())
    script = """(() => {
      const f = document.getElementById('find-changes');
      f.value = 'price';
      f.dispatchEvent(new Event('input'));
      return [...document.querySelectorAll('.cause')].filter(e => !e.hidden).map(e => e.id); })()"""
    assert browser.ask(page, script) == ["cause-1", "cause-2"]


@pytest.mark.parametrize("name", ["small", "hostile", "large"])
@pytest.mark.parametrize("width", [360, 390, 800])
def test_nothing_overflows_a_small_screen(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    """At 360 pixels the page is as wide as the screen; what is wider scrolls in itself."""
    page = browser.open(pages[name].as_uri(), width=width)
    unfold = "document.querySelectorAll('#endpoints details').forEach((each, at) => { each.open = at < 3; });"
    assert browser.ask(page, f"{unfold} document.documentElement.scrollWidth") <= width


def test_light_and_dark(browser: Browser, pages: dict[str, Path]) -> None:
    """The page is light or dark as the reader's system is."""
    shades = []
    for scheme in ("light", "dark"):
        page = browser.open(pages["small"].as_uri(), prefers_color_scheme=scheme)
        shades.append(
            browser.ask(page, "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
        )
    assert min(shades[0]) > 240
    assert max(shades[1]) < 40


CONTRASTS = """(() => {
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0);
  const parsed = text => text.match(/[\\d.]+/g).map(Number).map((n, at) => text.startsWith('color(') && at < 3 ? 255 * n : n);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parsed(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > .9) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  document.querySelectorAll('details').forEach(each => { each.open = true; });
  const poor = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest('script, option, .away, .skip')) continue;
    const style = getComputedStyle(element);
    const ink = parsed(element.closest('svg') ? style.fill : style.color).slice(0, 3);
    const [light, dark] = [luminance(ink), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (light + .05) / (dark + .05);
    if (ratio < 4.5) poor.add(`${element.tagName}.${element.className.baseVal ?? element.className} ${ratio.toFixed(2)}`);
  }
  return [...poor];
})()"""
"""Texts whose contrast with what lies behind them is less than 4.5 to 1 (WCAG 2.2, 1.4.3, AA)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: Browser, pages: dict[str, Path], scheme: str) -> None:
    """In light and in dark, unfolded, no text has less contrast than AA asks for."""
    page = browser.open(pages["small"].as_uri(), prefers_color_scheme=scheme)
    assert browser.ask(page, CONTRASTS) == []


@pytest.mark.parametrize(("motion", "behaviour"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_who_wants_no_motion_gets_none(browser: Browser, pages: dict[str, Path], motion: str, behaviour: str) -> None:
    """Nothing moves by itself, and jumps are jumps where that is asked for."""
    page = browser.open(pages["small"].as_uri(), prefers_reduced_motion=motion)
    assert browser.ask(page, "getComputedStyle(document.documentElement).scrollBehavior") == behaviour


def test_it_prints(browser: Browser, pages: dict[str, Path]) -> None:
    """On paper there is no navigation, and everything that was open."""
    page = browser.open(pages["small"].as_uri())
    browser.call("Emulation.setEmulatedMedia", page.session, media="print")
    assert browser.ask(page, "getComputedStyle(document.querySelector('.top')).display") == "none"
    assert browser.ask(page, "getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert browser.print(page).startswith(b"%PDF")
    browser.note(page)
    assert page.console == []


def test_a_command_is_copied(browser: Browser, pages: dict[str, Path]) -> None:
    """The button beside a command puts it, as it is, on the clipboard, or selects it where that is not allowed."""
    page = browser.open(pages["small"].as_uri())
    script = """(async () => {
      let copied = null;
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: async text => { copied = text; } } });
      const block = document.querySelector('.cause .copy');
      block.querySelector('button').click();
      await new Promise(done => setTimeout(done, 0));
      return [copied === block.querySelector('code').textContent, copied.slice(0, 8)];
    })()"""
    assert browser.ask(page, script) == [True, "curl -sS"]


def test_what_checks_say_fits_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    """The sentence of each check is read without scrolling sideways, and no word of a check's name is broken."""
    page = browser.open(pages["small"].as_uri(), width=390)
    regions = "[...document.querySelectorAll('#gate > .scroll')]"
    assert browser.ask(page, f"{regions}.length") > 0
    assert browser.ask(page, f"{regions}.every(each => each.scrollWidth <= each.clientWidth)")
    names = "[...document.querySelectorAll('.checks tbody th')].map(each => each.clientWidth)"
    assert min(browser.ask(page, names)) > 70
