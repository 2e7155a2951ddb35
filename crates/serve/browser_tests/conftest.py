"""Finished hunts, served, and a browser that was let in."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

LANNER = os.environ["LANNER"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

HOSTILE = [
    "<script>window.ran = 1</script>",
    "</script><img src=x onerror='window.ran = 1'>",
    "</title></style><svg onload='window.ran = 1'>",
    '" autofocus onfocus="window.ran = 1',
    "javascript:window.ran=1",
    "\u202egnp.exe\u2066\u200f",
    "\x00\x07\x1b[31mred\x9b31m",
    "<a href='http://evil.example/'>here</a>",
    "{{ 7*7 }}${7*7}",
    "<b>" * 350_000,
]


def lanner(*args, cwd):
    subprocess.run([LANNER, *map(str, args)], cwd=cwd, check=True, capture_output=True)


def attack_log(path: Path):
    """A log in which every text is an attacker's, names of fields too."""
    records = []
    for i in range(80):
        text = HOSTILE[i % len(HOSTILE)]
        if len(text) > 1000 and i >= len(HOSTILE):
            text = "plain"
        records.append({"who<b>": text, "from": f"10.0.0.{i % 7}", "deep": {"a": [text, {"k": text}]}})
    path.write_text("\n".join(json.dumps(r) for r in records))


class Served:
    """A served folder and its address."""

    def __init__(self, folder: Path):
        command = [LANNER, "serve", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.entry = self.process.stdout.readline().strip()
        self.origin = self.entry.split("/?")[0]

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("hunts")


def served(folder):
    server = Served(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def hunt(work):
    lanner("sample", "cloudtrail", "--rows", 6000, "--seed", 3, "--attacks", 2, "--out", "trail.parquet", cwd=work)
    lanner("hunt", "trail.parquet", "--out", "found", "--quiet", cwd=work)
    yield from served(work / "found")


@pytest.fixture(scope="session")
def attacked(work):
    attack_log(work / "attack.ndjson")
    rest = ["--recipe", "classic", "--models", "HBOS,KNN,LOF", "--no-forecast", "--keep-rows", "--quiet"]
    lanner("hunt", "attack.ndjson", "--fields", "who<b>,from", *rest, "--out", "attacked", cwd=work)
    yield from served(work / "attacked")


@pytest.fixture(scope="session")
def sessions(work):
    lanner("sample", "windows", "--sessions", 120, "--seed", 3, "--out", "logs", cwd=work)
    lanner("sessions", "logs", "--ensemble", "--out", "sessions", "--quiet", cwd=work)
    yield from served(work / "sessions")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def enter(browser):
    """Opens a served folder; whatever a page asks of elsewhere, and whatever goes wrong on it, fails."""
    contexts, wrong = [], []

    def open_page(server, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()

        def asked(request):
            if not request.url.startswith((server.origin, "data:")):
                wrong.append(f"asked {request.url}")

        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(f"error {error}"))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        page.goto(server.entry)
        assert "token" not in page.url
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
