#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The system-call fuzzer works, guided by coverage, and finds nothing in a short run."""
import re
import subprocess
import sys

from system import TOP, Failure, expect_match, main

SECONDS = 15


def test_fuzz_system_calls(arch):
    subprocess.run(["make", "-s", f"ARCH={arch}", "DEBUG=1", "kernel", "image"], cwd=TOP,
                   check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([TOP / "tools/fuzz", "--arch", arch, "--seconds", str(SECONDS)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        found = max(done.stdout.find("FOUND"), 0)
        raise Failure(f"status {done.returncode}: {done.stdout[found:][:8000]}")
    expect_match("(?m)^ok callfuzz: seed 1$", done.stdout)
    *_, told = re.finditer(r"(\d+) executions, (\d+) edges, (\d+) kept", done.stdout)
    runs, edges, kept = map(int, told.groups())
    # The first program alone meets some hundred; nothing is kept without coverage.
    if not (runs > 1 and edges > 300 and 1 < kept <= runs):
        raise Failure(told[0])


if __name__ == "__main__":
    sys.exit(main(globals()))
