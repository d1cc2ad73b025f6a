#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernels that crash on purpose (kernel/init/crash_test.c): the panic says what happened, where,
and on which stack, and the machine stops with a failing status."""
import subprocess
import sys

from system import TOP, Failure, expect_match, main

LIMIT_S = 60


def crash(arch, word, what, function="ktest_run_all"):
    """Boot with crash=@word: the panic says @what, and the trace names @function."""
    kernel = "kernel-test.elf" if arch == "amd64" else "Image-test"
    exit_word = "exitport=0xf4" if arch == "amd64" else "exitport=semihosting"
    done = subprocess.run(
        [TOP / "tools/run", "--arch", arch, "--disk", "none", "--timeout", str(LIMIT_S),
         "--kernel", TOP / "build" / arch / kernel,
         "--append", f"ktest=crash crash={word} {exit_word}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    console = done.stdout.decode(errors="replace")
    if done.returncode in (0, 124):
        raise Failure(f"status {done.returncode}; the console's end: {console[-600:]!r}")
    expect_match(f"panic: {what}", console)
    # The other CPU is shown too, with what it was stopped in, and functions have names.
    for pattern in (r"CPU 0, task", r"CPU 1, task", "registers at the (fault|panic):",
                    "registers at the interrupt:", rf"{function}\+0x"):
        expect_match(pattern, console)
    return console


def test_stack_overflow(arch):
    crash(arch, "stack", "kernel stack overflow", "crash_stack")


def test_write_to_text(arch):
    crash(arch, "text", ".*in the kernel at 0x")


def test_write_to_constants(arch):
    crash(arch, "rodata", ".*in the kernel at 0x")


def test_execution_of_data(arch):
    crash(arch, "execute", ".*in the kernel at 0x")


def test_access_to_user_memory(arch):
    crash(arch, "user-access", "access to user memory outside of the copy functions")


def test_execution_of_user_memory(arch):
    crash(arch, "user-execute", ".*in the kernel at 0x")


def test_guard_page(arch):
    crash(arch, "guard", ".*in the kernel at 0x")


def test_assertion(arch):
    crash(arch, "assert", r".*crash_test\.c:\d+: ASSERT")


def test_panic_with_a_lock_held(arch):
    crash(arch, "locked", "with a lock held")


def test_a_fault_where_an_interrupt_was(arch):
    """Their frames have one address; this is the fault's."""
    console = crash(arch, "after-interrupt", ".*in the kernel at 0x", "crash_after_interrupt")
    expect_match(r"panic: .*\nCPU \d, task .*\nregisters at the fault:", console)


def test_a_long_command_is_told_whole(arch):
    """It does not fit on the kernel's command line: tools/run tells it."""
    command = f"poweroff -f; : {'x' * 500}"
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--timeout", str(LIMIT_S), "-c",
                           command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    expect_match(f"(?m)^reproduce: tools/run .*{command}'$", done.stdout.decode(errors="replace"))


if __name__ == "__main__":
    sys.exit(main(globals()))
