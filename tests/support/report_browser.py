"""report_browser.py SCRATCH PAGE PICTURES: opens the sample report and uses it as a reader does."""

import csv
import io
import math
import os
import sys

from browser import Page, find_chromium

failures = 0


def check(what, good):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}")


def table(caption):
    """JavaScript for the figure of a table."""
    return f"[...document.querySelectorAll('figure')].find(f => f.querySelector(" \
           f"'figcaption')?.textContent === '{caption}' && f.querySelector('table.data'))"


def column(page, caption, index):
    return page.evaluate(f"[...{table(caption)}.querySelector('tbody').rows]"
                         f".map(r => r.cells[{index}].textContent)")


def click(page, caption, text):
    page.evaluate(f"[...{table(caption)}.querySelectorAll('button')]"
                  f".find(b => b.textContent === {text!r}).click()")


def fill(page, caption, label, text):
    page.evaluate(f"""(() => {{
      const field = {table(caption)}.querySelector(`[aria-label^={label!r}]`);
      if (field.tagName === "SELECT") {{
        field.selectedIndex = [...field.options].findIndex(o => o.text === {text!r});
      }} else field.value = {text!r};
      field.dispatchEvent(new Event("input", {{ bubbles: true }}));
    }})()""")


def downloaded(page, caption):
    name, data = page.download(
        f"[...{table(caption)}.querySelectorAll('button')]"
        ".find(b => b.textContent === 'Download CSV').click()")
    return name, list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def test_quiet(page):
    check(f"no console message: {page.trouble}", not page.trouble)
    outside = [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))]
    check(f"no request leaves the file: {outside}", not outside)
    check("one file is read", len({u for u in page.requests if u.startswith("file:")}) == 1)


def test_texts(page):
    check("no text became an element", page.evaluate("document.querySelectorAll('main i').length") == 0)
    check("RTL, emoji and tags read back", page.evaluate(
        f"[...{table('Some videos')}.querySelectorAll('td')].map(c => c.textContent)"
        ".filter(t => t.includes('שלום') || t.includes('🏳️‍🌈') || t.includes('</script>')).length") > 15)
    dead = page.evaluate("[...document.querySelectorAll('.page a[href^=\"#\"]:not([href=\"#\"])')].map(a => a.hash.slice(1))"
                         ".filter(id => !document.getElementById(decodeURIComponent(id)))")
    check(f"every link inside leads somewhere: {dead}", dead == [])
    check("ids are unique", page.evaluate(
        "(ids => ids.length === new Set(ids).size)([...document.querySelectorAll('[id]')]"
        ".map(e => e.id).filter(Boolean))"))
    check("no inline handler", page.evaluate(
        "[...document.querySelectorAll('main *')].every(e => "
        "[...e.attributes].every(a => !a.name.startsWith('on')))"))


def test_sort(page):
    views = 1
    check("a page has 50 rows", len(column(page, "Some videos", views)) == 50)
    click(page, "Some videos", "views")
    check("aria-sort", page.evaluate(
        f"{table('Some videos')}.querySelector('th[aria-sort]').getAttribute('aria-sort')")
        == "ascending")
    shown = [float(text) for text in column(page, "Some videos", views)]
    check("numbers in order of size", shown == sorted(shown))
    click(page, "Some videos", "views")
    first = column(page, "Some videos", views)
    check("descending", float(first[0]) == 3894.524 or float(first[0]) > float(first[1]))
    click(page, "Some videos", "Next")
    click(page, "Some videos", "Next")
    last = column(page, "Some videos", views)
    check(f"missing and NaN last: {last[-2:]}", sorted(last[-2:]) == ["NaN", "missing"])
    click(page, "Some videos", "views")
    check("third time: as it was", column(page, "Some videos", 0)[0] == "9007199254740993")
    click(page, "Some videos", "tier")
    check("categories in their order", column(page, "Some videos", 4)[:40] == ["small"] * 40)
    click(page, "Some videos", 'video "id"')
    click(page, "Some videos", 'video "id"')
    check("integers beyond 2^53", column(page, "Some videos", 0)[:2] ==
          ["9007199254741112", "9007199254741111"])
    click(page, "Some videos", 'video "id"')


def test_filters_and_download(page):
    click(page, "Some videos", "Filter columns")
    fill(page, "Some videos", "Filter views", "> 1000")
    fill(page, "Some videos", "Filter tier", "medium")
    check("select of a short column", set(column(page, "Some videos", 4)) == {"medium"})
    name, rows = downloaded(page, "Some videos")
    expected = [i for i in range(120) if i % 3 == 1 and math.sqrt(i ** 3 + 0.1) * 3 > 1000]
    check(f"name {name}", name == "videos.csv")
    check("heads", rows[0] == ['video "id"', "views", "caption <text>", "posted", "tier"])
    check(f"{len(rows) - 1} filtered rows, expected {len(expected)}",
          [int(row[0]) for row in rows[1:]] == [9007199254740993 + i for i in expected])
    check("full precision", [float(row[1]) for row in rows[1:]] ==
          [math.sqrt(float(i ** 3) + 0.1) * 3 for i in expected])
    fill(page, "Some videos", "Filter tier", "all")
    fill(page, "Some videos", "Filter views", "missing")
    _, rows = downloaded(page, "Some videos")
    check("missing cells are empty", rows[1:] == [["9007199254740998", "", "", "2022-04-03",
                                                   "large"]])
    fill(page, "Some videos", "Filter views", "3..16")
    check("range", column(page, "Some videos", 1) == ["3.146", "8.538", "15.617"])
    fill(page, "Some videos", "Filter views", "")
    fill(page, "Some videos", "Filter posted", "2022-07..2022-07")
    check("months", all(d.startswith("2022-07") for d in column(page, "Some videos", 3)))
    fill(page, "Some videos", "Filter posted", "")
    fill(page, "Some videos", "Search", "EMOJI")
    _, rows = downloaded(page, "Some videos")
    check("search; commas, quotes and line ends come back",
          len(rows) == 18 and all(row[2] == "emoji 😀🏳️‍🌈, commas, and\nlines" for row in rows[1:]))
    fill(page, "Some videos", "Search", "nothing like it")
    check("none left", page.evaluate(
        f"{table('Some videos')}.querySelector('.count').textContent") == "0 of 120 rows")
    fill(page, "Some videos", "Search", "")
    _, rows = downloaded(page, "Some videos")
    check("all rows, not the page", len(rows) == 121)
    check("all texts", {row[2] for row in rows[1:]} >= {
        "a </script><script>alert(1)</script>", "quotes \"double\" and 'single'", "=1+1",
        "שלום עולם, מה שלומך היום", "missing", ""})
    _, rows = downloaded(page, "Gap in views")
    by = dict(zip(rows[0], rows[1]))
    check(f"an estimate whole: {by}", float(by["estimate"]) == -174000.123456789 and
          by["df"] == "1571.16" and by["node"] == "welch" and by["method"] == "welch" and
          by["se_type"] == "neyman" and by["inquiry"] == "gap in views")
    check("its warnings", rows[2][rows[0].index("warnings")] ==
          "Only 209 verified authors make claims.")


BARS = ("[...document.querySelectorAll('.chart')][1].querySelectorAll"
        "('.mark-rect path[aria-label]')")


def test_charts(page):
    check("both are drawn", page.evaluate("document.querySelectorAll('.chart.drawn svg').length") >= 2)
    before = page.evaluate(f"[...{BARS}].map(p => p.getAttribute('aria-label'))")
    page.evaluate("document.querySelector('.chart').scrollIntoView({block: 'center', behavior: 'instant'})")
    box = page.evaluate("(b => [b.left, b.top, b.right, b.bottom])(document.querySelector("
                        "'.chart .mark-rect.role-mark path').closest('.mark-rect').getBoundingClientRect())")
    middle = (box[1] + box[3]) / 2
    page.drag((box[0] + 2, middle), (box[0] + (box[2] - box[0]) * 0.45, middle))
    page.wait(f"[...{BARS}].map(p => p.getAttribute('aria-label')).join() !== "
              f"{','.join(before)!r}", 10)
    after = page.evaluate(f"[...{BARS}].map(p => p.getAttribute('aria-label'))")
    check(f"a brush on one filters the other: {before} {after}", after and after != before)


def test_keys(page):
    page.key("Tab")
    check("the first stop skips to the content", page.evaluate(
        "document.activeElement.classList.contains('skip')"))
    page.key("Tab")
    check("then the theme", page.evaluate("document.activeElement.className") == "theme")
    page.key("Enter")
    check("the button changes the theme", page.evaluate(
        "document.documentElement.dataset.theme") == "dark")
    check("focus is seen", page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle") == "solid")
    page.wait("!document.querySelector('.chart:not(.drawn)')")
    page.key("Enter")
    check("and back", page.evaluate("document.documentElement.dataset.theme") == "light")
    page.evaluate(f"{table('Checks')}.querySelector('button.sort').focus()")
    page.key("Enter")
    check("sorting by key", column(page, "Checks", 0) == ["unique ids", "views are counts"])


def colour(page):
    """Of the first axis label that is seen."""
    return page.evaluate("getComputedStyle(document.querySelector("
                         "'.plot .role-axis-label text')).fill")


def test_looks(page, pictures):
    page.evaluate("delete document.documentElement.dataset.theme")
    page.picture(f"{pictures}/light.png")
    light = colour(page)
    page.media("dark")
    page.wait("document.documentElement.dataset.charts === 'drawn' && "
              "document.querySelectorAll('.chart.two .on-paper svg').length === 2")
    check("dark charts", colour(page) != light)
    page.picture(f"{pictures}/dark.png")
    paper = page.paper(f"{pictures}/print.pdf")
    check("a print of several pages", paper.count(b"/Type /Page") > 2 or paper.count(b"/Type/Page") > 2)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.media("dark", "print")
    check("paper is white", page.evaluate("getComputedStyle(document.body).backgroundColor") ==
          "rgb(255, 255, 255)")
    check("no controls on paper", page.evaluate(
        "[...document.querySelectorAll('button:not(.sort), input, nav')].every(e => "
        "e.getClientRects().length === 0)"))
    check("whole tables on paper", len(column(page, "Some videos", 0)) == 120)
    check("light charts on paper", page.evaluate(
        "getComputedStyle(document.querySelector('.on-paper .role-axis-label text')).fill") == light)
    page.size(794, 1123)
    page.picture(f"{pictures}/print.png")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.media("light")
    page.size(400, 800)
    page.picture(f"{pictures}/narrow.png")
    check("no sideways scrolling on a telephone", page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth"))
    page.size(1400, 900)


def test_without_scripts(page, path, pictures):
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(path)
    text = page.evaluate("document.querySelector('main').innerText")
    check("every row is there", text.count("9007199254") == 120)
    check("the words of charts are there", "Bars: 38 videos in January" in text)
    check("no dead controls", page.evaluate("document.querySelectorAll('button, input').length") == 0)
    page.picture(f"{pictures}/no_scripts.png")
    page.send("Emulation.setScriptExecutionDisabled", value=False)


def main(scratch, path, pictures):
    path = os.path.abspath(path)
    page = Page(find_chromium(), scratch)
    try:
        page.size(1400, 900)
        page.media("light")
        page.open(path)
        page.wait("document.documentElement.dataset.charts === 'drawn'")
        test_quiet(page)
        test_texts(page)
        test_sort(page)
        test_filters_and_download(page)
        test_charts(page)
        page.open(path)
        page.wait("document.documentElement.dataset.charts === 'drawn'")
        test_keys(page)
        test_looks(page, pictures)
        test_without_scripts(page, path, pictures)
        test_quiet(page)
    finally:
        page.close()
    print("report: failures" if failures else f"report: good, pictures in {pictures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
