"""The handbook as a site: one command makes it without a warning, it needs no network, and it fits a phone."""

import html
import json
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.house.fences import ROOT, all_pages

PHONE = 390
COMMAND = "sphinx-build -W -c docs . build/site"
MEASURE = """<body><pre id="said"></pre><script>
(async () => {
  const wide = {};
  for (const page of PAGES) {
    const frame = document.createElement("iframe");
    frame.style = "width: WIDTHpx; height: 844px; border: 0";
    document.body.append(frame);
    await new Promise((loaded) => { frame.onload = loaded; frame.src = "/" + page; });
    const root = frame.contentDocument.documentElement;
    const sticking_out = (part) => part.getBoundingClientRect().right > WIDTH + 1 && !part.closest("pre, .table-wrapper");
    wide[page] = [root.scrollWidth, root.clientWidth, [...root.querySelectorAll("article *")].filter(sticking_out).length];
    frame.remove();
  }
  document.getElementById("said").textContent = JSON.stringify(wide);
})();
</script>"""


def build(folder, source=ROOT, conf=ROOT / "docs"):
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", str(conf), str(source), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_readme_names_the_command():
    assert f"`.venv/bin/{COMMAND}`" in (ROOT / "README.md").read_text()


def test_every_page_is_in_it_and_in_its_search_and_in_its_navigation(site):
    pages = {page.removesuffix(".md") for page in all_pages()}
    found = json.loads(re.search(r"Search\.setIndex\((.*)\)", (site / "searchindex.js").read_text(), re.DOTALL)[1])
    front = (site / "docs" / "index.html").read_text()
    links = re.findall(r'class="reference internal" href="([^"#]+)\.html"', front)
    led_to = {link.removeprefix("../") if link.startswith("../") else f"docs/{link}" for link in links}

    assert pages - {*found["docnames"]} == set()
    assert pages - {"docs/index"} - led_to == set()
    assert 'url=docs/index.html"' in (site / "index.html").read_text()


def test_it_needs_nothing_from_elsewhere(site):
    pages = "".join(path.read_text() for path in site.rglob("*.html"))
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    fetched = [tag for tag in re.findall(r"<(?:link|script|img|iframe|source)\b[^>]*>", pages) if re.search(r'(?:src|href)="(?:https?:)?//', tag)]

    assert fetched == []
    assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)]*", styles) == []


@pytest.mark.parametrize("link", ["[gone](other.md)", "[gone](#nowhere)", "[gone](a.md#nowhere)"])
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path, link):
    pages = tmp_path / "docs"
    pages.mkdir()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    shutil.copytree(ROOT / "docs" / "site", pages / "site")
    shutil.copy2(ROOT / "docs" / "conf.py", pages)
    (pages / "index.md").write_text("# Front\n\n## Learn\n\n- [A](a.md)\n")
    (pages / "a.md").write_text(f"# A\n\n{link}\n")

    done = build(tmp_path / "out", tmp_path, pages)

    assert done.returncode != 0
    assert "a.md:3" in done.stderr


# -- in a browser --------------------------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def served(site):
    """Where a browser finds it; pages of a folder are strangers to each other."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def browser(tmp_path):
    """Gives what a page has become after its scripts have run."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: apt install chromium")
    words = [program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=120000", "--dump-dom"]
    return lambda url: subprocess.run([*words, url], capture_output=True, text=True, timeout=300, check=True).stdout


def widths(site, served, browser):
    """Of each page on a phone: how wide it is, how wide the phone, how many parts stick out."""
    pages = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if path.name != "measure.html")
    (site / "measure.html").write_text(MEASURE.replace("PAGES", json.dumps(pages)).replace("WIDTH", str(PHONE)))
    said = re.search(r'<pre id="said">(.*?)</pre>', browser(f"{served}/measure.html"), re.DOTALL)
    return json.loads(html.unescape(said[1]))


@pytest.mark.campaign
@pytest.mark.needs_server
def test_no_page_scrolls_sideways_on_a_phone(site, served, browser):
    (site / "wide.html").write_text("<!doctype html><article><p style='width: 500px'>wide</p></article>")

    found = widths(site, served, browser)

    assert found.pop("wide.html")[0] > PHONE
    assert len(found) > len(all_pages())
    assert {page: seen for page, seen in found.items() if seen[0] > seen[1] or seen[2]} == {}


@pytest.mark.campaign
@pytest.mark.needs_server
def test_a_search_finds_the_page(served, browser):
    shown = browser(f"{served}/search.html?q=patience")

    assert re.search(r'class="search".*<a href="docs/explanation/lifecycle\.html', shown, re.DOTALL)
