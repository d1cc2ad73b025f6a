#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What starting and the commonest services cost, in instructions: within the limits, and as
README.md says."""
import subprocess
import sys

from system import TOP, Failure, main

LIMIT_S = 300


def test_costs_are_within_limits_and_as_the_readme_says(arch):
    done = subprocess.run([TOP / "tools/bench-boot", "--arch", arch, "--check"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT_S)
    if done.returncode != 0:
        raise Failure(done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(main(globals()))
