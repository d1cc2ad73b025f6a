#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every machine, the least and the most of it: 24 MiB to 16 GiB, 1 to 8 processors; the guest sees
what it was given."""
import subprocess
import sys

from system import ARCHES, TOP, Failure, expect_equal, main

LIMIT_S = 120
SIZES = ((1, 24), (8, 16 << 10), (3, 1 << 10))          # processors, MiB
# The kernel's own share may be missing from the total: the page array is 1/64 of it.
QUESTION = "nproc; sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo; " \
           "md5sum </sbin/init | tail -c 3"


def run(arch, machine, cpus, mib, *words):
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--machine", machine, "--smp",
                           str(cpus), "--mem", f"{mib}M", "--timeout", str(LIMIT_S), *words, "-c",
                           QUESTION], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{machine}, {cpus} CPU, {mib} MiB: status {done.returncode}: "
                      f"{done.stderr[-600:]}")
    processors, total, rest = done.stdout.split()
    where = f"{machine}, {mib} MiB"
    expect_equal(cpus, int(processors), f"processors of {where}")
    expect_equal("-", rest, f"the end of a pipeline on {where}")
    if not mib * 1024 * 62 // 64 - 2048 <= int(total) <= mib * 1024:
        raise Failure(f"{where}: MemTotal is {total} kB")


def test_every_machine_in_every_size(arch):
    for machine in ARCHES[arch].machines:
        for cpus, mib in SIZES:
            run(arch, machine, cpus, mib)


def test_with_a_network_card(arch):
    for machine in ARCHES[arch].machines:
        run(arch, machine, 2, 256, "--net", "user")


if __name__ == "__main__":
    sys.exit(main(globals()))
