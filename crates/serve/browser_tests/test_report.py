"""report.html from a folder, without a server or a network: sorted and sifted by its own script only."""

import pytest
from axe_playwright_python.sync_playwright import Axe


@pytest.fixture
def report(hunt, work, browser):
    context = browser.new_context(offline=True)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((work / "found" / "report.html").as_uri())
    yield page
    context.close()
    assert wrong == []


def test_tuples_are_sorted(report):
    def column(n):
        cells = report.locator(f".strange tbody tr td:nth-child({n}), .strange tbody tr th:nth-child({n})")
        return [float(t.split()[-1].replace(",", "")) for t in cells.all_inner_texts()]

    assert column(1) == sorted(column(1))
    report.click(".strange .sort:has-text('Copies')")
    assert column(4) == sorted(column(4))
    report.click(".strange .sort:has-text('Copies')")
    assert column(4) == sorted(column(4), reverse=True)
    report.click(".strange .sort:has-text('Place')")
    assert column(1) == sorted(column(1))


def test_incidents_are_sifted(report):
    lines = report.locator(".incidents > li")
    actions = lines.first.locator(".odd dd").inner_text().split(",")[0]
    report.fill("#incidents .sift input", actions)
    shown = [line.inner_text() for line in lines.all() if line.is_visible()]
    assert 0 < len(shown) < lines.count() and all(actions.lower() in text.lower() for text in shown)
    assert report.inner_text("#incidents .sift [role=status]") == f"{len(shown)} of {lines.count()}"
    report.fill("#incidents .sift input", "")
    assert all(line.is_visible() for line in lines.all())


def test_axe_finds_nothing(report):
    found = Axe().run(report).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
