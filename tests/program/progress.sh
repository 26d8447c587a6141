#!/bin/bash
# The line about progress and what else a terminal shows.
set -u
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
. "$IMPACT_SOURCE/tests/support/program.sh"
export HOME=$work/home LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME IMPACT_DATA
mkdir "$HOME"
python3 "$IMPACT_SOURCE/tests/support/progress_terminal.py" "$IMPACT" || fail "progress"
exit $((failures > 0))
