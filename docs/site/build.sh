#!/usr/bin/env bash
# docs/site/build.sh PROGRAM FOLDER: renders the guides of docs/ and the reference pages that PROGRAM
# writes to static pages in FOLDER. Warnings are errors. FOLDER appears whole or not at all, with the
# same bytes from the same sources.
# docs/site/build.sh --ready: whether a Python on this machine has sphinx, myst_parser and furo.
set -euo pipefail
unset CDPATH
docs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import sphinx, myst_parser, furo' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [[ -z $python ]]; then
  [[ $1 == --ready ]] || echo "no Python here has sphinx, myst_parser and furo" >&2
  exit 77
fi
[[ $1 != --ready ]] || exit 0

program=$1 target=$2
if [[ -e $target && ! -f $target/searchindex.js && -n $(ls -A "$target") ]]; then
  echo "$target holds something else: nothing was written" >&2
  exit 1
fi
mkdir -p "$(dirname "$target")"
target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/pages/_static"
cp "$docs"/*.md "$docs"/site/{*.py,index.md} "$work/pages/"
cp "$docs/site/site.css" "$work/pages/_static/"
cp "$docs/../CONTRIBUTING.md" "$work/pages/contributing.md"
"$program" docs --pages "$work/pages/reference" --quiet
{
  printf '\n```{toctree}\n:hidden:\n\n'
  sed -n 's/^- \*\*\[.*](\([a-z_]*\.md\)).*/\1/p' "$work/pages/reference/index.md"
  printf '```\n'
} >>"$work/pages/reference/index.md"

# Fixed hashes keep the order of sets in the search index; the clock is not asked.
PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=0 PYTHONDONTWRITEBYTECODE=1 \
  "$python" -m sphinx -b html -W -n --keep-going -q -d "$work/state" "$work/pages" "$work/site" >&2
rm -f "$work/site/.buildinfo" "$work/site/objects.inv"
chmod 755 "$work/site"
rm -rf "$target"
mv "$work/site" "$target"
