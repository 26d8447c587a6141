#!/usr/bin/env bash
# The launcher with invented package managers: a copy of it in a scratch folder, a PATH of chosen
# tools, and fakes of apt-get, dpkg-query, npm and cmake that note how they were called.
set -euo pipefail
source_root=${IMPACT_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
failures=0

# check TEXT COMMAND…
check() {
  local text=$1
  shift
  if ! "$@"; then
    printf 'FAILED: %s (%s)\n' "$text" "$*" >&2
    sed 's/^/  | /' "$scratch/out" "$scratch/err" >&2 || true
    failures=$((failures + 1))
  fi
}

says() { grep -qF -- "$1" "$scratch/err"; }
silent() { [[ ! -s $scratch/err ]]; }
prints() { [[ $(<"$scratch/out") == "$1" ]]; }
calls() { [[ $(grep -c "^$1" "$calls" || true) == "$2" ]]; }
no_scratch_left() { [[ -z $(find "$root/.deps" -name 'fetch.*') ]]; }
one_error() { [[ $(grep -c '' "$scratch/err") -ge 1 && $(tail -n 1 "$scratch/err") == "impact: "* ]]; }

# run EXPECTED-STATUS COMMAND…: output in out and err.
run() {
  local expected=$1 status=0
  shift
  PATH=$bin "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
  check "exit status $expected, got $status" [ "$status" -eq "$expected" ]
}

fake() {
  cat >"$bin/$1"
  chmod 755 "$bin/$1"
}

# A new folder (its path has a space), tools, and a lock file that pins two invented packages.
fresh_folder() {
  cd "$scratch"
  rm -rf "$scratch/a folder" "$scratch/bin"
  root="$scratch/a folder"
  bin=$scratch/bin
  calls=$scratch/calls
  mkdir -p "$root"/{engine,bindings,stdlib} "$bin" "$scratch/pack/package"
  : >"$calls"
  : >"$scratch/installed"
  chmod 666 "$calls" "$scratch/installed"
  cp "$source_root/impact" "$root/impact"
  : >"$root/CMakeLists.txt"
  : >"$root/CMakePresets.json"
  local tool
  for tool in bash env readlink dirname find sed awk tr grep tail mktemp rm mv mkdir cut base64 \
    sha256sum sha512sum tar gzip tee uname flock cat cp chmod sleep touch; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
  done

  printf 'library' >"$scratch/pack/package/libduckdb.so"
  printf 'header' >"$scratch/pack/package/duckdb.h"
  tar -czf "$scratch/pack.tgz" -C "$scratch/pack" package
  local sha256 integrity
  sha256=$(sha256sum <"$scratch/pack.tgz" | cut -d' ' -f1)
  integrity=sha512-$(sha512sum <"$scratch/pack.tgz" | cut -d' ' -f1 | sed 's/../\\x&/g' |
    { read -r hex && printf '%b' "$hex"; } | base64 -w0)
  cat >"$root/dependencies.lock" <<EOF
package cmake cmake
package libthing-dev thing/no_such_header.h
fetcher npm npm
npm $(uname -s)-$(uname -m) lib@1.0.0 package/libduckdb.so duckdb/lib/libduckdb.so $integrity $sha256
npm other-machine elsewhere@1.0.0 package/libduckdb.so duckdb/lib/libduckdb.so $integrity $sha256
npm any header@1.0.0 package/duckdb.h duckdb/include/duckdb.h $integrity $sha256
site renderer
site theme
EOF

  fake dpkg-query <<EOF
#!$BASH
echo "installed:base-files"
while read -r package; do echo "installed:\$package"; done <"$scratch/installed"
EOF
  fake apt-get <<EOF
#!$BASH
echo "apt-get \$*" >>"$calls"
[[ \$1 == install ]] || exit 0
printf '%s\n' "\${@: -2}" >>"$scratch/installed"
EOF
  fake npm <<EOF
#!$BASH
echo "npm \$*" >>"$calls"
cp "$scratch/pack.tgz" "\$PWD/fetched.tgz"
EOF
  fake cmake <<EOF
#!$BASH
echo "cmake \$*" >>"$calls"
if [[ \$1 == --build ]]; then
  mkdir -p "$root/build/release"
  printf '#!%s\nprintf "%%s|" "\$PWD" "\$@"\n' "$BASH" >"$root/build/release/impact"
  chmod 755 "$root/build/release/impact"
else
  mkdir -p "$root/build/release"
fi
EOF
}

installed() { printf 'cmake\nlibthing-dev\n' >"$scratch/installed"; }

as_root=(env)
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if ((EUID == 0)); then nobody=1; else nobody=0; fi

# First call: installs, fetches, builds, hands over in the caller's folder with all arguments.
if ((EUID == 0)); then
  fresh_folder
  cd "$scratch"
  run 0 "${as_root[@]}" "$root/impact" run "x y" ''
  check "the program gets folder and arguments" prints "$scratch|run|x y||"
  check "installs what is missing" grep -qx 'apt-get install -y --no-install-recommends cmake libthing-dev' "$calls"
  check "fetches this machine's packages" calls npm 2
  check "no package script runs" grep -q '^npm pack .*--ignore-scripts.* lib@1.0.0$' "$calls"
  check "builds the program only" grep -qx 'cmake --build --preset release --target impact' "$calls"
  check "unpacks the library" [ "$(<"$root/.deps/duckdb/lib/libduckdb.so")" = library ]
  check "leaves no scratch folder" no_scratch_left
fi

# Later calls touch nothing; through a link, from elsewhere, by relative path.
fresh_folder
installed
run 0 "$root/impact"
: >"$calls"
mkdir -p "$scratch/elsewhere"
ln -sfn "$root/impact" "$scratch/elsewhere/link"
cd "$scratch/elsewhere"
run 0 ./link a
check "a later call only runs the program" prints "$scratch/elsewhere|a|"
check "a later call calls nothing" [ ! -s "$calls" ]
check "a later call is silent" silent
cd "$root"
run 0 bash impact b
check "a bare name works" prints "$root|b|"

# A changed source builds again, without fetching; a network is not needed.
fake npm <<<'exit 1'
touch -d '+2 seconds' "$root/engine/new.cpp"
run 0 ./impact
check "a new source builds again" calls 'cmake --build' 1
touch "$root/engine/new.cpp"

# A fetched file that was lost is fetched again, and another pin replaces it.
fresh_folder
installed
cd "$root"
run 0 ./impact setup
rm "$root/.deps/duckdb/lib/libduckdb.so"
: >"$calls"
run 0 ./impact setup
check "a lost file is fetched again, and only that" calls npm 1

# A tarball with other bytes never arrives.
fresh_folder
installed
cd "$root"
sed -i 's/^\(npm any .* \)[0-9a-f]\{64\}$/\1'"$(printf '0%.0s' {1..64})"'/' dependencies.lock
run 1 ./impact
check "a wrong checksum is named" says 'header@1.0.0 is not the pinned file'
check "a wrong file is not kept" [ ! -e .deps/duckdb/include/duckdb.h ]
check "nothing half-written" no_scratch_left
check "nothing is built" calls cmake 0

fresh_folder
installed
cd "$root"
sed -i 's/^\(npm any .*\)sha512-[^ ]*/\1sha512-AAAA/' dependencies.lock
run 1 ./impact
check "a wrong integrity is named too" says 'header@1.0.0 is not the pinned file'

# No network: one sentence, and the next call with a network finishes the job.
fresh_folder
installed
cd "$root"
cp "$bin/npm" "$scratch/good_npm"
fake npm <<<$'#!'"$BASH"$'\necho "network is unreachable" >&2\nexit 1'
run 1 ./impact
check "no network is explained" says 'could not be fetched with npm (is there a network?)'
check "ends with one sentence" one_error
check "nothing half-written" no_scratch_left
cp "$scratch/good_npm" "$bin/npm"
run 0 ./impact
check "the next call finishes" prints "$root|"

# Killed in the middle of a fetch: the next call cleans up and fetches.
fresh_folder
installed
cd "$root"
cp "$bin/npm" "$scratch/good_npm"
fake npm <<EOF
#!$BASH
printf partial >fetched.tgz
: >"$scratch/fetching"
sleep 1
EOF
rm -f "$scratch/fetching"
PATH=$bin ./impact >/dev/null 2>&1 </dev/null &
launcher=$!
for _ in {1..100}; do
  [[ ! -e $scratch/fetching ]] || break
  sleep 0.02
done
kill -KILL "$launcher"
wait "$launcher" 2>/dev/null || true
check "an interrupted fetch leaves no file in place" [ ! -e .deps/duckdb/lib/libduckdb.so ]
cp "$scratch/good_npm" "$bin/npm"
run 0 ./impact
check "the next call starts over" prints "$root|"
check "and cleans up" no_scratch_left

# No rights, and no Debian: one sentence with the packages, exit 1, nothing called.
if ((nobody)) && command -v setpriv >/dev/null; then
  ln -sf "$(command -v setpriv)" "$scratch/setpriv"
  fresh_folder
  chmod -R a+rwX "$root"
  run 1 "$scratch/setpriv" "${as_nobody[@]:1}" "$root/impact"
  check "no rights: names the command" says 'need an administrator: apt-get install cmake libthing-dev'
  check "no rights: no apt-get call" calls apt-get 0
  check "no rights: one line" [ "$(grep -c '' "$scratch/err")" -eq 1 ]
  fresh_folder
  run 1 "$scratch/setpriv" "${as_nobody[@]:1}" "$root/impact"
  check "a folder that cannot be written is named" says 'cannot be written to'
fi
fresh_folder
rm "$bin/apt-get" "$bin/dpkg-query"
run 1 "$root/impact"
check "elsewhere: names what is missing" says 'please install what Debian calls: libthing-dev'
check "elsewhere: one line" [ "$(grep -c '' "$scratch/err")" -eq 1 ]

# A build that fails: the end of the log and where it is; no stamp, so the next call tries again.
fresh_folder
installed
cd "$root"
fake cmake <<<$'#!'"$BASH"$'\n[[ $1 == --build ]] || { mkdir -p build/release; exit 0; }\necho "error: broken source"\nexit 1'
run 1 ./impact
check "shows the compiler's words" says 'error: broken source'
check "says where the log is" says "the whole log is in $root/build/setup.log"
check "leaves no stamp" [ ! -e build/release/launcher.stamp ]

# The documentation: its packages come with it alone, once, and it is rendered by the program.
if ((EUID == 0)); then
  fresh_folder
  installed
  cd "$root"
  run 0 ./impact setup
  check "a set-up does without the renderer" calls apt-get 0
  mkdir -p docs/site
  cat >docs/site/build.sh <<EOF
#!$BASH
[[ \$1 != --ready ]] || exec grep -qx theme "$scratch/installed"
echo "rendered \$*" >>"$calls"
EOF
  chmod 755 docs/site/build.sh
  run 0 ./impact site
  check "installs the renderer" \
    grep -qx 'apt-get install -y --no-install-recommends renderer theme' "$calls"
  check "says where to begin" prints "$root/build/site/index.html"
  check "renders with the program" \
    grep -qx "rendered $root/build/release/impact $root/build/site" "$calls"
  run 0 ./impact site elsewhere
  check "installs once" calls 'apt-get install' 1
  check "renders where it is told" prints "elsewhere/index.html"
  run 1 ./impact site a b
  check "says how it is called" says 'usage: ./impact site [DIR]'
fi

# Two at once: one sets up, the other waits and finds everything done.
fresh_folder
installed
cd "$root"
sed -i '2i sleep 0.3' "$bin/npm"
PATH=$bin ./impact first >"$scratch/out1" 2>&1 </dev/null &
first=$!
run 0 ./impact second
wait "$first" || failures=$((failures + 1))
check "two at once fetch once" calls npm 2
check "two at once build once" calls 'cmake --build' 1
check "both run" grep -q 'first|$' "$scratch/out1"
check "both run" grep -q 'second|$' "$scratch/out"

if ((failures)); then
  echo "$failures checks failed" >&2
  exit 1
fi
echo "ok"
