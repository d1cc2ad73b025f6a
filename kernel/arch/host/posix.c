/* SPDX-License-Identifier: MIT */
/*
 * The process under the host port: memory, fibers, signals, the sanitizers.
 *
 * "Physical" memory is a memory file, so that one page can be seen at several
 * addresses: in the physmap, in the page array, in the vmalloc area.
 *
 * A fiber's stack is larger than a kernel stack, because instrumented frames are.
 * Stacks are kept for the next fiber: what the address sanitizer marked in them is
 * cleared when they are given out again.
 */
#define _GNU_SOURCE
#include "posix.h"

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { FIBER_STACK = 512 << 10, SIGNAL_STACK = 128 << 10 };
/* switch.S: what fiber_swap() pops, and where in it the return address is. */
#if defined(__x86_64__)
enum { SWITCH_FRAME = 64, SWITCH_PC = 6 };
#else
enum { SWITCH_FRAME = 160, SWITCH_PC = 1 };
#endif
void fiber_swap(void **old_sp, void *new_sp);
void fiber_entry(void);

struct posix_fiber {
	void *sp;                       /* while it does not run */
	void *stack;                    /* NULL: the thread's own */
	const void *bottom;             /* as the address sanitizer knows it */
	size_t size;
	void *fake_stack;
	void (*fn)(void);
	struct posix_fiber *next_free;
};

static int ram_fd;
static bool (*fill_fault)(uintptr_t addr);
static struct posix_fiber first_fiber, *running = &first_fiber, *leaving, *free_fibers;

/* Defaults, before ASAN_OPTIONS: faults are the port's, and its stacks hide nothing from leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_segv=0:handle_sigbus=0:detect_leaks=0:detect_stack_use_after_return=0";
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	posix_abort();
}

void posix_ram_create(uintptr_t at, size_t bytes)
{
	ram_fd = memfd_create("gemel-ram", MFD_CLOEXEC);
	need(ram_fd >= 0 && ftruncate(ram_fd, (off_t)bytes) == 0, "memfd");
	need(mmap((void *)at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		  ram_fd, 0) == (void *)at, "physmap");
}

void posix_map(uintptr_t va, uintptr_t pa, size_t bytes, bool is_writable)
{
	int prot = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;

	need(mmap((void *)va, bytes, prot, MAP_SHARED | MAP_FIXED, ram_fd, (off_t)pa) ==
	     (void *)va, "map");
}

void posix_reserve(uintptr_t va, size_t bytes)
{
	need(mmap((void *)va, bytes, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == (void *)va,
	     "reserve");
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (fill_fault((uintptr_t)info->si_addr))
		return;
	fprintf(stderr, "signal %d: access to %p\n", signo, info->si_addr);
	posix_abort();
}

void posix_catch_faults(bool (*fill)(uintptr_t addr))
{
	static char stack[SIGNAL_STACK];
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };

	fill_fault = fill;
	need(sigaltstack(&alt, NULL) == 0 && sigaction(SIGSEGV, &sa, NULL) == 0 &&
	     sigaction(SIGBUS, &sa, NULL) == 0, "sigaction");
}

/* ---- fibers ---- */

/* First thing after a switch, on the new stack. */
static void fiber_arrived(void)
{
	__sanitizer_finish_switch_fiber(running->fake_stack, &leaving->bottom, &leaving->size);
}

void fiber_main(void);
void fiber_main(void)
{
	fiber_arrived();
	running->fn();
	posix_abort();
}

struct posix_fiber *posix_fiber_create(void (*fn)(void))
{
	struct posix_fiber *f = free_fibers;

	if (f) {
		free_fibers = f->next_free;
	} else {
		f = calloc(1, sizeof(*f));
		need(f, "fiber");
		f->stack = mmap(NULL, FIBER_STACK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		need(f->stack != MAP_FAILED, "stack");
	}
	__asan_unpoison_memory_region(f->stack, FIBER_STACK);
	f->bottom = f->stack;
	f->size = FIBER_STACK;
	f->fake_stack = NULL;
	f->fn = fn;
	f->sp = (char *)f->stack + FIBER_STACK - SWITCH_FRAME;
	((void **)f->sp)[SWITCH_PC] = (void *)fiber_entry;
	return f;
}

void posix_fiber_free(struct posix_fiber *f)
{
	if (!f)
		return;
	f->next_free = free_fibers;
	free_fibers = f;
}

struct posix_fiber *posix_fiber_current(void)
{
	return running;
}

void posix_fiber_switch(struct posix_fiber *to)
{
	struct posix_fiber *from = running;

	leaving = from;
	running = to;
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
	fiber_swap(&from->sp, to->sp);
	fiber_arrived();
}

/* ---- the rest ---- */

void *posix_realloc(void *p, size_t bytes)
{
	if (!bytes) {
		free(p);
		return NULL;
	}
	p = realloc(p, bytes);
	need(p, "realloc");
	return p;
}

void posix_putc(char c)
{
	if (c != '\r')
		putchar(c);
}

uint64_t posix_wall_seconds(void)
{
	return (uint64_t)time(NULL);
}

void posix_exit(int status)
{
	fflush(stdout);
	_exit(status);
}

void posix_abort(void)
{
	fflush(stdout);
	__sanitizer_print_stack_trace();
	abort();
}

signed char *posix_shadow_of(const void *p)
{
	size_t scale, offset;

	__asan_get_shadow_mapping(&scale, &offset);
	return (signed char *)(((uintptr_t)p >> scale) + offset);
}
