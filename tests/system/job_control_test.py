#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Job control: bash, unmodified, at the serial console, and at a pseudo-terminal of the guest."""
import sys

from system import PROMPT, Guest, expect_equal, expect_match, main

JOB = """bash -c 'echo rea""dy; exec sleep 1000'"""
JOB_WITH_TRAP = """bash -c 'trap "echo tra\\"\\"pped; exit 5" INT; echo rea""dy; sleep 1000 & wait'"""


def test_stop_foreground_interrupt(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.send("echo sta''rted; cat\r")
        guest.expect("\r\nstarted\r\n")
        for _ in range(3):
            guest.send("to it\r")
            guest.expect("to it\r\nto it\r\n")
            guest.send("\x1a")
            expect_match("Stopped", guest.expect(PROMPT))
            expect_match("Stopped", guest.type("jobs"))
            guest.send("fg\r")
            guest.expect("cat\r\n")
        guest.send("to it\r")
        guest.expect("to it\r\nto it\r\n")
        guest.send("\x03")
        guest.expect(PROMPT)
        expect_equal("130\n", guest.type("echo $?"), "status")
        expect_equal("", guest.type("jobs"), "jobs")
        guest.power_off()


def test_background_and_wait(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.send(JOB + "\r")
        guest.expect("\r\nready\r\n")
        guest.send("\x1a")
        expect_match("Stopped", guest.expect(PROMPT))
        guest.type("bg")
        expect_match("Running", guest.type("jobs"))
        expect_match("143", guest.type("kill %1; wait %1; echo $?"))
        expect_match("3\n", guest.type("(exit 3) & wait $!; echo $?"))
        expect_match("149\n", guest.type("cat & wait %1; echo $?"))
        guest.type("kill -9 %1")
        guest.power_off()


def test_pipeline_stopped_and_continued(arch):
    with Guest(arch) as guest:
        guest.log_in()
        guest.send("echo sta''rted; cat | cat | cat\r")
        guest.expect("\r\nstarted\r\n")
        for _ in range(3):
            guest.send("through all\r")
            guest.expect("through all\r\nthrough all\r\n")
            guest.send("\x1a")
            expect_match("Stopped", guest.expect(PROMPT))
            guest.send("fg\r")
            guest.expect(r"cat \| cat \| cat\r\n")
        guest.send("\x04")
        guest.expect(PROMPT)
        expect_equal("0\n", guest.type("echo $?"), "status")
        guest.power_off()


def test_trap(arch):
    """Not at the prompt: what readline catches between two reads waits for the next key."""
    with Guest(arch) as guest:
        guest.log_in()
        guest.type("trap 'echo tra''pped' INT")
        expect_match("trapped\n", guest.type("kill -INT $$"))
        guest.send(f"{JOB_WITH_TRAP}\r")
        guest.expect("\r\nready\r\n")
        guest.send("\x03")
        guest.expect("\r\ntrapped\r\n|\\^Ctrapped\r\n")
        guest.expect(PROMPT)
        expect_equal("5\n", guest.type("echo $?"), "status")
        guest.power_off()


def test_pseudo_terminal_in_the_guest(arch):
    with Guest(arch) as guest:
        guest.log_in()
        output = guest.type("/usr/lib/gemel/tests/shell; echo status $?", 120)
        expect_match("ok shell.pipeline_is_stopped_and_continued\n(.*\n)*status 0\n", output)
        guest.power_off()


if __name__ == "__main__":
    sys.exit(main(globals()))
