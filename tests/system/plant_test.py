#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bugs planted in the debug kernel (kernel/core/plant_test.c): each is caught, and named."""
import subprocess
import sys

from system import TOP, Failure, expect_match, main

LIMIT_S = 120
built = set()


def kernel(arch):
    """The debug test kernel, built when it is first asked for."""
    if arch not in built:
        subprocess.run(["make", "-s", f"ARCH={arch}", "DEBUG=1", "kernel-test"], cwd=TOP,
                       check=True, stdout=subprocess.DEVNULL)
        built.add(arch)
    name = "kernel-test.elf" if arch == "amd64" else "Image-test"
    return TOP / "build" / f"{arch}-debug" / name


def boot(arch, words):
    """Status and console of a boot with @words."""
    exit_word = "exitport=0xf4" if arch == "amd64" else "exitport=semihosting"
    done = subprocess.run(
        [TOP / "tools/run", "--arch", arch, "--disk", "none", "--timeout", str(LIMIT_S),
         "--kernel", kernel(arch),
         "--append", f"{words} {exit_word}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    console = done.stdout.decode(errors="replace")
    if done.returncode in (0, 124):
        raise Failure(f"status {done.returncode}; the console's end: {console[-600:]!r}")
    return console


def plant(arch, word, what, function, more=""):
    """Boot with plant=@word: the panic says @what, and a stack names @function."""
    console = boot(arch, f"ktest=plant plant={word} {more}")
    expect_match(f"panic: {what}", console)
    expect_match(rf"{function}\+0x", console)


def test_lock_order(arch):
    plant(arch, "lock-order", "lock order: INODE .* while holding MM", "plant_lock_order")


def test_lock_taken_twice(arch):
    plant(arch, "lock-twice", "lock order: MM taken twice", "plant_lock_twice")


def test_lock_kept(arch):
    expect_match(r"panic: lock order: plant\.\w+ ends with MM \(0x\w+\) held",
                 boot(arch, "ktest=plant plant=lock-kept"))


def test_unlock_of_a_lock_not_held(arch):
    plant(arch, "unlock-of-another", "lock order: DCACHE .* not held", "plant_unlock_of_another")


def test_sleep_in_atomic(arch):
    plant(arch, "sleep-in-atomic", "sleep in atomic context", "plant_sleep_in_atomic")


def test_wait_in_atomic(arch):
    plant(arch, "wait-in-atomic", "sleep in atomic context", "plant_wait_in_atomic")


def test_yield_in_atomic(arch):
    plant(arch, "yield-in-atomic", "sleep in atomic context", "plant_yield_in_atomic")


def test_allocation_in_atomic(arch):
    plant(arch, "allocation-in-atomic", "sleep in atomic context", "plant_allocation_in_atomic")


def test_undefined_shift(arch):
    plant(arch, "shift", r"undefined behaviour: shift out of bounds at .*plant_test\.c",
          "plant_shift")


def test_signed_overflow(arch):
    plant(arch, "overflow", "undefined behaviour: signed addition overflows", "plant_overflow")


def test_index_out_of_bounds(arch):
    plant(arch, "bounds", "undefined behaviour: array index out of bounds", "plant_bounds")


def test_use_after_free(arch):
    plant(arch, "use-after-free", "kasan: read of 8 bytes .*: freed memory, in plant_use_after",
          "allocated by plant_use_after_free")


def test_overflow_of_a_variable(arch):
    expect_match(r"kasan: byte 21 of small \(20 bytes\) of kernel/core/plant_test\.c",
                 boot(arch, "ktest=plant plant=global-overflow"))


def test_string_read_beyond_its_end(arch):
    plant(arch, "string-overread", "kasan: read of 1 bytes .*: beyond ", "plant_string_overread")


def test_overflow_of_an_object(arch):
    plant(arch, "heap-overflow", "kasan: write of 1 bytes .*: beyond the object",
          "plant_heap_overflow")


def test_overflow_of_a_page_sized_object(arch):
    plant(arch, "page-object-overflow", "kasan: write of 1 bytes .*: beyond the object",
          "plant_page_object_overflow")


def test_overflow_of_a_block_of_pages(arch):
    plant(arch, "block-overflow", "kasan: write of 1 bytes .*: beyond the object",
          "plant_block_overflow")


def test_overflow_in_vmalloc(arch):
    plant(arch, "vmalloc-overflow", "vmalloc: .* written beyond its 5000 bytes",
          "plant_vmalloc_overflow")


def test_overflow_of_an_array_on_the_stack(arch):
    plant(arch, "stack-overflow", r"an array on the stack was overrun, in plant_stack_overflow",
          "plant_stack_overflow")


def test_page_written_after_it_was_freed(arch):
    plant(arch, "page-written", "page: .* written at byte 77 after it was freed",
          "plant_page_written")


def test_double_free(arch):
    plant(arch, "double-free", "slab: .* freed twice", "plant_double_free")


def test_user_pointer_dereferenced(arch):
    plant(arch, "user-pointer", "access to user memory outside of the copy functions",
          "plant_user_pointer")


def test_list_corrupted(arch):
    plant(arch, "list", r".*list\.h:\d+: ASSERT", "plant_list")


def test_reference_given_back_twice(arch):
    plant(arch, "refs", r".*refs\.h:\d+: ASSERT", "plant_refs")


def test_too_many_references(arch):
    plant(arch, "refs-overflow", r".*refs\.h:\d+: ASSERT", "plant_refs_overflow")


def test_list_corrupted_before_a_splice(arch):
    plant(arch, "list-splice", r".*list\.h:\d+: ASSERT", "plant_list_splice")


def test_leak_of_a_page(arch):
    expect_match(r"FAIL plant\.\w+ leak: pages had \d+ objects",
                 boot(arch, "ktest=plant plant=page-leak"))


def test_leak(arch):
    expect_match(r"FAIL plant\.\w+ leak: kalloc-\d+ had \d+ objects",
                 boot(arch, "ktest=plant plant=leak"))


def test_leak_of_a_contract_test(arch):
    subprocess.run(["make", "-s", f"ARCH={arch}", "DEBUG=1", "kernel"], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL)
    done = subprocess.run(
        [TOP / "tools/run", "--arch", arch, "--debug", "--smp", "1", "--timeout", str(LIMIT_S), "-c",
         "TEST_LEAKS=1 /usr/lib/gemel/tests/selftest -leak"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    expect_match(r"^FAIL selftest\.-leak leak: [\w.-]+ was \d+, is \d+\n$", done.stdout)


def test_stack_overflow(arch):
    expect_match("panic: .*stack overflow", boot(arch, "ktest=crash crash=stack"))


def test_lost_wake_up(arch):
    plant(arch, "lost-wake-up", 'hung task: .*"loser" has waited', "loser", "hung=2 watchdog=4")


def test_soft_lock_up(arch):
    plant(arch, "soft-lock-up", "soft lock-up: CPU 1", "soft_lock_up", "watchdog=4")


def test_hard_lock_up(arch):
    plant(arch, "hard-lock-up", "hard lock-up: CPU 1",
          "hard_lock_up" if arch == "amd64" else "ktest_run_all|sched_idle", "watchdog=4")


if __name__ == "__main__":
    sys.exit(main(globals()))
