# For tests of the program: a folder of its own, the current one, with a cache inside that goes away
# at the end; fail TEXT counts what went wrong. A test ends with: exit $((failures > 0))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache
cd "$work" || exit 1
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}
