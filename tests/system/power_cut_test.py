#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails while files are written: what fsync has acknowledged is on the disk.

QEMU is killed at a moment of chance.  It has written a log of the disk (the driver blklogwrites), so one
run gives more cuts than one: any beginning of the log, of which the disk has forgotten a choice of the
sectors that were written after the last flush.  POWER_CUTS=N in the environment: N runs, not one.
"""
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from system import (ANSWER_S, TOP, Failure, Guest, check_image, copy_image, debugfs, expect_equal,
                    expect_match, main)

RUNS = int(os.environ.get("POWER_CUTS", "1"))
CUTS = 2                                # from the log of a run; one more is the image itself
ACKS, LATEST_S = (6, 20), 0.15          # the run ends after so many, and up to so much later
SECTOR, FLUSH, DISCARD = 512, 1, 4      # of the log
WRITER = (
    "noise() { while :; do mkdir n; cp /etc/passwd n/a; mv n/a n/b; rm -r n; done; }; "
    "mkdir /root/cut; cd /root/cut; sync ..; noise & i=0; while :; do i=$((i + 1)); "
    "yes file $i | head -c $((i * 7919 % 60000 + 1)) > $i; sync $i . && echo on disk: $i.; done\r")


def content(number):
    size = number * 7919 % 60000 + 1
    return (f"file {number}\n" * size).encode()[:size]


def drive(image, log):
    """Words that give the guest its root disk, with a log of what is written to it."""
    log.touch()
    options = (f"if=none,id=cut,driver=blklogwrites,file.driver=file,file.filename={image},"
               f"log.driver=file,log.filename={log}")
    return ["--disk", "none", "--append=root=/dev/vda rw", "--qemu=-drive", f"--qemu={options}",
            "--qemu=-device", "--qemu=virtio-blk-pci,drive=cut"]


def write_until_cut(arch, image, log, chance):
    """Run the writer and kill QEMU.  For each file that was acknowledged, the length of the log then."""
    acknowledged, pidfile = [], log.with_suffix(".pid")
    with Guest(arch, *drive(image, log), "--qemu=-pidfile", f"--qemu={pidfile}") as guest:
        guest.log_in()
        guest.send(WRITER)
        for number in range(1, chance.randint(*ACKS) + 1):
            guest.expect(rf"on disk: {number}\.\r", ANSWER_S)
            acknowledged.append(log.stat().st_size)
        time.sleep(chance.random() * LATEST_S)
        os.kill(int(pidfile.read_text()), signal.SIGKILL)
        guest.process.wait()
    return acknowledged


def log_entries(log):
    """(where it ends in the log, sector, flags, data) of each."""
    with log.open("rb") as file:
        file.seek(SECTOR)
        while len(head := file.read(SECTOR)) == SECTOR:
            sector, count, flags, _ = struct.unpack_from("<4Q", head)
            if not count and not flags & FLUSH:
                return
            data = b"" if flags & DISCARD else file.read(count * SECTOR)
            yield file.tell(), sector, flags, data


def cut_from_log(base, log, end, chance, image):
    """The disk when the log was @end long: all that was flushed, and three sectors of four of the
    rest."""
    copy_image(base, image)
    before = [entry for entry in log_entries(log) if entry[0] <= end]
    stable = max((at for at, _, flags, _ in before if flags & FLUSH), default=0)
    with image.open("r+b") as file:
        for at, sector, _, data in before:
            for i in range(0, len(data), SECTOR):
                if at <= stable or chance.random() < 0.75:
                    file.seek(sector * SECTOR + i)
                    file.write(data[i:i + SECTOR])


def repair(image):
    done = subprocess.run(["e2fsck", "-fy", image], text=True, capture_output=True,
                          env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    complaint = check_image(image)
    if done.returncode & ~3 or complaint:
        raise Failure(f"e2fsck: {done.returncode}: {done.stdout[-600:]} {complaint}")


def check_files(image, count, directory):
    """Everything that was acknowledged is there, as it was written."""
    directory.mkdir()
    debugfs(image, [f"dump /root/cut/{number} {directory}/{number}"
                    for number in range(1, count + 1)], change=False)
    for number in range(1, count + 1):
        path = directory / str(number)
        if not path.exists() or path.read_bytes() != content(number):
            raise Failure(f"file {number} of {count} is lost or damaged in {image.name}")
    shutil.rmtree(directory)


def check_boot(arch, repaired, unclean, count):
    """Gemel boots from the repaired image; the one that was not is mounted, to be read only."""
    second = f"if=none,id=second,format=raw,file={unclean}"
    with Guest(arch, "--qemu=-drive", f"--qemu={second}", "--qemu=-device",
               "--qemu=virtio-blk-pci,drive=second", disk=repaired) as guest:
        guest.log_in()
        expect_equal(f"{sum(len(content(n)) for n in range(1, count + 1))}\n", guest.type(
            f"(cd /root/cut && for i in $(seq {count}); do cat $i; done | wc -c)"))
        output = guest.type("mount -t ext2 /dev/vdb /mnt; touch /mnt/new; umount /mnt")
        expect_match("not cleanly unmounted: mounted read-only; run e2fsck", output)
        expect_match("Read-only file system", output)
        guest.power_off()


def cut_once(arch, seed, directory):
    chance = random.Random(seed)
    base, image, log = directory / "base.img", directory / "left.img", directory / "log"
    copy_image(TOP / "build" / arch / "disk.img", base)
    copy_image(base, image)
    acknowledged = write_until_cut(arch, image, log, chance)
    cuts = [(image, len(acknowledged))]
    for i in range(CUTS):
        end = chance.randint(acknowledged[0], log.stat().st_size)
        cuts.append((directory / f"cut{i}.img", sum(at <= end for at in acknowledged)))
        cut_from_log(base, log, end, chance, cuts[-1][0])
    unclean = directory / "unclean.img"
    for cut, count in cuts:
        copy_image(cut, unclean)
        repair(cut)
        check_files(cut, count, directory / "files")
    check_boot(arch, cut, unclean, count)


def test_power_cut(arch):
    for run in range(RUNS):
        seed = random.randrange(1 << 32)
        with tempfile.TemporaryDirectory(prefix="gemel-cut-") as directory:
            try:
                cut_once(arch, seed, pathlib.Path(directory))
            except Failure as failure:
                raise Failure(f"run {run + 1}, seed {seed}: {failure}") from None


if __name__ == "__main__":
    sys.exit(main(globals()))
