#!/usr/bin/env bash
# Formatting and house rules over the tracked files; prints every offence, exits 1 if there is one.
#   tests/lint.sh          check
#   tests/lint.sh --fix    let clang-format rewrite what it would complain of, then check
# clang-format and luacheck are left out where they are missing, except in CI.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export LC_ALL=C.UTF-8
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || exit 77

offences=0

# offence RULE TEXT: TEXT holds the places, nothing if there are none.
offence() {
  [[ -n $2 ]] || return 0
  printf '%s:\n%s\n\n' "$1" "$2"
  offences=1
}

# files PATTERN…: the tracked and the new, unignored files that match and still exist.
files() {
  git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
    [[ -f $file ]] && printf '%s\n' "$file"
  done | sort -u
}

# found REGEX PATTERN…: the lines of those files that match.
found() {
  local regex=$1
  shift
  files "$@" | xargs -r -d '\n' grep -nHIiE -- "$regex"
}

have() {
  command -v "$1" >/dev/null && return 0
  if [[ -n ${CI:-} ]]; then
    offence "a tool of the lint is missing" "$1"
  else
    echo "left out, not installed: $1"
  fi
  return 1
}

sources=('*.cpp' '*.h')
engine=('engine/*' 'tests/engine/*')

if [[ ${1:-} == --fix ]]; then
  files "${sources[@]}" | xargs -r -d '\n' clang-format -i || exit 1
fi

offence "the engine knows nothing of Lua" "$(found '(^|[^a-z])lua|lua(_|\.h)' "${engine[@]}")"
offence "chance comes from the project's own streams only" "$(found \
  'random_device|mt19937|minstd_rand|std::shuffle|std::[a-z_]+_distribution|[^a-z_]s?rand\(|[^a-z_.]time\(' \
  'engine/*.cpp' 'engine/*.h')"
offence "only the guard raises Lua errors" "$(found \
  'luaL_check[a-z]*|luaL_opt[a-z]*|luaL_arg[a-z]*|luaL_error|lua_error' 'bindings/*.cpp' 'bindings/*.h' |
  grep -vE '^bindings/(.*/)?guard\.(cpp|h):')"
offence "catch (...) swallows Lua errors" "$(found 'catch *\( *\.\.\. *\)' 'bindings/*.cpp' 'bindings/*.h')"
offence "more than 500 lines" "$(files "${sources[@]}" '*.lua' | xargs -r -d '\n' wc -l |
  awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }')"
offence "longer than 100 characters" "$(found '^.{101,}' "${sources[@]}" '*.lua' |
  cut -c1-90)"
offence "no #pragma once" "$(files '*.h' | xargs -r -d '\n' grep -L '^#pragma once$')"
# The linker would take one for the other.
offence "a type defined twice in one namespace" "$(files 'engine/*.h' 'bindings/*.h' 'tests/*.h' |
  xargs -r -d '\n' awk '
    FNR == 1 { space = ""; own = 0 }
    /^namespace \{/ { own = 1 }
    /^\}  \/\/ namespace$/ { own = 0 }
    /^namespace [a-z:]+ \{/ { space = space "::" $2 }
    /^\}  \/\/ namespace/ { sub(/::[^:]*(::detail)?$/, "", space) }
    /^(struct|class|enum class) [A-Za-z0-9]+[^;]*\{/ {
      name = $1 == "enum" ? $3 : $2
      if ($0 !~ /</ && !own && seen[space "::" name]++) print FILENAME ": " space "::" name
    }')"
offence "white space at the end of a line" "$(found '[[:blank:]]+$' "${sources[@]}" '*.lua' '*.sh' \
  '*.cmake' '*CMakeLists.txt' impact .ci/run | cut -c1-90)"
offence "a source that belongs to no target" "$(files '*.cpp' |
  grep -vE '^(engine|bindings|tests/(engine|bindings|support|bench))/')"
offence "left-over marker" "$(found '(^|[^a-z])(TODO|FIXME|XXX|HACK)([^a-z]|$)' \
  "${sources[@]}" '*.lua' '*.sh' '*.cmake' '*CMakeLists.txt' '*.md' | grep -v '^tests/lint\.sh:')"

if have clang-format; then
  # Other major versions lay some lines out differently.
  if [[ $(clang-format --version) == *"version 14."* ]]; then
    offence "clang-format (tests/lint.sh --fix)" "$(files "${sources[@]}" |
      xargs -r -d '\n' clang-format --dry-run -Werror 2>&1 | grep ': error: code should' |
      cut -d: -f1,2 | sort -u)"
  else
    echo "left out, not version 14: clang-format"
  fi
fi
if have luacheck; then
  # Sources that are wrong on purpose are no code of the house.
  lua_files=$(files '*.lua' | grep -v '^tests/.*/bad/')
  if [[ -n $lua_files ]]; then
    offence "luacheck" "$(xargs -r -d '\n' luacheck --quiet --no-color --codes <<<"$lua_files" |
      grep -E '^ +[^ ]+:[0-9]+:' )"
  fi
fi

if ((offences)); then exit 1; fi
echo "clean"
