#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md shows is what the guest says."""
import importlib.machinery
import importlib.util
import sys

from system import TOP, expect_equal, main


def load_tool():
    loader = importlib.machinery.SourceFileLoader("transcript", str(TOP / "tools/transcript"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("transcript", loader))
    loader.exec_module(module)
    return module


def test_the_session_in_the_readme(arch):
    tool = load_tool()
    shown = (TOP / "docs/session.txt").read_text()
    expect_equal(tool.shape(shown.splitlines()), tool.shape(tool.record(arch)), "session")
    if shown not in (TOP / "README.md").read_text():
        raise AssertionError("README.md shows another session: run tools/transcript")


if __name__ == "__main__":
    sys.exit(main(globals()))
