#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What fails on purpose: a disk with bad sectors, a disk that disappears."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from system import TOP, Failure, Guest, expect_equal, expect_match, main

SIZE, BAD_READ, BAD_WRITE = 8 << 20, 2048, 8192     # bytes; sectors
SLOW_S = 60


def extra_disk(path, more=""):
    """Words that give the guest a second disk, /dev/vdb."""
    drive = f"if=none,id=second,format=raw,rerror=report,werror=report,{more}"
    return [f"--qemu={word}" for word in ("-drive", drive + str(path), "-device",
                                          "virtio-blk-pci,drive=second")]


def blank(directory):
    path = pathlib.Path(directory) / "second.img"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


def test_bad_sectors(arch):
    with tempfile.TemporaryDirectory(prefix="gemel-faults-") as directory:
        faults = "file.driver=blkdebug,"
        for i, (event, sector) in enumerate((("read_aio", BAD_READ), ("write_aio", BAD_WRITE))):
            faults += (f"file.inject-error.{i}.event={event},file.inject-error.{i}.sector={sector},"
                       f"file.inject-error.{i}.errno=5,")
        with Guest(arch, *extra_disk(blank(directory), faults + "file.image.driver=file,"
                                     "file.image.filename=")) as guest:
            guest.log_in()
            output = guest.type(f"dd if=/dev/vdb of=/dev/null skip={BAD_READ} count=1; echo $?")
            expect_match(r"(?s)Input/output error.*\n1\n", output)
            expect_match(r"\n0\n", guest.type("dd if=/dev/vdb of=/dev/null count=8; echo $?"))
            # Written through the page cache, so the error is the sync's; the rest is written.
            output = guest.type(f"dd if=/dev/zero of=/dev/vdb seek={BAD_WRITE} count=1 conv=fsync;"
                                " echo $?")
            expect_match(r"(?s)Input/output error.*\n1\n", output)
            expect_match(r"\n0\n", guest.type("dd if=/dev/zero of=/dev/vdb count=8 conv=fsync;"
                                              " echo $?"))
            guest.power_off()


class Monitor:
    """QEMU's QMP socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while "event" in (answer := json.loads(self.file.readline())):
            pass
        if "error" in answer:
            raise Failure(f"{name}: {answer}")
        return answer["return"]


def test_disk_that_disappears(arch):
    with tempfile.TemporaryDirectory(prefix="gemel-faults-") as directory:
        path, monitor = blank(directory), pathlib.Path(directory) / "qmp"
        subprocess.run(["mke2fs", "-q", "-t", "ext2", "-d", TOP / "docs", path], check=True,
                       env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        # The log keeps quiet: its lines would come between prompts.
        with Guest(arch, *extra_disk(path, "file="), "--append=loglevel=1", "--qemu=-qmp",
                   f"--qemu=unix:{monitor},server=on,wait=off") as guest:
            guest.log_in()
            expect_equal("0\n", guest.type("mount -t ext2 /dev/vdb /mnt; echo $?"))
            expect_match("faults.md", guest.type("ls /mnt"))
            Monitor(monitor).command("human-monitor-command",
                                     **{"command-line": "drive_del second"})
            guest.type("echo 3 > /proc/sys/vm/drop_caches")
            expect_match("Input/output error", guest.type("cat /mnt/faults.md > /dev/null"))
            # What is written is lost, and somebody is told; nobody waits for ever.
            expect_match("[1-9]", guest.type("echo lost > /mnt/new && sync -f /mnt; echo $?",
                                             SLOW_S))
            guest.type("umount /mnt || umount -l /mnt", SLOW_S)
            expect_equal("alive\n", guest.type("echo alive"))
            guest.power_off()


if __name__ == "__main__":
    sys.exit(main(globals()))
