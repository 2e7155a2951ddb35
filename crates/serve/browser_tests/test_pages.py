"""Every page as a person meets it: found, understood, exported, by mouse and by keys."""

import re
from urllib.parse import urljoin

import pytest

PAGES = ["/", "/incidents", "/incident/1", "/tuples", "/events", "/models", "/sql", "/tuples?by=eventName"]
SIZES = {"desktop": (1280, 720), "phone": (390, 844)}


def first(page, selector):
    return page.locator(selector).first


def follow(page, selector):
    """Goes where a link leads."""
    page.goto(urljoin(page.url, first(page, selector).get_attribute("href")))


def test_an_attack_is_found_understood_and_exported_within_three_pages(hunt, enter):
    page = enter(hunt)
    assert "What has not been seen before" in page.inner_text("h1")
    first(page, ".incidents a[data-open]").click()
    page.wait_for_url("**/incident/1")
    assert page.locator(".reasons li").count() >= 2
    with page.expect_download() as download:
        first(page, "a[download]").click()
    text = open(download.value.path()).read()
    assert text.count("\n") >= 2 and "eventName" in text.splitlines()[0]
    first(page, "#rows a[data-open]").click()
    page.wait_for_url("**/event/*")
    assert page.locator(".tree .key-name").count() > 10


def test_a_reason_can_be_checked(hunt, enter):
    page = enter(hunt)
    page.goto(hunt.origin + "/incident/1")
    # The first that counts rows; the query of one about a time gives moments.
    reasons = page.locator(".reasons li", has=page.locator("a.check"))
    texts = [text.splitlines()[0] for text in reasons.all_inner_texts()]
    at = next(i for i, text in enumerate(texts) if re.search(r"[\d,]+ of [\w' ]*[\d,]+ events", text))
    counts = [c.replace(",", "") for c in re.findall(r"\d[\d,]*", texts[at].rsplit(": ", 1)[-1])[:2]]
    reasons.nth(at).locator("a.check").first.click()
    cells = [c.replace(",", "") for c in page.locator("#answer td").all_inner_texts()]
    assert cells == counts


def test_lists_are_filtered_sorted_and_paged_and_back_goes_back(hunt, enter):
    page = enter(hunt)
    page.goto(hunt.origin + "/tuples")
    total = page.inner_text(".total b")
    page.select_option("[name=fc]", "eventName")
    page.select_option("[name=fo]", "has")
    page.fill("[name=fv]", "List")
    page.click("button[type=submit]")
    assert "fc=" not in page.url and "f=has" in page.url
    filtered = page.inner_text(".total b")
    assert filtered != total and page.locator(".chips li").count() == 2
    first(page, "th a:has-text('Copies')").click()
    assert page.locator("th[aria-sort=descending]").count() == 1
    copies = [int(t.replace(",", "")) for t in page.locator("tbody td[data-label=Copies]").all_inner_texts()]
    assert copies == sorted(copies, reverse=True) and len(copies) > 3
    page.go_back()
    page.go_back()
    assert page.inner_text(".total b") == total
    page.select_option("[name=by]", "eventSource")
    page.click("button[type=submit]")
    first(page, "tbody a[data-open]").click()
    assert page.locator(".chips li").count() == 2


def test_keys_go_through_a_list(hunt, enter):
    page = enter(hunt)
    page.goto(hunt.origin + "/tuples")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr.at").count() == 1
    second = page.locator("tbody tr.has").nth(1)
    assert "at" in second.get_attribute("class")
    page.keyboard.press("k")
    assert "at" in page.locator("tbody tr.has").nth(0).get_attribute("class")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("j")
    assert page.input_value("#text") == "j"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tuple?*")


def test_sql_is_asked_and_refused(hunt, enter):
    page = enter(hunt)
    page.goto(hunt.origin + "/sql")
    page.fill("#query", "SELECT eventName, count(*) AS n FROM events GROUP BY eventName ORDER BY n DESC")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#answer")
    assert page.locator("#answer th").all_inner_texts() == ["eventName", "n"]
    page.fill("#query", "DROP TABLE events")
    page.click("button[type=submit]")
    assert page.locator("[role=alert]").count() == 1


@pytest.mark.parametrize("path", PAGES)
def test_pages_read_without_a_script(path, hunt, enter):
    page = enter(hunt, java_script_enabled=False)
    page.goto(hunt.origin + path)
    assert len(page.inner_text("main")) > 100
    assert page.locator("h1").count() == 1


def test_no_page_is_wider_than_a_phone(hunt, enter):
    page = enter(hunt, viewport={"width": 390, "height": 844})
    for path in [*PAGES, "/entity?field=eventName&value=GetObject"]:
        answer = page.goto(hunt.origin + path)
        assert answer.status in (200, 404)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_sessions_are_pages_too(sessions, enter):
    page = enter(sessions)
    assert page.locator(".lanes svg").count() == 1
    page.goto(sessions.origin + "/sessions")
    first(page, "tbody a[data-open]").click()
    page.wait_for_url("**/session/*")
    assert page.locator("#events tbody tr").count() > 0
