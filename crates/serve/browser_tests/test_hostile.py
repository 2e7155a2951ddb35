"""Whatever a log says is text: nothing of it runs, is fetched, or takes a page apart."""

from urllib.parse import urljoin


def pages(page, server):
    """Every page that the pages of a hunt lead to, lists and details."""
    starts = ["/", "/tuples", "/tuples?by=who%3Cb%3E", "/events", "/events?all=1", "/models"]
    starts += ["/sql?q=SELECT%20*%20FROM%20rows", "/sql?q=SELECT%20%3Cscript%3E"]
    found = list(starts)
    for start in starts:
        page.goto(server.origin + start)
        for link in page.locator("main a").all():
            to = urljoin(page.url, link.get_attribute("href"))
            assert to.startswith(server.origin + "/"), f"{start} leads to {to}"
            path = to[len(server.origin) :].split("#")[0]
            if path not in found and path.startswith(("/tuple?", "/event/", "/entity?")) and "/raw" not in path:
                found.append(path)
    return found


def test_hostile_text_is_text_on_every_page(attacked, enter):
    page = enter(attacked)
    found = pages(page, attacked)
    assert len(found) > 60, found
    for path in found:
        answer = page.goto(attacked.origin + path)
        assert answer.status in (200, 400), path
        assert page.evaluate("window.ran") is None, path
        assert page.locator("main img, main iframe, main [onload], main [onfocus], main [onerror]").count() == 0
        assert page.locator("script").count() == 1, path
        shown = page.inner_text("body")
        assert not any(c in shown for c in "\u202e\u2066\x00\x1b\x9b"), path
    page.goto(attacked.origin + "/events?all=1")
    assert "<script>window.ran = 1</script>" in page.inner_text("main")
