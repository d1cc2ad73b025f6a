#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A cpio archive given as initrd serves as the root, /init first."""
import sys
import tempfile

from system import BOOT_S, TOP, Guest, expect_equal, main

SHELL_PROMPT = r"/ # "


def newc(name, mode, data=b""):
    """One entry of a cpio archive in the newc format."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(arch):
    busybox = (TOP / "build/packages" / arch / "root/bin/busybox").read_bytes()
    init = (TOP / "build" / arch / "user/init").read_bytes()
    return b"".join([
        newc("init", 0o100755, init), newc("bin/busybox", 0o100755, busybox),
        newc("bin/sh", 0o120777, b"busybox"), newc("etc/note", 0o100640, b"packed\n"),
        newc("TRAILER!!!", 0)])


def test_init_of_the_archive_runs_from_it(arch):
    with tempfile.NamedTemporaryFile() as initrd:
        initrd.write(archive(arch))
        initrd.flush()
        with Guest(arch, "--initrd", initrd.name, "--append", "root=none rdinit=/init") as guest:
            guest.expect(SHELL_PROMPT, BOOT_S)
            guest.send("busybox cat /etc/note\r")
            guest.expect("packed\r\n")
            guest.expect(SHELL_PROMPT)
            guest.send("busybox stat -c %a /etc/note\r")
            guest.expect("\r\n640\r\n")
            guest.send("busybox poweroff\r")
            expect_equal(0, guest.wait_end(), "exit status")


if __name__ == "__main__":
    sys.exit(main(globals()))
