/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the port asks of the process that it runs in.  posix.c is the one file that
 * includes the host's headers, the others include the kernel's; this one neither.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory at fixed addresses.  All end the process when the host refuses. */

/* @bytes of zeroed "physical" memory, seen at @at. */
void posix_ram_create(uintptr_t at, size_t bytes);
/* Show the @bytes of it from @pa on at @va too.  Both multiples of the page size. */
void posix_map(uintptr_t va, uintptr_t pa, size_t bytes, bool is_writable);
/* Nothing is there, and nobody else may take it. */
void posix_reserve(uintptr_t va, size_t bytes);
/* @fill is asked about every access to what is not mapped; false: it is a bug. */
void posix_catch_faults(bool (*fill)(uintptr_t addr));

/* Flows of control, each on a stack of its own. */
struct posix_fiber;
struct posix_fiber *posix_fiber_create(void (*fn)(void));
void posix_fiber_free(struct posix_fiber *f);           /* not the running one */
struct posix_fiber *posix_fiber_current(void);
void posix_fiber_switch(struct posix_fiber *to);

/* As realloc(); 0 @bytes: frees, and is NULL. */
void *posix_realloc(void *p, size_t bytes);
void posix_putc(char c);
uint64_t posix_wall_seconds(void);
void posix_exit(int status) __attribute__((noreturn));
/* Print the stack of the caller and end by SIGABRT. */
void posix_abort(void) __attribute__((noreturn));

/* The shadow that the compiler's checks look at: one byte for each 8 of memory. */
signed char *posix_shadow_of(const void *p);
