#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine with 24 MiB: the shell works, who eats all memory dies alone, and files may be larger
than the memory."""
import hashlib
import sys

from system import Guest, expect_equal, expect_match, main

LINE, BYTES = "Gemel fits into very little memory", 25000000
LIMIT_S = 120


def test_little_memory(arch):
    text = (f"{LINE}\n" * (BYTES // len(LINE))).encode()[:BYTES]
    with Guest(arch, "--mem", "24M") as guest:
        guest.log_in()
        output = guest.type("busybox awk 'BEGIN { while (1) a[i++] = i }'; echo status $?", LIMIT_S)
        expect_match(r"oom: out of memory: killed process \d+ \(busybox\)", output)
        expect_match(r"(?m)^status 137$", output)
        expect_equal("still here\n", guest.type("echo still here"))
        guest.type(f"busybox yes '{LINE}' | busybox head -c {BYTES} > /root/large", LIMIT_S)
        output = guest.type("busybox md5sum < /root/large", LIMIT_S)
        expect_equal(hashlib.md5(text).hexdigest(), output.split()[0], "checksum")
        guest.power_off()


if __name__ == "__main__":
    sys.exit(main(globals()))
