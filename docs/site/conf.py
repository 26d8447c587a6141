"""Settings of the documentation site for Sphinx; docs/site/build.sh gathers the pages."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

project = "Impactlytics"
html_title = project
author = "the authors of Impactlytics"
project_copyright = author

extensions = ["myst_parser", "scripts_domain", "debian_theme"]
myst_heading_anchors = 4
nitpicky = True
smartquotes = False  # Quotes and dashes stand in code.
highlight_language = "none"
language = "en"

html_theme = "furo"
html_css_files = ["site.css"]
html_static_path = ["_static"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # Would read pages, which file:// does not allow.
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "top_of_page_button": None,
}
