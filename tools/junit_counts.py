#!/usr/bin/env python3
"""junit_counts.py FILE: names the tests that ctest skipped, then prints 'PASSED FAILED SKIPPED'.

A skip is what the test itself said (exit 77, GTEST_SKIP) or a disabled one. Any other test that did not run, such as
one that was never built, is a failure."""
import sys
import xml.etree.ElementTree as ET


def said_so(case):
    reason = case.find("skipped")
    return reason is not None and reason.get("message", "").startswith("SKIP_")


passed = failed = skipped = 0
for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
    status = case.get("status", "")
    if status == "run" and case.find("failure") is None:
        passed += 1
    elif status == "fail" or case.find("failure") is not None or (status == "notrun" and not said_so(case)):
        failed += 1
        print(f"FAILED  {case.get('name')}")
    else:  # notrun or disabled
        skipped += 1
        reason = case.find("skipped")
        print(f"SKIPPED {case.get('name')}: {reason.get('message') if reason is not None else status}")
print(passed, failed, skipped)
