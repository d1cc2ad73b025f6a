#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The console, driven from outside as a person at a terminal would."""
import hashlib
import sys

from system import PROMPT, Failure, Guest, expect_equal, expect_match, main


def start(guest, command):
    """Type a command that goes on; a job that speaks has the terminal already."""
    guest.send(f"""bash -c 'echo sta""rted; exec {command}'\r""")
    guest.expect("\r\nstarted\r\n")


def test_login_shell_and_power_off(arch):
    with Guest(arch) as guest:
        guest.log_in()
        expect_equal("hello\n", guest.type("echo hello"), "echo")
        expect_match(r"^\d+ *$", guest.type("echo $$").strip())
        # By its own name, not as /dev/console: what ps shows is found by it.
        expect_match(r"^/dev/tty(S|AMA)0\n$", guest.type("tty"))
        guest.power_off()


def test_line_editing(arch):
    with Guest(arch) as guest:
        guest.log_in()
        start(guest, "cat")
        # Canonical mode: DEL takes a character back, ^W a word, ^U the line.
        guest.send("abd\x7fc\r")
        guest.expect("\r\nabc\r\n")
        guest.send("one two\x17three\r")
        guest.expect("\r\none three\r\n")
        guest.send("nothing\x15all\r")
        guest.expect("\r\nall\r\n")
        guest.send("\x04")
        guest.expect(PROMPT)
        guest.power_off()


def test_interrupt_ends_the_foreground_job_only(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.type("sleep 1000 &")
        start(guest, "sleep 2000")
        guest.send("\x03")
        guest.expect(PROMPT)
        expect_equal("130\n", guest.type("echo $?"), "status")
        expect_match("Running +sleep 1000", guest.type("jobs"))
        guest.type("kill %1")
        guest.power_off()


def test_quit_key(arch):
    with Guest(arch) as guest:
        guest.log_in()
        # A shell that has not become its command yet would ignore SIGQUIT: cat itself answers.
        start(guest, "cat")
        guest.send("to it\r")
        guest.expect("to it\r\nto it\r\n")
        guest.send("\x1c")
        guest.expect(PROMPT)
        expect_equal("131\n", guest.type("echo $?"), "status")
        guest.power_off()


def test_stop_and_background(arch):
    with Guest(arch) as guest:
        guest.log_in()
        start(guest, "sleep 3000")
        guest.send("\x1a")
        expect_match("Stopped +.*sleep 3000", guest.expect(PROMPT))
        guest.type("bg")
        expect_match("Running +.*sleep 3000", guest.type("jobs"))
        guest.type("kill %1; wait")
        expect_equal("", guest.type("jobs"), "jobs")
        guest.power_off()


def test_background_read_stops(arch):
    with Guest(arch) as guest:
        guest.log_in()
        expect_match("149\n", guest.type("cat & wait %1; echo $?"))
        expect_match("Stopped.*cat", guest.type("jobs"))
        guest.type("kill -9 %1")
        guest.power_off()


def test_window_size(arch):
    with Guest(arch, "--append", "GEMEL_WINSIZE=33x101") as guest:
        guest.log_in()
        expect_equal("33 101\n", guest.type("stty size"), "size")
        guest.type("stty rows 40 cols 90")
        expect_equal("40 90\n", guest.type("stty size"), "size")
        guest.power_off()


def test_raw_mode_and_vi(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.send("vi /root/no''te\r")
        guest.expect("/root/note")
        guest.send("ifirst line\rsecond\x1b")
        guest.expect("second")
        guest.send(":wq\r")
        guest.expect(PROMPT)
        expect_equal("first line\nsecond\n", guest.type("cat /root/note"), "the file")
        guest.power_off()


def test_top_shows_processes(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.send("top\r")
        guest.expect("PID +PPID")
        guest.expect("init")
        guest.send("q")
        guest.expect(PROMPT)
        guest.power_off()


def test_nothing_is_lost_when_the_reader_is_late(arch):
    """More than a terminal keeps: the rest waits in the line, and where it comes from."""
    lines = [f"line {i} {'of what was pasted ' * (i % 20)}\r" for i in range(200)]
    with Guest(arch) as guest:
        guest.log_in()
        guest.send("stty -echo; echo rea''dy; sleep 1; head -n 200 >pasted; stty echo; echo do''ne\r")
        guest.expect("\r\nready\r\n")
        guest.send("".join(lines))
        guest.expect("done\r\n")
        want = hashlib.md5("".join(lines).replace("\r", "\n").encode()).hexdigest()
        guest.expect(PROMPT)
        expect_match(want, guest.type("md5sum pasted"))
        guest.power_off()


def test_session_starts_again_after_exit(arch):
    with Guest(arch) as guest:
        guest.log_in()
        first = guest.type("echo $$").strip()
        guest.send("exit\r")
        guest.log_in()
        second = guest.type("echo $$").strip()
        if first == second:
            raise Failure(f"the same shell {first} again")
        guest.power_off()


if __name__ == "__main__":
    sys.exit(main(globals()))
