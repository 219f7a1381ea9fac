"""A browser without a screen, that opens pages from the disk."""

import base64
import shutil
from contextlib import contextmanager

import pytest
from msgspec import json
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1"),
)
WIDTH, HEIGHT = 1280, 800
NETWORK = ("http:", "https:", "ws:", "wss:", "ftp:")  # the browser's own pages ask for chrome:, and the like


class Page:
    """A page that is open; `ready_ms`: when its program had drawn the timeline, after the browser began to load it."""

    def __init__(self, driver, path):
        self.driver = driver
        driver.get(path.as_uri())
        ready = "return document.documentElement.dataset.ready"
        WebDriverWait(driver, 30, 0.02).until(lambda _: self.run(ready))
        self.ready_ms = int(self.run(ready))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, script):
        return WebDriverWait(self.driver, 10, 0.05).until(lambda _: self.run(script))

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.find(selector).text

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def screenshot(self, path):
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(shot["data"]))

    def console(self):
        """What the browser has to say, from the last call on."""
        return [each["message"] for each in self.driver.get_log("browser")]

    def requests(self):
        """What was asked of any network, from the last call on."""
        events = (json.decode(each["message"])["message"] for each in self.driver.get_log("performance"))
        asked = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if url.startswith(NETWORK)]


@contextmanager
def browser(profile, *, dark=False):
    """A driver with a profile of its own."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("chromium and chromedriver are not installed: tools/system-packages.sh test")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        yield driver
    finally:
        driver.quit()
