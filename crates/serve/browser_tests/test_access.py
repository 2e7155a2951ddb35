"""Pages for everybody: axe-core finds nothing, in both colours and at both sizes."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = ["/", "/incidents", "/incident/1", "/tuples", "/tuples?by=eventName", "/events", "/models", "/sql?q=SELECT%201"]


def problems(page):
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200], v["nodes"][0].get("failureSummary")) for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(scheme, width, hunt, sessions, enter):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = enter(hunt, **options)
    paths = list(PAGES)
    page.goto(hunt.origin + "/tuples")
    paths.append(page.locator("a[data-open]").first.get_attribute("href"))
    page.goto(hunt.origin + "/incident/1")
    paths.append(page.locator("#rows a[data-open]").first.get_attribute("href"))
    paths.append(page.locator(".facts a").first.get_attribute("href"))
    for path in paths:
        page.goto(hunt.origin + path)
        assert problems(page) == [], path
    page = enter(sessions, **options)
    for path in ["/", "/sessions", "/session/1", "/events"]:
        page.goto(sessions.origin + path)
        assert problems(page) == [], path
