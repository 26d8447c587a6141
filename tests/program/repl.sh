#!/bin/bash
# Somebody who knows Lua but not this program: opens the prompt in a terminal, follows the tutorial,
# loads a file, explores, plots, fits, saves a study, leaves and runs it.
set -u
command -v tmux >/dev/null || { echo "needs tmux"; exit 77; }
. "$IMPACT_SOURCE/tests/support/program.sh"
export HOME=$work/home LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME TMUX IMPACT_DATA NO_COLOR PAGER BROWSER
mkdir "$HOME"
readonly SOCKET=impact-$$
trap 'tmux -L "$SOCKET" kill-server 2>/dev/null; rm -rf "$work"' EXIT

tm() { tmux -L "$SOCKET" "$@"; }
keys() { tm send-keys -t t "$@"; }
line() {
  tm send-keys -t t -l "$1"
  keys Enter
}
# What the screen shows, without trailing blanks.
screen() { tm capture-pane -t t -p "$@"; }

# expect NAME PATTERN: the screen shows it within ten seconds.
expect() {
  local i
  for ((i = 0; i < 200; ++i)); do
    screen | grep -Eq -- "$2" && return 0
    sleep 0.05
  done
  fail "$1: no '$2' on the screen:"
  screen | grep -v '^$' | tail -n 30
  return 1
}
# The prompt waits, at the end of the screen.
ready() {
  local i
  for ((i = 0; i < 200; ++i)); do
    [ "$(screen | grep -v '^$' | tail -n 1)" = "impact>" ] && return 0
    sleep 0.05
  done
  fail "$1: the prompt does not come back"
  return 1
}
# do_line NAME TEXT PATTERN: a line on a cleared screen, and what it shows.
do_line() {
  keys C-l
  line "$2"
  expect "$1" "$3"
  ready "$1"
}

tm new-session -d -s t -x 100 -y 45 "$IMPACT"
expect "open" '^impact>' || exit 1
expect "greeting" 'tutorial\(\) to begin'
do_line "tutorial" 'tutorial()' '1 of 5'
do_line "sample" '.sample videos.csv' '400 invented videos'

# The file's name comes from Tab.
keys C-l
tm send-keys -t t -l 'videos = csv "vid'
keys Tab
expect "completing a file" 'csv "videos.csv"$'
keys Enter
ready "load"
do_line "echo" 'videos' '400 rows'
expect "columns and types" 'creator|tier'
keys C-l
tm send-keys -t t -l 'videos.'
keys Tab Tab
expect "completing columns" 'log_views +tier'
keys C-c
do_line "help" '?Table:head' 'head'
do_line "typo" 'videos.vievs' "did you mean 'views'"
expect "caret" '\^\^\^\^\^'
do_line "summary" 'videos:summarise { by = videos.tier, videos.views:mean():as "mean", count():as "n" }' '3 rows'

# A loop over several lines, then pasted as one.
keys C-l
line 'for i = 1, 2 do'
line '  print("turn", i)'
line 'end'
expect "several lines" 'turn +2'
ready "several lines"
printf 'for i = 3, 4 do\n  print("pasted", i)\nend' >paste.txt
tm load-buffer -b b paste.txt
keys C-l
tm paste-buffer -p -b b -t t
keys Enter
expect "paste" '^pasted +4'
ready "paste"
[ "$(screen | grep -Ec '^pasted +3')" = 1 ] || fail "a paste runs more than once"

do_line "plot" 'plot.histogram { of = videos.views, x_scale = "log" }' 'views'
screen >plot.txt
do_line "fit" 'gap = stats.welch { of = videos.log_views, by = videos.caption:between("positive", "neutral") }' 'gap'
do_line "estimates" 'gap' 'positive - neutral'
do_line "regression" 'stats.ols(videos.log_views ~ videos.caption + videos.tier)' 'caption\[positive\]'

# Ctrl-C stops Lua and the engine, and the names are still there.
for endless in 'while true do end' \
  'sql("SELECT count(*) AS n FROM range(3000000) a, range(300000) b WHERE a.range > b.range", {})'; do
  keys C-l
  line "$endless"
  sleep 0.7
  from=${EPOCHREALTIME/[.,]/}
  keys C-c
  expect "Ctrl-C" '^interrupted'
  ready "Ctrl-C"
  echo "back $(((${EPOCHREALTIME/[.,]/} - from) / 1000)) ms after Ctrl-C (seen through tmux)"
done
do_line "names are kept" '#videos:column_names()' '^7'

# Ctrl-R finds what was typed.
keys C-l
keys C-r
tm send-keys -t t -l 'x_scale'
expect "search" 'plot.histogram'
keys C-g
keys C-c
ready "search"

do_line "save" '.save first.lua' 'impact run first.lua'
keys C-l
keys C-d
sleep 0.5
tm kill-server 2>/dev/null
grep -q 'FROM range' first.lua && fail "what was interrupted is saved"
timeout 60 "$IMPACT" run first.lua >run.txt 2>&1 || fail "the saved study: $(cat run.txt first.lua)"
grep -q '"positive - neutral"' runs/first/results.json || fail "no estimate of the saved study"
[ -s runs/first/report.html ] || fail "no report of the saved study"

# Another day: the history is there, a light terminal of 40 columns, no colours when unwanted.
tm new-session -d -s t -x 40 -y 20 "NO_COLOR=1 $IMPACT --quiet"
expect "again" '^impact>'
keys Up
expect "history" 'save first.lua'
keys C-c
line 'videos = csv "videos.csv"'
do_line "narrow" 'videos' 'rows'
screen -e | grep -q $'\033\[' && fail "colours in spite of NO_COLOR"
keys C-d
sleep 0.3
tm kill-server 2>/dev/null
[ "$(stat -c %a "$HOME"/.local/state/impactlytics/history/*)" = 600 ] || fail "others may read the history"

# Without a terminal: a script from the pipe.
[ "$(echo 'print(6 * 7)' | "$IMPACT")" = 42 ] || fail "a script from the pipe"
printf 'local t = 1\nprint(t.x.y)\n' | "$IMPACT" >out.txt 2>err.txt && fail "an error in the pipe ends with 0"
grep -q '^stdin:2: ' err.txt || fail "an error in the pipe: $(cat err.txt)"

command -v python3 >/dev/null && {
  python3 "$IMPACT_SOURCE/tests/support/fuzz_prompt.py" "$IMPACT" || fail "keys at random"
}
exit $((failures > 0))
