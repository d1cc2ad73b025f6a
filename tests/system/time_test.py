#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Timers come in time, measured in the guest's time; the clock works where its counter is not for
programs."""
import re
import subprocess
import sys
import time

from system import ARCHES, TOP, Failure, Guest, expect_equal, main

LATE_NS = 100000
LIMIT_S = 180


def run(arch, *words):
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--timeout", str(LIMIT_S), *words],
                          text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failure(f"status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def test_timers_are_not_late(arch):
    # An idle guest goes on at once to what it waits for: the host's time is in nothing.
    out = run(arch, "--smp", "1", "--qemu=-icount", "--qemu=shift=0,sleep=off",
              "--append", "disktimeout=off", "-c",
              "/usr/lib/gemel/bench/late")
    worst = {name: int(ns) for name, ns in re.findall(r"^(\w+) (\d+)$", out, re.M)}
    expect_equal(["itimer", "sleep", "timer", "timerfd"], sorted(worst))
    for name, late in worst.items():
        if late > LATE_NS:
            raise Failure(f"{name}: {late} ns late")


def test_clock_without_the_counter(arch):
    out = run(arch, "--smp", "4", "--append", "vdso=syscall", "-c", "/usr/lib/gemel/tests/vdso")
    if "FAIL" in out or "ok vdso.every_clock_is_between_two_calls" not in out:
        raise Failure(out)


def uptime(guest):
    """The guest's uptime, and between which two moments of this machine it was read."""
    start = time.monotonic()
    seconds = float(guest.type("cat /proc/uptime").split()[0])
    return seconds, start, time.monotonic()


def test_a_second_is_a_second(arch):
    for machine in ARCHES[arch].machines:
        with Guest(arch, "--machine", machine, "--smp", "1") as guest:
            guest.log_in()
            first, after_first, before_first = uptime(guest)
            guest.type("sleep 2")
            last, after_last, before_last = uptime(guest)
            least, most = after_last - before_first, before_last - after_first
            if not least * 0.99 - 0.02 <= last - first <= most * 1.01 + 0.02:
                raise Failure(f"{machine}: {last - first:.2f} s in the guest, here {least:.2f} to "
                              f"{most:.2f}")


if __name__ == "__main__":
    sys.exit(main(globals()))
