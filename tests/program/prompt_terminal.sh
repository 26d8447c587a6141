#!/bin/bash
# The prompt and its terminal: signals leave it as it was, keys, terminals that understand nothing,
# settings edited by hand.
set -u
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
. "$IMPACT_SOURCE/tests/support/program.sh"
export HOME=$work/home LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME TMUX IMPACT_DATA NO_COLOR PAGER BROWSER
mkdir "$HOME"
python3 "$IMPACT_SOURCE/tests/support/prompt_terminal.py" "$IMPACT" || fail "the prompt in a terminal"
exit $((failures > 0))
