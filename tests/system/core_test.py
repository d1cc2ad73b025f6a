#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Core files of the guest, taken out of its disk and given to gdb; what core_pattern says; a full
disk.  The program that crashes is the contract suite `core`, whose text has symbols here."""
import pathlib
import re
import subprocess
import sys

from system import TOP, Guest, debugfs, expect_equal, expect_match, main

SUITE = "/usr/lib/gemel/tests/core"
CRASH = f"{SUITE} every_thread_is_in_it"
PC = {"amd64": "rip", "arm64": "pc"}
MARK = {"amd64": "r13", "arm64": "x21"}
VECTOR = {"amd64": ("$xmm5.v2_int64[0]"), "arm64": ("$v5.d.u[0]")}


def gdb(program, core, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", "set pagination off",
                           "-ex", f"core-file {core}", *words, program],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def crash(guest, pattern, limit="unlimited"):
    guest.log_in()
    guest.type(f"echo '{pattern}' > /proc/sys/kernel/core_pattern; ulimit -c {limit}")
    return guest.type(CRASH)


def test_gdb_reads_it(arch):
    with Guest(arch, "--smp", "4") as guest:
        crash(guest, "/root/core.%e.%s.%u.%g.%d.%%")
        expect_equal("core.core.11.0.0.1.%\n", guest.type("busybox ls --color=never /root"), "files in /root")
        guest.power_off()
        core = pathlib.Path(guest.scratch.name) / "core"
        debugfs(guest.disk, [f'dump /root/core.core.11.0.0.1.% {core}'], change=False)
        text = gdb(TOP / "build" / arch / "user/tests/core", core, "bt", "info threads",
                   "info registers", f"p/x {VECTOR[arch]}", "info proc mappings",
                   "p in_data", "thread apply all bt")
    expect_match(r"Program terminated with signal SIGSEGV, Segmentation fault", text)
    expect_match(r"#0 .*crash_here \(arg=.*\n(.*\n)?#1 .*call_marked .*\n#2 .*die_threaded .*\n#3 .*test_in_child", text)
    expect_match(r"(?m)^\* 1 .*LWP \d+.*crash_here", text)
    expect_equal(4, len(set(re.findall(r"(?m)^  [2-5] .*LWP (\d+)", text))), "other threads")
    expect_equal(2, len(re.findall(r"(?m)^  [2-5] .*thread_waits", text)), "threads that ran")
    expect_match(rf"(?m)^{MARK[arch]} +0xbbbb ", text)
    expect_match(rf"(?m)^{PC[arch]} .*<crash_here(\+\d+)?>", text)
    expect_match(r"\$1 = 0xbbbb", text)
    expect_match(r'\$2 = "in data"', text)
    expect_match(r"/usr/lib/gemel/tests/core", text)
    expect_match(r"#0 .*thread_waits \(arg=.*\n(.*\n)?#1 .*call_marked .*\n#2 .*thread_main ", text)


def test_full_disk(arch):
    """The core ends where the disk does, its process dies, and the system goes on."""
    with Guest(arch) as guest:
        guest.log_in()
        guest.type("busybox dd if=/dev/zero of=/root/rest bs=64k 2>&1 | busybox tail -1", 120)
        guest.type("busybox rm /root/rest; busybox df -P / | busybox tail -1")
        free = int(guest.type("busybox df -P / | busybox tail -1").split()[3])
        guest.type(f"busybox dd if=/dev/zero of=/root/rest bs=1k count={free - 60}", 120)
        crash_here = "sh -c 'kill -SEGV $$'; echo status $?; busybox ls -s core*"
        output = guest.type("cd /var/tmp; ulimit -c unlimited; " + crash_here)
        expect_match(r"(?m)^status 139$", output)
        guest.type("busybox rm -f core /root/rest")
        expect_match(r"(?m)^status 139$", guest.type(crash_here))
        guest.power_off()


def test_pattern_words(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.type("cd /tmp; mkdir cores; ulimit -c unlimited; exe=/bin/busybox")
        sysctl = "/proc/sys/kernel/core_pattern"
        crash = "busybox sh -c 'kill -SEGV $$'; busybox ls cores; busybox rm -f cores/*"
        for pattern, name in (("cores/%p", r"\d+"), ("cores/%t", r"\d{10}"), ("cores/%h", "gemel"),
                              ("cores/%i-%P", r"(\d+)-\1"), ("cores/%E", "!bin!busybox"),
                              ("cores/%f", "busybox"), ("cores/%c%%%", r"\d+%"),
                              ("cores/%zx", "x")):
            guest.type(f"echo '{pattern}' > {sysctl}")
            expect_equal(pattern + "\n", guest.type(f"cat {sysctl}"), "pattern")
            expect_match(rf"(?m)^{name}$", guest.type(crash))
        guest.type("echo 1 > /proc/sys/kernel/core_uses_pid; echo cores/c > " + sysctl)
        expect_match(r"(?m)^c\.\d+$", guest.type(crash))
        expect_match("Invalid argument", guest.type(f"echo '|/bin/cat' > {sysctl}"))
        expect_equal("cores/c\n", guest.type(f"cat {sysctl}"), "after a refused one")


if __name__ == "__main__":
    sys.exit(main(globals()))
