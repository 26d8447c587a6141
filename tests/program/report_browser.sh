#!/usr/bin/env bash
# The report as its reader meets it: the sample report in headless Chromium. Pictures of the page
# (light, dark, narrow, without scripts) and of its print stay in report_pictures/ of the build.
set -euo pipefail
. "$IMPACT_SOURCE/tests/support/program.sh"
python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
from browser import find_chromium
sys.exit(0 if find_chromium() else 77)' "$IMPACT_SOURCE/tests/support" || {
  echo "no Chromium on this machine"
  exit 77
}
"$SAMPLE_REPORT" sample.html
pictures=$(dirname "$SAMPLE_REPORT")/report_pictures
mkdir -p "$pictures"
python3 "$IMPACT_SOURCE/tests/support/report_browser.py" "$work" sample.html "$pictures"

# Charts of one figure filter each other.
unset IMPACT_DATA
"$IMPACT" run "$IMPACT_SOURCE/examples/studies/sponsored_posts" --out run --quiet
python3 "$IMPACT_SOURCE/tests/support/linked_browser.py" "$work/linked" run/report.html
