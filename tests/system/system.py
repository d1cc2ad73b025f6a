# SPDX-License-Identifier: MIT
"""For the system tests: a guest whose console is driven as a person would, and test functions.

A test is a function `test_x(arch)` of a file tests/system/*_test.py that raises on failure.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import termios
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))
from guest import ARCHES, arch_name, check_image, copy_image, debugfs  # noqa: E402,F401

PROMPT = r"root@gemel:[^\r\n]*# $"
BOOT_S, ANSWER_S = 60, 20
# Words for tools/run that make the system tests boot another kernel: the oracle's, for instance.
EXTRA = os.environ.get("GEMEL_RUN_ARGS", "").split()


class Failure(Exception):
    """What a test saw that it should not have seen."""


def expect_equal(want, got, what=""):
    if want != got:
        raise Failure(f"{what}: want {want!r}, got {got!r}")


def expect_match(pattern, text):
    if not re.search(pattern, text):
        raise Failure(f"nothing matches {pattern!r} in {text!r}")


def plain_terminal(fd):
    """Nothing is added to what the guest prints; QEMU switches OPOST on, so ONLCR must be off."""
    attributes = termios.tcgetattr(fd)
    attributes[1] = 0
    attributes[3] = 0
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


class Guest:
    """A booted guest on a scratch copy of the image; its console is a terminal of ours."""

    def __init__(self, arch, *options, disk=None):
        self.scratch = tempfile.TemporaryDirectory(prefix="gemel-system-")
        self.disk = pathlib.Path(self.scratch.name) / "disk.img"
        copy_image(disk or TOP / "build" / arch / "disk.img", self.disk)
        self.text = ""
        self.master, slave = pty.openpty()
        plain_terminal(slave)
        command = [TOP / "tools/run", "--arch", arch, "--disk", self.disk, *EXTRA, *options]
        self.process = subprocess.Popen([str(word) for word in command], stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True,
                                        env=dict(os.environ, TERM="vt100"))
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Ends tools/run, which ends QEMU.
        self.process.terminate()
        self.process.wait()
        os.close(self.master)
        self.scratch.cleanup()

    def send(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.master, data):]

    def read_more(self, timeout):
        """False when nothing more comes: the guest has ended."""
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            raise TimeoutError
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        # Without the marks that bash puts around what is pasted; the \r that belongs to the second
        # may come with the next read.
        self.text = re.sub("\x1b\\[\\?2004(h|l\r)", "",
                           self.text + data.decode(errors="replace"))
        return bool(data)

    def expect(self, pattern, timeout=ANSWER_S):
        """Wait for a pattern; what came before it.  Both are taken off the text."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.text)):
            try:
                alive = self.read_more(max(0, deadline - time.monotonic()))
            except TimeoutError:
                raise Failure(f"no {pattern!r} within {timeout} s; the console's end: "
                              f"{self.text[-600:]!r}") from None
            if not alive and not re.search(pattern, self.text):
                raise Failure(f"the guest ended before {pattern!r}; the console's end: "
                              f"{self.text[-600:]!r}")
        before, self.text = self.text[:found.start()], self.text[found.end():]
        return before

    def log_in(self):
        return self.expect(PROMPT, BOOT_S)

    def type(self, line, timeout=ANSWER_S):
        """Type a line at the prompt; what it prints until the next prompt, without the echo."""
        self.send(line + "\r")
        output = self.expect(PROMPT, timeout).replace("\r\n", "\n")
        return output.partition("\n")[2].lstrip("\r")

    def wait_end(self, timeout=ANSWER_S):
        """The exit status of QEMU once the guest has gone."""
        deadline = time.monotonic() + timeout
        try:
            while self.read_more(max(0, deadline - time.monotonic())):
                pass
        except TimeoutError:
            raise Failure(f"still running after {timeout} s; the console's end: "
                          f"{self.text[-600:]!r}") from None
        return self.process.wait(timeout)

    def power_off(self):
        """Leave in order; the image must be clean."""
        self.send("poweroff\r")
        expect_equal(0, self.wait_end(), "exit status")
        complaint = check_image(self.disk)
        if complaint:
            raise Failure("e2fsck: " + complaint)


def main(namespace):
    """Run the tests of a file: one line each, status 0 when all passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", type=arch_name, action="append")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    suite = pathlib.Path(sys.argv[0]).stem.removesuffix("_test")
    failed = 0
    for arch in args.arch or ARCHES:
        for name, function in list(namespace.items()):
            short = name.removeprefix("test_")
            if short == name or (args.names and short not in args.names):
                continue
            try:
                function(arch)
                print(f"ok {suite}.{short} {arch}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAIL {suite}.{short} {arch}: {failure}", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL {suite}.{short} {arch}: {traceback.format_exc()!r}", flush=True)
    return failed != 0
