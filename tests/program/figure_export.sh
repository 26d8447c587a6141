#!/usr/bin/env bash
# Every kind of figure becomes an SVG without a complaint of Vega, one a PNG; what is missing or
# wrong is said in a sentence.
tests=$PWD/engine_tests
source "$IMPACT_SOURCE/tests/support/program.sh"
command -v node >/dev/null && [[ -x $tests ]] || exit 77
libraries=$IMPACT_SOURCE/.deps/vega
[[ -f $libraries/vega-lite.min.js ]] || exit 77
export_figures=(node "$IMPACT_SOURCE/engine/render/export/figure_export.cjs")

mkdir specs
IMPACT_GALLERY=$work/specs "$tests" "every kind is drawn*" >tests.log || fail "the gallery is not drawn"
specs=(specs/*.vl.json)
((${#specs[@]} > 40)) || fail "only ${#specs[@]} figures"
"${export_figures[@]}" "$libraries" svg out "${specs[@]}" || fail "not every figure becomes an SVG"
for spec in "${specs[@]}"; do
  svg=out/$(basename "$spec" .vl.json).svg
  [[ -s $svg ]] || fail "$svg is missing"
  grep -qE 'NaN|undefined' "$svg" && fail "$svg holds NaN or undefined"
  grep -q 'href="http' "$svg" && fail "$svg links somewhere"
done
"${export_figures[@]}" "$libraries" svg again specs/bar.vl.json && cmp out/bar.svg again/bar.svg ||
  fail "the same figure gives other bytes"

if command -v chromium >/dev/null; then
  "${export_figures[@]}" "$libraries" png out specs/box.vl.json || fail "no PNG"
  [[ $(head -c 4 out/box.png | tail -c 3) == PNG ]] || fail "out/box.png is no PNG"
fi

# sentence CODE TEXT ARGUMENT…: it exits with CODE and says TEXT.
sentence() {
  local code=$1 text=$2
  shift 2
  "${export_figures[@]}" "$@" 2>said.log
  local got=$?
  [[ $got == "$code" ]] || fail "exit code $got, not $code: $*"
  grep -q "$text" said.log || fail "not said: $text"
}
sentence 2 usage "$libraries" svg
sentence 2 usage "$libraries" gif out specs/bar.vl.json
sentence 3 "impact setup" "$work" svg out specs/bar.vl.json
echo '{"mark": "bar", "encoding": {}, "data": {"url": "file:///etc/passwd"}}' >bad.vl.json
sentence 1 "cannot be drawn" "$libraries" svg out bad.vl.json
echo '{' >broken.vl.json
sentence 1 "broken.vl.json cannot be drawn" "$libraries" svg out broken.vl.json
exit $((failures > 0))
