#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The trace program and /proc/trace, as a person uses them; the profiler's names."""
import subprocess
import sys

from system import TOP, Failure, expect_equal, expect_match, main

LIMIT_S = 120


def run(arch, script):
    """What the guest's shell says to @script."""
    done = subprocess.run([TOP / "tools/run", "--arch", arch, "--timeout", str(LIMIT_S), "-c", script],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    expect_equal(0, done.returncode, f"status of {script!r}: {done.stdout[-600:]} "
                 f"{done.stderr[-600:]}")
    return done.stdout


def made_up(lines):
    """A script that traces what was not: `all TIME EVENT` is an event of each task there may be."""
    return f"""mount -t tmpfs none /proc; cd /proc
        all() {{ for t in 1 2 3 4 5 6 7 8 9; do for u in 0 1 2 3 4 5 6 7 8 9; do
                 echo "$1 0 $t$u $2"; echo "$1 0 $t $2"; done; done | sort -u; }}
        {{ printf syscall,FORK,EXEC,EXIT; {lines}
        }} >trace; trace true >/tmp/out 2>&1
        cd /; umount /proc; cat /tmp/out"""


def test_calls_have_all_their_arguments(arch):
    # A buffer of this size is a mapping of its own.
    expect_match(r"mmap\(\w+=0, \w+=0x\w+, \w+=3, \w+=34, fd=-1, \w+=0\) = 0x",
                 run(arch, "trace dd if=/dev/zero of=/dev/null bs=1M count=1 2>&1"))


def test_an_event_by_its_name(arch):
    expect_match(r"(?m)^\S+ +\d+ EXIT task=\d+ code=0$", run(arch, "trace -e EXIT true 2>&1"))
    text = run(arch, "trace -e FORK sh -c 'true & wait' 2>&1")
    expect_match(r"(?m)^\S+ +\d+ FORK child=\d+ ", text)
    if "EXIT" in text:
        raise Failure(f"EXIT was not asked for: {text!r}")


def test_a_death_by_a_signal_is_told(arch):
    expect_match(r"(?m)^\S+ +\d+ killed by signal 11 \(Segmentation fault\)$",
                 run(arch, "trace sh -c 'kill -SEGV $$' 2>&1; true"))


def test_an_exec_by_a_thread_is_told(arch):
    # The command's own, and the thread's, which returns with the process's number.
    expect_equal("2\n", run(arch, """trace -o /tmp/calls /usr/lib/gemel/tests/exec \\
        by_a_thread_takes_over_the_process >/dev/null; grep -c ' execve(.*) = 0$' /tmp/calls"""))


def test_a_result_does_not_go_to_another_call(arch):
    # A trace whose records were overwritten between a call and a result, whichever the task.
    expect_match(r"^lost 9 records\n1.1 +\d+ write\(\.\.\.\) = 7\n$", run(arch, made_up(
        """all 1.0 'SYSCALL read(fd=3)'; echo lost 9 records; all 1.1 'SYSRET write = 7'""")))


def test_a_number_that_is_anothers_now_is_not_followed(arch):
    # The children of trace and of its command, whichever they are, are another's later.
    expect_match(r"^(1.2 +5\d\d read\(fd=4\) = 6\n){2}$", run(arch, made_up(
        """for t in $(seq 99); do n=$((500 + t)); echo 1.1 0 $t FORK child=$n flags=0
        echo 1.2 0 $n 'SYSCALL read(fd=4)'; echo 1.2 0 $n 'SYSRET read = 6'
        echo 1.3 0 900 FORK child=$n flags=0
        echo 1.4 0 $n 'SYSCALL read(fd=5)'; echo 1.4 0 $n 'SYSRET read = 7'; done""")))


def test_two_traces_do_not_disturb_each_other(arch):
    # Either may have chosen its events last; both do something when both have.
    text = run(arch, """mkfifo /tmp/go /tmp/back
        trace -o /tmp/calls sh -c 'read x </tmp/go; echo >/tmp/back; cat /nonexist' 2>/dev/null &
        trace -e sched -o /tmp/tasks sh -c 'echo >/tmp/go; read x </tmp/back; true & wait'
        wait; echo calls; grep -c ' = -1 (No such file' /tmp/calls; grep -c SWITCH /tmp/calls
        echo tasks; grep -c EXIT /tmp/tasks; grep -c '(.*) = ' /tmp/tasks; true""")
    expect_match(r"^calls\n[1-9]\d*\n0\ntasks\n[1-9]\d*\n0\n$", text)


def test_a_line_is_read_in_small_pieces(arch):
    # The shell reads byte by byte.
    expect_match(r"^\d+\.\d{6} \d \d+ (FORK|EXIT) [^\n]*\n$",
                 run(arch, "exec 3<>/proc/trace; echo FORK,EXIT >&3; /bin/true; "
                           "read -r line <&3; echo $line"))


def test_a_name_does_not_break_the_profile(arch):
    text = run(arch, """cp /bin/busybox "/tmp/a;b"
        echo start 2000 >/proc/profile
        "/tmp/a;b" sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'
        echo stop >/proc/profile; cat /proc/profile""")
    expect_match(r"(?m)^a_b;\[user\] \d+$", text)


if __name__ == "__main__":
    sys.exit(main(globals()))
