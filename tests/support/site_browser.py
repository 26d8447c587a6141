"""site_browser.py SCRATCH SITE PICTURES: opens the documentation from its folder, searches it, and
looks at it in both colour schemes and on a telephone."""

import os
import sys
import time

from browser import Page, find_chromium

failures = 0


def check(what, good):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}")


def arrive(page, script, seconds=40):
    """Waits for the expression on a page that is being left."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if page.evaluate(script):
                return
        except RuntimeError as error:
            if "navigated" not in str(error) and "context" not in str(error):
                raise
        time.sleep(0.05)
    raise TimeoutError(f"never true: {script}; {page.trouble}")


def found(page, site, word):
    """Addresses and titles of what a search for the word lists."""
    page.open(f"{site}/index.html")
    page.evaluate(f"""(() => {{
      const field = document.querySelector(".sidebar-search");
      field.value = {word!r};
      field.form.submit();
    }})()""")
    arrive(page, "location.pathname.endsWith('search.html') && document.readyState === 'complete' && "
           "/found|match/.test(document.querySelector('#search-results')?.innerText ?? '')")
    # The list is filled line by line.
    shown = -1
    while shown != (shown := page.evaluate("document.querySelectorAll('#search-results li').length")):
        time.sleep(0.2)
    return page.evaluate("[...document.querySelectorAll('#search-results li a')]"
                         ".map(a => a.getAttribute('href') + ' ' + a.textContent)")


def test_search(page, site):
    for word, target in [("welch", "reference/compare.html#stats.welch"),
                         ("summarise", "reference/table.html#Table:summarise"),
                         ("freeze", "studies.html"), ("stats.logit", "reference/regress.html#stats.logit")]:
        results = found(page, site, word)
        check(f"'{word}' finds {target}: {results[:8]}",
              any(r.split("?")[0].split(" ")[0].startswith(target.split("#")[0]) for r in results))
        if "#" in target:
            check(f"'{word}' leads to the entry itself: {results[:8]}",
                  any(target.split("#")[1] in r for r in results))
    check("an unknown word finds nothing", found(page, site, "xyzzyplugh") == [])


def test_quiet(page):
    check(f"no console message: {page.trouble}", not page.trouble)
    outside = [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))]
    check(f"no request leaves the folder: {outside}", not outside)


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_looks(page, site, pictures):
    names = ["index", "first_steps", "statistics", "reference/index", "reference/study", "reference/table",
             "reference/plots"]
    for name in names:
        picture = f"{pictures}/{name.replace('/', '_')}"
        shades = []
        for scheme in ("light", "dark"):
            page.media(scheme)
            page.size(1400, 900)
            page.open(f"{site}/{name}.html")
            shades.append(background(page))
            page.picture(f"{picture}_{scheme}.png")
            page.size(400, 800)
            check(f"{name}: no sideways scrolling on a telephone", page.evaluate(
                "document.documentElement.scrollWidth <= innerWidth"))
            if scheme == "light":
                page.picture(f"{picture}_narrow.png")
        check(f"{name}: two schemes, {shades}", shades[0] != shades[1])
        check(f"{name}: code is coloured", name in ("reference/index", "statistics") or page.evaluate(
            "new Set([...document.querySelectorAll('.highlight-lua span')]"
            ".map(s => getComputedStyle(s).color)).size") > 2)
    page.media("light")
    page.size(1400, 900)


def test_way_in(page, site):
    """From the first page to a function by clicks alone, and by its anchor."""
    page.open(f"{site}/index.html")
    for words, arrived in [("Reference", "/reference/index.html"),
                           ("Two groups and pairs", "/reference/compare.html"),
                           ("stats.welch", "/reference/compare.html#stats-welch")]:
        page.evaluate("[...document.querySelectorAll('article a, .sidebar-tree a')]"
                      f".find(a => a.textContent === {words!r}).click()")
        arrive(page, f"location.href.endsWith({arrived!r}) && document.readyState === 'complete'")
    check("three clicks to a function", page.evaluate(
        "location.pathname.endsWith('reference/compare.html') && location.hash === '#stats-welch'"))
    page.open(f"{site}/reference/compare.html#stats.welch")
    page.wait("scrollY > 100")


def main(scratch, site, pictures):
    page = Page(find_chromium(), scratch)
    site = os.path.abspath(site)
    try:
        page.size(1400, 900)
        page.media("light")
        test_search(page, site)
        test_way_in(page, site)
        test_looks(page, site, pictures)
        test_quiet(page)
    finally:
        page.close()
    print("site: failures" if failures else f"site: good, pictures in {pictures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
