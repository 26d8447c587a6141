"""Links of the documentation.

check_site.py site FOLDER [DOCS.json]: every link and resource of the rendered pages leads to a file
and an anchor that exist, nothing is loaded from elsewhere, and links that leave are https and known;
with the output of `impact docs --json` every function and type has an anchor in the reference.
check_site.py sources FILE...: the same for links of Markdown files.
"""

import html.parser
import json
import pathlib
import re
import sys
import urllib.parse

# Where pages may lead: the makers of the renderer (in its footer) and what the guides cite.
OUTSIDE = (
    "https://www.sphinx-doc.org/",
    "https://pradyunsg.me",
    "https://github.com/pradyunsg/furo",
    "https://luals.github.io",
)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for key in ("id", "name") if tag == "a" else ("id",):
            if given.get(key):
                self.ids.add(given[key])
        if tag in ("a", "area") and given.get("href") is not None:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("next", "prev", "index", "search", "canonical"):
            self.links.append(given.get("href", ""))
        else:
            # <use> draws a symbol of the page itself.
            target = given.get("href") if tag in ("link", "base", "use") else None
            for load in (target, given.get("src"), given.get("data"), given.get("action")):
                if load is not None:
                    self.loads.append(load)


def inside(folder, page, link):
    """The file and the anchor a link means."""
    path, _, anchor = link.partition("#")
    path = urllib.parse.unquote(path.partition("?")[0])
    target = (page.parent / path).resolve() if path else page
    if target.is_dir():
        target = target / "index.html"
    return target, urllib.parse.unquote(anchor)


def check_site(folder, docs):
    folder = pathlib.Path(folder).resolve()
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    wrong = []
    for path, page in pages.items():
        where = path.relative_to(folder)
        for link, loaded in [(l, False) for l in page.links] + [(l, True) for l in page.loads]:
            if SCHEME.match(link):
                if loaded and not link.startswith("data:"):
                    wrong.append(f"{where}: loads from elsewhere: {link}")
                elif not loaded and not link.startswith(OUTSIDE):
                    wrong.append(f"{where}: leads to a place that is not listed: {link}")
                continue
            target, anchor = inside(folder, path, link)
            if not target.is_file() or not target.is_relative_to(folder):
                wrong.append(f"{where}: no such file: {link}")
            elif anchor and target.suffix == ".html" and anchor not in pages[target].ids:
                wrong.append(f"{where}: no such anchor: {link}")
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        for link in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text):
            link = link[0] or link[1]
            if link.startswith("data:"):
                continue
            if SCHEME.match(link) or not inside(folder, path, link)[0].is_file():
                wrong.append(f"{path.relative_to(folder)}: loads {link}")
    if docs:
        known = json.loads(pathlib.Path(docs).read_text(encoding="utf-8"))
        anchors = {id for path, page in pages.items() if path.parent.name == "reference"
                   for id in page.ids}
        for entry in known["functions"] + known["types"]:
            if entry["name"] not in anchors:
                wrong.append(f"no anchor in the reference: {entry['name']}")
        if len(known["functions"]) < 300:
            wrong.append("too few functions to be all of them")
    print(f"{len(pages)} pages, {sum(len(p.links) + len(p.loads) for p in pages.values())} links, "
          f"{len(wrong)} wrong")
    return wrong


def without_code(text):
    return re.sub(r"^(```+|~~~+).*?^\1\s*$", "", text, flags=re.M | re.S)


def slugs(path):
    """Anchors that a code host gives the headings of a file."""
    seen = {}
    out = set()
    for title in re.findall(r"^#{1,6} +(.+?) *$", without_code(path.read_text(encoding="utf-8")), re.M):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        out.add(f"{slug}-{count}" if count else slug)
    return out


def check_sources(files):
    wrong, links = [], 0
    for file in map(pathlib.Path, files):
        text = re.sub(r"`[^`\n]*`", "", without_code(file.read_text(encoding="utf-8")))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            links += 1
            if SCHEME.match(link):
                if not link.startswith(OUTSIDE):
                    wrong.append(f"{file}: leads to a place that is not listed: {link}")
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / path) if path else file
            if not target.exists():
                wrong.append(f"{file}: no such file: {link}")
            elif anchor and target.suffix == ".md" and anchor not in slugs(target):
                wrong.append(f"{file}: no such anchor: {link}")
    print(f"{len(files)} files, {links} links, {len(wrong)} wrong")
    return wrong


def main(kind, *rest):
    if kind == "site":
        wrong = check_site(rest[0], rest[1] if len(rest) > 1 else None)
    else:
        wrong = check_sources(rest)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
