"""A headless Chromium that tells what a page did."""

import json
import shutil

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="there is no selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("there is no Chromium with its chromedriver", allow_module_level=True)

# For each figure: its title, the sizes of what it shows, and the texts that leave their drawing.
FIGURES = """
return [...document.querySelectorAll('figure')].map(figure => {
  const svg = figure.querySelector('svg');
  const shown = svg || figure.querySelector('table');
  const box = shown.getBoundingClientRect();
  const outside = [];
  for (const text of svg ? svg.querySelectorAll('text') : []) {
    const view = svg.viewBox.baseVal, place = text.getBBox();
    if (place.x < -1 || place.y < -1 || place.x + place.width > view.width + 1
        || place.y + place.height > view.height + 1) outside.push(text.textContent);
  }
  return {title: figure.querySelector('figcaption').textContent, width: box.width, height: box.height,
          text: shown.textContent.trim(), label: svg && svg.getAttribute('aria-label'), outside: outside};
});
"""

# Every text on the page with the contrast of its colour to the colour behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const parse = color => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = rgb => {
  const [r, g, b] = rgb.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (; element; element = element.parentElement) {
    const color = parse(getComputedStyle(element).backgroundColor);
    if (color[3] === 255) return color;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll('h1,h2,h3,p,td,th,dt,dd,a,strong,span,figcaption,summary,svg text')) {
  const style = getComputedStyle(element);
  const front = luminance(parse(element instanceof SVGElement ? style.fill : style.color));
  const back = luminance(behind(element));
  const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  if (contrast < 4.5 && element.textContent.trim()) found.push([contrast, element.textContent.slice(0, 40)]);
}
return found;
"""


class Browser:
    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        # No sandbox: the tests run as root in containers too.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))

    def open(self, path, width=1280, scheme="light", media=""):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(path.as_uri())
        return self

    def script(self, text):
        return self.driver.execute_script(text)

    def requests(self):
        """What the page asked for, itself aside."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        assert urls[0] == self.driver.current_url
        return [url for url in urls[1:] if not url.startswith("data:")]

    def messages(self):
        return self.driver.get_log("browser")

    def figures(self):
        return self.script(FIGURES)

    def contrasts(self):
        return self.script(CONTRASTS)

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.script("const page = document.documentElement; return page.scrollWidth - page.clientWidth;")

    def background(self):
        return self.script("return getComputedStyle(document.body).backgroundColor")

    def close(self):
        self.driver.quit()
