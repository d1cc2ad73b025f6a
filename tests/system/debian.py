# SPDX-License-Identifier: MIT
"""Debian's programs in a guest, for the tests that are about them.

`make debian-image` makes the image.  Python's own tests run by `python3 -m test -v` and are
counted: tests/debian/python says how many of each module must run and how many of these may be
skipped (tests for other systems, mostly), so that nothing is lost in silence.  Words behind the
numbers are the classes of the module that run, when these are not all.
"""
import re
import subprocess

from system import EXTRA, TOP, Failure, expect_equal

LIST = TOP / "tests/debian/python"
IGNORED = TOP / "tests/debian/python-ignored"
MODULE = re.compile(r"\d+:\d+:\d+ .*\[ *\d+/\d+(?:/\d+)?\] (test_\w+)")
RAN = re.compile(r"Ran (\d+) tests? in ")
VERDICT = re.compile(r"(OK|FAILED)(?: \((.*)\))?")
TROUBLE = re.compile(r"(?:ERROR|FAIL): .*")


def rows(path):
    """The lines of a list, without comments, as words."""
    lines = [line.partition("#")[0].split() for line in path.read_text().splitlines()]
    return [words for words in lines if words]


def modules(ring):
    """{module: (tests that run, tests skipped among them, classes)} of a ring: short or long."""
    return {name: (int(ran), int(skipped), classes)
            for which, name, ran, skipped, *classes in rows(LIST) if which == ring}


def command_in_debian(arch, command, timeout, *options):
    """Run a shell command in a guest with Debian's root: its status and output."""
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--mem", "768M", "--timeout",
                           str(timeout), "--disk", TOP / "build" / arch / "debian.img", *EXTRA,
                           *options, "-c", command], capture_output=True, text=True,
                          errors="replace")
    return done.returncode, done.stdout + done.stderr


class PythonRun:
    """What `python3 -m test -v` says of each module."""

    def __init__(self, arch, wanted, timeout):
        self.seen, self.trouble, name = {}, {}, None
        script = "cd /tmp\n" + "\n".join(self.command(*item) for item in wanted.items())
        self.status, self.output = command_in_debian(arch, script, timeout)
        for line in self.output.splitlines():
            if found := MODULE.match(line):
                name = found[1]
            elif found := RAN.match(line):
                self.seen[name] = [int(found[1]), 0, False]
            elif (found := VERDICT.fullmatch(line)) and name in self.seen:
                skipped = re.search(r"skipped=(\d+)", found[2] or "")
                self.seen[name][1:] = int(skipped[1]) if skipped else 0, found[1] == "OK"
            elif TROUBLE.fullmatch(line):
                self.trouble.setdefault(name, []).append(line)

    @staticmethod
    def command(name, wanted):
        chosen = [f"-i '{words[0]}'" for words in rows(IGNORED)]
        chosen += [f"-m {part}" for part in wanted[2]]
        return f"python3 -m test -v {' '.join(chosen)} {name} 2>&1"

    def check(self, name, wanted):
        if name not in self.seen:
            raise Failure(f"no result (status {self.status}): {self.output[-1500:]!r}")
        ran, skipped, is_fine = self.seen[name]
        if not is_fine or self.trouble.get(name):
            raise Failure("; ".join(self.trouble.get(name, ["failed"])))
        if ran == skipped:
            raise Failure("every test was skipped")
        expect_equal(wanted[:2], (ran, skipped), "tests that ran, tests that were skipped")


def python_tests(ring, timeout):
    """Test functions, one for each module of a ring; all run in one guest of an architecture."""
    wanted, runs = modules(ring), {}

    def make(name):
        def test(arch):
            if arch not in runs:
                runs[arch] = PythonRun(arch, wanted, timeout)
            runs[arch].check(name, wanted[name])
        return test
    return {f"test_{name}": make(name) for name in wanted}
