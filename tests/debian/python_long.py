#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's Python tests itself, the modules that take minutes: `make debian-test`."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
from debian import python_tests  # noqa: E402
from system import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(python_tests("long", 3600)))
