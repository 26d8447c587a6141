"""Runs a language server over a folder and compares what it reports with what was planted.

    editor_check.py SERVER FOLDER

Every line of a Lua file in the folder that ends in "-- planted: ..." must be reported, and no other.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

program, folder = sys.argv[1:]
root = pathlib.Path(folder).resolve()
with tempfile.TemporaryDirectory() as work:
    out = pathlib.Path(work) / "problems.json"
    done = subprocess.run(
        [program, "--check", str(root), "--checklevel=Information", "--check_format=json",
         f"--check_out_path={out}", f"--logpath={work}"],
        capture_output=True, text=True, timeout=240)
    found = json.loads(out.read_text()) if out.exists() else {}
    if "Diagnosis complete" not in done.stdout:
        sys.exit(f"the server did not finish: {done.stdout[-500:]}{done.stderr[-500:]}")

reported = {}
for uri, problems in (found or {}).items():
    name = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path)).resolve()
    for problem in problems:
        place = (str(name.relative_to(root)), problem["range"]["start"]["line"] + 1)
        reported.setdefault(place, problem["message"].splitlines()[0])

planted = {
    (str(file.relative_to(root)), number)
    for file in root.rglob("*.lua") if ".impact" not in file.parts
    for number, line in enumerate(file.read_text().splitlines(), 1) if "-- planted:" in line}

for file, line in sorted(planted - reported.keys()):
    print(f"{file}:{line} is not reported")
for file, line in sorted(reported.keys() - planted):
    print(f"{file}:{line} is reported: {reported[file, line]}")
print(f"{len(planted & reported.keys())} of {len(planted)} planted mistakes reported")
sys.exit(planted != reported.keys())
