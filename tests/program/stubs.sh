#!/usr/bin/env bash
# Editor stubs with the real language server (tried with lua-language-server 3.19.1): scripts that
# are right give no warning, planted mistakes are reported at their lines, completion offers what
# there is.
set -u
source "${BASH_SOURCE[0]%/*}/../support/program.sh"

# What needs no server: the files themselves.
"$IMPACT" stubs >said.txt || fail "stubs: exit code"
grep -q '^.impact/stubs/impact.lua: ' said.txt || fail "stubs does not say what it wrote"
python3 -m json.tool .luarc.json >/dev/null || fail "stubs: no settings"
cp .impact/stubs/impact.lua first.lua
echo '{}' >.luarc.json
"$IMPACT" stubs --quiet >said.txt && [ ! -s said.txt ] || fail "stubs --quiet speaks"
cmp -s first.lua .impact/stubs/impact.lua || fail "stubs differ the second time"
[ "$(cat .luarc.json)" = '{}' ] || fail "stubs changed settings that were there"
"$IMPACT" stubs elsewhere --quiet && cmp -s first.lua elsewhere/impact.lua || fail "stubs DIR"
touch file && "$IMPACT" stubs file 2>err.txt && fail "stubs into a file"
grep -q "can't make the folder" err.txt || fail "stubs into a file: $(cat err.txt)"
"$IMPACT" new hello --quiet
cmp -s first.lua hello/.impact/stubs/impact.lua || fail "new: no stubs"
((failures)) && exit 1

server=$(command -v lua-language-server) || {
  echo "needs lua-language-server; the files were looked at"
  exit 77
}

support=$IMPACT_SOURCE/tests/support
python3 "$support/editor_check.py" "$server" hello || fail "a new study"

mkdir all
cp -r hello/.impact hello/.luarc.json "$IMPACT_SOURCE/examples" "$IMPACT_SOURCE/scripts" all
python3 "$support/editor_check.py" "$server" all || fail "examples and scripts"

# Every function's own example.
mkdir described
cp -r hello/.impact hello/.luarc.json described
"$IMPACT" docs --json | python3 -c '
import json, re, sys
for place, it in enumerate(json.load(sys.stdin)["functions"]):
    name = re.sub(r"\W", "_", it["name"])
    with open(f"described/{place}_{name}.lua", "w") as file:
        file.write(it["example"] + "\n")'
[ "$(find described -name '*.lua' | wc -l)" -gt 300 ] || fail "examples of functions: too few"
python3 "$support/editor_check.py" "$server" described || fail "examples of functions"

mkdir planted
cp -r hello/.impact hello/.luarc.json "$support/bad/planted.lua" planted
python3 "$support/editor_check.py" "$server" planted || fail "planted mistakes"

mkdir typed
cp -r hello/.impact hello/.luarc.json typed
cat >typed/a.lua <<'END'
local t <const> = frame { { "x", { 1, 2 } } }
local a <const> = stats.welch {  }
local b <const> = t:join(t, { kind = "" })
local S <const> = study "s" { version = "0.1.0",  }
S:source "v" {  }
t:
END
python3 "$support/editor_session.py" "$server" typed a.lua 2:32 3:39 4:49 5:16 6:3 >offered.txt
offers() { # PLACE WORD...
  local place=$1 word
  shift
  for word; do
    grep "^$place	" offered.txt | tr '\t' ' ' | grep -qF -- " $word" ||
      fail "at $place '$word' is not offered: $(grep "^$place" offered.txt)"
  done
}
offers 2:32 of by conf_level
offers 3:39 '"left"' '"anti"'
offers 4:49 seed question
offers 5:16 csv expect
offers 6:3 'head(' 'summarise(' 'count_rows('
exit $((failures > 0))
