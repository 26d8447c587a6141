"""Debian ships furo as its sources: without the web server and the bundler that these count on, a
style sheet, the scripts and the dark colours of the system's setting are lost. Other copies of furo
have none of these traits and stay as they are."""

import pathlib
import re

SERVED = "@import url(/javascript/normalize.css/normalize.css);"
MODULE = re.compile(r'^import Gumshoe from "\./gumshoe-patched\.js";\n')
DARK = re.compile(r'^  body\[data-theme="dark"\] \{\n(.*?)\}', re.M | re.S)


def mend(app, failure):
    if failure is not None or app.builder.name != "html":
        return
    static = pathlib.Path(app.outdir) / "_static"
    script = static / "scripts" / "furo.js"
    text = script.read_text(encoding="utf-8")
    if MODULE.match(text):
        spy = script.with_name("gumshoe-patched.js").read_text(encoding="utf-8")
        script.write_text(spy + MODULE.sub("", text), encoding="utf-8")
    for name in ("furo.css", "furo-extensions.css"):
        sheet = static / "styles" / name
        text = sheet.read_text(encoding="utf-8")
        if text.startswith(SERVED):
            served = pathlib.Path("/usr/share/javascript/normalize.css/normalize.css")
            text = served.read_text(encoding="utf-8") + text[len(SERVED):]
        if "prefers-color-scheme" not in text:
            text += "".join("@media not print { @media (prefers-color-scheme: dark) {\n"
                            f'  body:not([data-theme="light"]) {{\n{colours}}} }} }}\n'
                            for colours in DARK.findall(text))
        sheet.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("build-finished", mend)
    return {"version": "1"}
