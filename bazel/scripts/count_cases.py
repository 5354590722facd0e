"""Counts test cases of one `bazel test` run: count_cases.py STATUS EVENTS prints "PASSED FAILED".

EVENTS is Bazel's build event file (--build_event_json_file), STATUS Bazel's exit status. Cases are the lines that cmocka
prints ("[       OK ] name"); a test without such lines is one case. A case that began and said no more, a failed test
whose log blames no case, and a target that did not build are one failure each; their names go to standard error.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

RUN = re.compile(r"^\[ RUN      \] (.*)$", re.MULTILINE)
OK = re.compile(r"^\[       OK \] (.*)$", re.MULTILINE)
FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test\(s\))(.*)$", re.MULTILINE)
SKIPPED = re.compile(r"^\[  SKIPPED \] (?!\d+ test\(s\))(.*)$", re.MULTILINE)


def read_log(outputs):
    for output in outputs:
        if output.get("name") == "test.log" and output.get("uri", "").startswith("file:"):
            path = Path(unquote(urlparse(output["uri"]).path))
            if path.exists():
                return path.read_text(errors="replace")
    return ""


def count_log(text, passed_as_a_whole):
    """Returns (passed, failed) of one test's log."""
    passed = len(OK.findall(text))
    blamed = len(set(FAILED.findall(text)))
    silent = len(RUN.findall(text)) - passed - len(set(SKIPPED.findall(text)))
    failed = max(blamed, silent, 0)
    if passed_as_a_whole:
        return (passed or int(failed == 0), failed)
    return (passed, max(failed, 1))


def main():
    status, events = int(sys.argv[1]), sys.argv[2]
    passed = failed = 0
    attempts = {}
    lines = Path(events).read_text(errors="replace").splitlines() if Path(events).exists() else []
    for line in lines:
        event = json.loads(line)
        name = event.get("id", {})
        if "testResult" in name:
            key = (name["testResult"]["label"], name["testResult"].get("run"), name["testResult"].get("shard"))
            attempts[key] = event.get("testResult", {})
        elif "targetCompleted" in name and not event.get("completed", {}).get("success", False):
            failed += 1
            print("did not build: " + name["targetCompleted"]["label"], file=sys.stderr)
    for key, result in attempts.items():
        good = result.get("status") == "PASSED"
        counts = count_log(read_log(result.get("testActionOutput", [])), good)
        passed += counts[0]
        failed += counts[1]
        if counts[1]:
            print("failed: %s (%s)" % (key[0], result.get("status")), file=sys.stderr)
    if (status != 0 or not lines) and failed == 0:
        failed = 1
        print("bazel ended with status %d" % status, file=sys.stderr)
    print(passed, failed)


main()
