#!/usr/bin/env python3
"""junit_counts.py tells a skip from a test that never ran: what was not built must not pass as skipped."""
import pathlib
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/junit_counts.py"
CASES = '''<testsuite>
<testcase name="sound" status="run"/>
<testcase name="broken" status="fail"><failure message="Failed"/></testcase>
<testcase name="skip.77" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="skip.gtest" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase name="off" status="disabled"><skipped message="Disabled"/></testcase>
<testcase name="unbuilt" status="notrun"><skipped message="Unable to find executable: /x/unit_base"/></testcase>
</testsuite>'''

with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "junit.xml"
    path.write_text(CASES)
    lines = subprocess.check_output([sys.executable, TOOL, path], text=True).splitlines()
assert lines[-1] == "1 2 3", lines
assert "FAILED  broken" in lines and "FAILED  unbuilt" in lines, lines
assert sum(line.startswith("SKIPPED skip.") or line.startswith("SKIPPED off") for line in lines) == 3, lines
print("passed")
