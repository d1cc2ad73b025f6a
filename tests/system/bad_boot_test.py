#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots that cannot succeed: one clear line, then a stop with a failing status."""
import os
import pathlib
import subprocess
import sys
import tempfile

from system import TOP, Failure, debugfs, expect_match, main

LIMIT_S = 60


def boot(arch, disk):
    """Boot from a disk image (or "none"); the console and QEMU's status."""
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--disk", str(disk), "--timeout",
                           str(LIMIT_S)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace"), done.returncode


def expect_stop(arch, disk, pattern):
    console, status = boot(arch, disk)
    if status in (0, 124):
        raise Failure(f"status {status}; the console's end: {console[-600:]!r}")
    expect_match(pattern, console)
    if len([line for line in console.splitlines() if "panic" in line.lower()]) > 1:
        raise Failure(f"more than one panic: {console[-600:]!r}")


def with_image(arch, change, pattern):
    """Boot a copy of the image that change(path) has damaged."""
    with tempfile.TemporaryDirectory(prefix="gemel-system-") as directory:
        image = pathlib.Path(directory) / "disk.img"
        subprocess.run(["cp", "--sparse=always", TOP / f"build/{arch}/disk.img", image], check=True)
        change(image)
        expect_stop(arch, image, pattern)


def test_no_disk(arch):
    expect_stop(arch, "none", "(?i)no root file system|root=")


def test_no_init(arch):
    with_image(arch, lambda image: debugfs(image, ["rm /sbin/init", "rm /bin/sh", "rm /bin/bash"]),
               "(?i)no init")


def test_no_shell(arch):
    with_image(arch, lambda image: debugfs(image, ["rm /bin/sh", "rm /bin/bash"]),
               "init: no shell: neither /bin/bash nor /bin/sh")


def test_truncated_image(arch):
    with_image(arch, lambda image: os.truncate(image, 1 << 20), "(?i)ext2:.*(truncated|size|small)")


def test_corrupt_superblock(arch):
    def corrupt(image):
        with open(image, "r+b") as file:
            file.seek(1024)
            file.write(b"\xa5" * 1024)
    with_image(arch, corrupt, "(?i)no root file system|unknown file system|bad magic")


def test_not_an_elf_file(arch):
    with tempfile.NamedTemporaryFile() as junk:
        junk.write(b"\x7fELF but nothing else")
        junk.flush()
        with_image(arch, lambda image: debugfs(image, [
            "rm /sbin/init", f"write {junk.name} /sbin/init", "sif /sbin/init mode 0100755",
            "rm /bin/sh", "rm /bin/bash"]), "(?i)no init")


if __name__ == "__main__":
    sys.exit(main(globals()))
