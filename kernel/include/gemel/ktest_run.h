/* SPDX-License-Identifier: MIT */
#pragma once
/* The in-kernel runner of tests (core/ktest_run.c). */
#include <gemel/compiler.h>

/* The word `ktest` or `ktest=SUITE[.NAME]` is on the command line. */
bool ktest_is_wanted(void);
/*
 * Run the tests linked in: those of SUITE if one is named.  One line each, "ok suite.name" or, for
 * each wrong expectation, "FAIL suite.name file:line: ...", at the end "N passed, N failed"; then
 * the machine powers off, RESTART_FAILURE if a test failed or none ran.
 */
void __noreturn ktest_run_all(void);
