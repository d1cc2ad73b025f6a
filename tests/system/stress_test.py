#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every stress program for a few seconds on 4 processors: nothing lost, nothing leaked.
`make stress` runs the same for 10 minutes each."""
import subprocess

from system import TOP, Failure, main

SECONDS = 3


def test_every_area(arch):
    done = subprocess.run([TOP / "tools/stress", "--arch", arch, "--seconds", str(SECONDS)],
                          text=True, capture_output=True)
    if done.returncode:
        raise Failure(repr((done.stdout + done.stderr)[-2000:]))


if __name__ == "__main__":
    main(globals())
