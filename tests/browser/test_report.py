"""The page of `onlooker report` in Chromium."""

import os
import re
from pathlib import Path

import pytest
from selenium.common.exceptions import JavascriptException
from selenium.webdriver import Keys

from onlooker.cli.main import main

from .driving import Page, browser
from .workload import HOSTILE, build, hostile, many, record

SECONDS = 2.0  # until a page of 100 000 events can be used
BLOCKED = re.compile("requires 'Trusted(HTML|Script)' assignment|violates the following Content Security Policy")
ATTEMPTS = 3  # other tests may have the processors
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def chromium(tmp_path):
    with browser(tmp_path / "profile") as driver:
        yield driver


def report(tmp_path, events, *words):
    """Its path, and how many events are in it."""
    count = record(tmp_path / "made.onlook", events, *(words or ("make", "-j4", "install")))
    target = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "made.onlook"), "-o", str(target), "-q"]) == 0
    return target, count


def test_a_page_can_be_used(chromium, tmp_path):
    target, _ = report(tmp_path, build())
    page = Page(chromium, target)
    assert page.text("#verdict strong") == "Complete: nothing is missing in this recording."
    assert page.text("h1") == "make -j4 install" and "exit 2" in page.text(".outcome")
    assert page.text("#took ~ table tbody th") == "cc1"

    # search, and go to what is found
    page.find("#search").send_keys("part13.c")
    page.wait_for("return document.getElementById('found').textContent.startsWith('3 of ')")
    page.press(Keys.ENTER)
    assert "part13.c" in page.text("#details pre") and "exit 1" in page.text("#details dl")
    page.find("#search").clear()

    # by the keyboard: to the parent, and nearer
    page.run("document.getElementById('timeline').focus()")
    page.press(Keys.ARROW_UP)
    assert page.text("#details h3") == "make"
    page.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert page.text("#details h3") == "cc" and page.text("#chosen").startswith("cc, ")
    before = pixels(page)
    page.press("+", "+", "+")
    page.wait_for("return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true))))")
    assert pixels(page) != before
    page.press("0")

    # the tables, and what is beside them
    page.find("#tab-missing").click()
    page.run("document.getElementById('files-missing').scrollIntoView()")
    page.wait_for("return document.querySelectorAll('#files-missing tbody tr').length > 5")
    page.run("document.getElementById('processes').scrollIntoView()")
    page.wait_for("return document.querySelectorAll('#processes tbody tr').length == 15")
    page.find("#processes input").send_keys("install")
    page.wait_for("return document.querySelectorAll('#processes tbody tr').length == 2")
    page.find("#processes tbody tr:last-child button").click()
    assert page.text("#details h3") == "install" and "created" not in page.text("#details")
    assert (page.console(), page.requests()) == ([], [])


def pixels(page):
    return page.run("return document.getElementById('timeline').toDataURL()")


def test_nothing_of_a_recording_does_anything(chromium, tmp_path):
    target, _ = report(tmp_path, hostile(), HOSTILE)
    page = Page(chromium, target)
    for section in ("#programs", "#files-read", "#failures", "#processes"):
        page.run(f"document.querySelector('{section}').scrollIntoView()")
        page.wait_for(f"return document.querySelectorAll('{section} tbody tr').length > 0")
    assert "onerror" in page.text("#details") and "\\u202e" in page.text("#details")
    assert page.run("return document.images.length") == 0 and "onerror" in page.driver.title
    said = page.run("return document.documentElement.outerHTML")
    assert not {"\u202e", "\x1b"} & {*said}
    assert (page.console(), page.requests()) == ([], [])
    # and if something were there all the same
    with pytest.raises(JavascriptException, match="requires 'TrustedHTML'"):
        page.run("document.body.innerHTML = '<img src=x onerror=alert(1)>'")
    page.run("const it = document.createElement('script'); it.append('document.title = 1'); document.body.append(it)")
    page.run("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))")
    said = page.wait_for("return document.images.length") and page.console()
    assert page.driver.title != "1" and len(said) >= 3 and all(map(BLOCKED.search, said)), said


def test_100_000_events(chromium, tmp_path):
    target, count = report(tmp_path, many())
    assert 100_000 <= count < 101_000 and target.stat().st_size < 5_000_000
    for _ in range(ATTEMPTS):
        page = Page(chromium, target)
        painted = page.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
        if max(painted, page.ready_ms) < SECONDS * 1000:
            break
    page.run(ZOOM)
    frames = sorted(page.wait_for("return window.frameTimes.length >= 60 && window.frameTimes"))
    print(f"paint after {painted:.0f} ms, ready after {page.ready_ms} ms, frames of {frames[len(frames) // 2]:.0f} ms")
    assert painted < SECONDS * 1000 and page.ready_ms < SECONDS * 1000
    assert frames[len(frames) // 2] < 50  # 17 on an idle machine
    assert (page.console(), page.requests()) == ([], [])


ZOOM = """
const canvas = document.getElementById('timeline'), place = canvas.getBoundingClientRect();
canvas.focus();
window.frameTimes = [];
let before;
const frame = (now) => {
  if (before) frameTimes.push(now - before);
  before = now;
  canvas.dispatchEvent(new MouseEvent('mousemove', {clientX: place.x + 400, clientY: place.y + 200, bubbles: true}));
  canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: -60, bubbles: true, cancelable: true}));
  if (frameTimes.length < 60) requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_it_looks_like(tmp_path, scheme):
    """Makes the pictures of docs/report.md, where ONLOOKER_SCREENSHOTS is set."""
    target, _ = report(tmp_path, build())
    with browser(tmp_path / "profile", dark=scheme == "dark") as driver:
        page = Page(driver, target)
        page.wait_for("return document.querySelector('#frames').height > 0")
        name = "report.png" if scheme == "light" else "report-dark.png"
        shot = (DOCS if os.environ.get("ONLOOKER_SCREENSHOTS") else tmp_path) / name
        page.screenshot(shot)
        back = page.run("return getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, back[4:-1].split(","))) < 200 if scheme == "dark" else 600 < 700
        assert shot.stat().st_size > 20_000 and page.console() == []
