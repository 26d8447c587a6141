#!/usr/bin/env bash
# What the documentation shows is what the program does: files are written, commands run in an
# empty folder, and their output must be the one printed there.
set -euo pipefail
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset IMPACT_DATA
captions() { # The data the first page speaks of.
  awk 'BEGIN { print "video_id,tier,caption,baseline,log_views"
    for (i = 1; i <= 80; ++i) printf "%d,%s,%s,%.2f,%.2f\n", i, i % 4 ? "small" : "large",
      int(i / 4) % 2 ? "neutral" : "positive", 8 + i * 7 % 13 / 10, 8 + i * 11 % 17 / 10 }'
}
for page in README.md docs/studies.md docs/first_steps.md; do
  mkdir -p "$work/bin" "$work/$page/captions"
  captions >"$work/$page/captions/videos.csv"
  # The first steps are taken in the project's folder.
  ln -s "$IMPACT" "$work/$page/impact"
  cp -r "$IMPACT_SOURCE/scripts" "$work/$page/"
  ln -sf "$IMPACT" "$work/bin/impact"
  (
    cd "$work/$page"
    export IMPACT_CACHE=$PWD/cache TMPDIR=$work PATH=$work/bin:$PATH
    python3 "$IMPACT_SOURCE/tests/support/run_page.py" "$IMPACT_SOURCE/$page"
  )
done
