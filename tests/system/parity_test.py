#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/test notices what is not alike on both architectures, and a program that ends early."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile

from system import ARCHES, TOP, expect_equal, main

LOADER = importlib.machinery.SourceFileLoader("gemel_test", str(TOP / "tools/test"))
RUNNER = importlib.util.module_from_spec(importlib.util.spec_from_loader("gemel_test", LOADER))
sys.dont_write_bytecode = True
LOADER.exec_module(RUNNER)


def findings(verdicts):
    """What the runner says of a run with these @verdicts."""
    tally = RUNNER.Tally()
    with contextlib.redirect_stdout(io.StringIO()):
        for name, passed in verdicts.items():
            tally.add(passed, name)
        RUNNER.check_parity(tally)
    return [line.split()[1] for line in tally.failures if line.startswith("FAIL parity/")]


def test_differences_fail(arch):
    """@arch is the one that differs."""
    machine, there = next(iter(ARCHES[arch].machines)), "amd64" if arch == "arm64" else "arm64"
    both = {"tree.check_tree": True}
    for name, spec in ARCHES.items():
        both |= {f"kernel/{name}/{kind}/1/suite.test": True for kind in spec.machines}
        both |= {f"{name}/4/suite.test": True, f"system/{name}/suite.test": True}
    expect_equal([], findings(both), "no difference")
    expect_equal(["parity/suite.test"], findings(both | {f"{arch}/4/suite.test": False}), "fails")
    for ring in (f"kernel/{arch}/{machine}/1", f"system/{arch}", f"{arch}/1"):
        found = findings(both | {f"{ring}/suite.only_here": True})
        expect_equal(1, len(found), f"missing on {there}: {found}")
    expect_equal([], findings({f"{arch}/4/suite.test": True}), "the other has not run")


def test_a_program_that_ends_early_fails(arch):
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "early_test.py"
        program.write_text(f"#!/bin/sh\necho ok early.first {arch}\nexit 3\n")
        program.chmod(0o755)
        tally = RUNNER.Tally()
        with contextlib.redirect_stdout(io.StringIO()):
            RUNNER.run_system(tally, program, arch)
    expect_equal((1, 1), (tally.passed, tally.failed), "passed and failed")


if __name__ == "__main__":
    sys.exit(main(globals()))
