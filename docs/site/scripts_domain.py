"""Functions and types of the reference as objects of Sphinx: the search lists them by name, inline
code of the guides leads to them, and methods of statistics lead back to their paragraph."""

import re

from docutils import nodes
from sphinx.domains import Domain, ObjType

ANCHOR = re.compile(r'<div id="([^"]+)"></div>')
# What a bare name means on a page of the guides, best first.
PREFIXES = {"statistics": ["stats.", ""], "tables": ["Table:", "Column:", ""]}


class Scripts(Domain):
    name = "script"
    label = "Script"
    object_types = {"function": ObjType("function"), "type": ObjType("type")}
    initial_data = {"pages": {}, "guides": {}}  # Name to page; name to (page, anchor, title).

    def get_objects(self):
        for name, page in sorted(self.data["pages"].items()):
            kind = "type" if name[0].isupper() and ":" not in name else "function"
            yield name, name, kind, page, name, 1

    def resolve_any_xref(self, *_):
        return []

    def meaning(self, page, code, in_table):
        """The function that inline code of a guide names, or None."""
        match = re.fullmatch(r"([\w.]*:?\w+)(?: ?[({].*[)}])?", code)
        if not match:
            return None
        word = match[1]
        if word.startswith(("S:", ":")):
            found = [owner + ":" + word.partition(":")[2]
                     for owner in (["Study"] if word[0] == "S" else ["Table", "Column"])]
        else:
            prefixes = ["Study:", ""] if page == "studies" and in_table else PREFIXES.get(page, [""])
            found = [prefix + word for prefix in prefixes]
        return next((name for name in found if name in self.data["pages"]), None)


def collect(app, doctree):
    page, data = app.env.docname, app.env.get_domain("script").data
    for raw in doctree.findall(nodes.raw):
        if match := ANCHOR.match(raw.astext()):
            data["pages"][match[1]] = page
    if page == "statistics":
        for section in doctree.findall(nodes.section):
            for code in section.next_node(nodes.title).findall(nodes.literal):
                title = section.next_node(nodes.title).astext().split(":")[0]
                data["guides"]["stats." + code.astext()] = (page, section["ids"][0], title)


def inside(node, kind):
    while node is not None and not isinstance(node, kind):
        node = node.parent
    return node is not None


def link(app, doctree, page):
    domain, uri = app.env.get_domain("script"), app.builder.get_relative_uri
    if page.startswith("reference/"):
        for section in list(doctree.findall(nodes.section)):
            title = section.next_node(nodes.title)
            if guide := domain.data["guides"].get(title.astext()):
                to = nodes.reference("", guide[2], internal=True,
                                     refuri=f"{uri(page, guide[0])}#{guide[1]}")
                section.insert(section.index(title) + 1, nodes.paragraph(
                    "", "", nodes.Text("What it assumes and when to use it: "), to, nodes.Text(".")))
        return
    for code in list(doctree.findall(nodes.literal)):
        if inside(code, (nodes.reference, nodes.title)):
            continue
        name = domain.meaning(page, code.astext(), inside(code, nodes.table))
        if name:
            code.replace_self(nodes.reference(
                "", "", code.deepcopy(), internal=True,
                refuri=f"{uri(page, domain.data['pages'][name])}#{name}"))


def setup(app):
    app.add_domain(Scripts)
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", link)
    return {"version": "1"}
