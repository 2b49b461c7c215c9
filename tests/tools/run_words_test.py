#!/usr/bin/env python3
"""./run gives the demo no words that were meant for another verb: it says where those go, and builds nothing."""
import pathlib
import subprocess

RUN = pathlib.Path(__file__).resolve().parents[2] / "run"

done = subprocess.run([RUN, "lookup", "example.org"], capture_output=True, text=True, check=False, timeout=20)
assert done.returncode == 2 and not done.stdout, done
assert "./run -- lookup example.org" in done.stderr, done.stderr
assert "./run -- ARGS" in subprocess.check_output([RUN, "--help"], text=True)
print("passed")
