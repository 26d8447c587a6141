"""linked_browser.py SCRATCH PAGE: a click on one bar of a plot.linked filters its other charts, and
a click on another bar moves the filter."""

import os
import sys
import time

from browser import Page, find_chromium

FIGURE = "[...document.querySelectorAll('figure')].find(f => " \
         "f.querySelector('figcaption')?.textContent === 'Explore')"
BARS = f"[...{FIGURE}.querySelectorAll('.plot svg path[aria-label]')]"


def labels(page):
    return page.evaluate(f"{BARS}.map(p => p.getAttribute('aria-label'))")


def click(page, label):
    x, y = page.evaluate(
        f"(b => [(b.left + b.right) / 2, (b.top + b.bottom) / 2])({BARS}.filter(p => "
        f"p.getAttribute('aria-label').startsWith({label!r})).at(-1).getBoundingClientRect())")
    page.drag((x, y), (x, y))


def changed(page, before, seconds=10):
    deadline = time.monotonic() + seconds
    while labels(page) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    return labels(page)


def main(scratch, path):
    page = Page(find_chromium(), scratch)
    try:
        page.size(1400, 900)
        page.open(os.path.abspath(path))
        page.wait("document.documentElement.dataset.charts === 'drawn'")
        page.evaluate(FIGURE + ".scrollIntoView({block: 'center', behavior: 'instant'})")
        before = labels(page)
        click(page, "tier: macro")
        after = changed(page, before)
        # 250 posts of macro accounts; the chart that was clicked keeps all its bars.
        rows = [text.split("rows: ")[1] for text in after if text.startswith("sponsored: ")]
        shown = {text for text in after if text.startswith("tier: ")}
        counts = [int(text) for text in rows if text.isdigit()]
        if not (before != after and len(shown) == 3 and sum(sorted(counts)[:2]) == 250):
            print(f"FAILED: a click filters the others: {before} {after}")
            return 1
        click(page, "tier: nano")
        moved = changed(page, after)
        if not any(text == "sponsored: false; rows: 377" for text in moved):
            print(f"FAILED: another click moves the filter: {moved}")
            return 1
        return 0
    finally:
        page.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
