#!/usr/bin/env bash
# The documentation: its sources' links, the pages that docs/site/build.sh renders, their links and
# anchors, the search and the looks in headless Chromium. Pictures stay in site_pictures/ of the build.
. "$IMPACT_SOURCE/tests/support/program.sh"
check=$IMPACT_SOURCE/tests/support/check_site.py
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
cd "$IMPACT_SOURCE" || exit 1
python3 "$check" sources README.md CONTRIBUTING.md docs/*.md || fail "links of the sources"
cd "$work" || exit 1

# The reference alone: the same bytes twice, and nobody's folder is replaced.
"$IMPACT" docs --pages one --quiet && "$IMPACT" docs --pages two --quiet && diff -r one two ||
  fail "the reference pages differ from one time to the next"
"$IMPACT" docs --pages one --quiet || fail "reference pages are written again"
mkdir mine
echo text >mine/index.md
"$IMPACT" docs --pages mine 2>said && fail "somebody's folder is replaced"
[[ $(<mine/index.md) == text ]] || fail "a file of somebody's folder is gone"

"$IMPACT_SOURCE/docs/site/build.sh" --ready || {
  ((failures)) && exit 1
  echo "no Sphinx with myst_parser and furo on this machine"
  exit 77
}
render() { "$IMPACT_SOURCE/docs/site/build.sh" "$IMPACT" "$1" 2>said; }
render "$work/site" || fail "the site is not rendered: $(<said)"
[[ ! -s said ]] || fail "the renderer complains: $(<said)"
cp -r site first
render site || fail "the site is not rendered again: $(<said)"
diff -r site first || fail "the same sources give other bytes"
[[ -z $(find . -maxdepth 1 -name 'site.*') ]] || fail "something is left beside the site"
render mine && fail "somebody's folder is replaced by the site"
[[ $(<mine/index.md) == text ]] || fail "a file of somebody's folder is gone"

"$IMPACT" docs >docs.json || fail "the description of every function"
python3 "$check" site site docs.json || fail "links of the site"

# What the check must find.
planted() { # TEXT SED-EXPRESSION FILE
  rm -rf broken
  cp -r site broken
  sed -i "$2" "broken/$3"
  ! cmp -s "site/$3" "broken/$3" || fail "nothing was planted for: $1"
  python3 "$check" site broken docs.json >said && fail "not found: $1"
}
planted "a file that does not exist" 's|href="studies.html"|href="study.html"|' index.html
planted "an anchor that does not exist" 's|href="#stats-welch"|href="#stats-welsh"|' \
  reference/compare.html
planted "a function without anchor" 's|<div id="stats.welch">|<div>|' reference/compare.html
planted "a script from elsewhere" \
  's|</head>|<script src="https://example.org/a.js"></script></head>|' index.html
planted "a link that is not listed" 's|</article>|<a href="http://example.org/">x</a></article>|' \
  index.html

# A broken link in a guide stops the renderer.
mkdir -p copy
cp -r "$IMPACT_SOURCE"/{docs,CONTRIBUTING.md} copy/
echo '[nowhere](nowhere.md#at-all)' >>copy/docs/tables.md
copy/docs/site/build.sh "$IMPACT" "$work/bad" 2>said && fail "a broken link is rendered"
grep -q 'nowhere' said || fail "the broken link is not named: $(<said)"
[[ ! -e bad ]] || fail "half a site is left"
python3 "$check" sources copy/docs/tables.md >said && fail "a broken link of a source is not found"

if python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
from browser import find_chromium
sys.exit(0 if find_chromium() else 1)' "$IMPACT_SOURCE/tests/support"; then
  pictures=$(dirname "$IMPACT")/site_pictures
  mkdir -p "$pictures"
  python3 "$IMPACT_SOURCE/tests/support/site_browser.py" "$work/browser" site "$pictures" ||
    fail "the site in a browser"
else
  echo "no Chromium on this machine: the site is not looked at"
fi
exit $((failures > 0))
