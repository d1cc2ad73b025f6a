/* SPDX-License-Identifier: MIT */
/*
 * The end of the world.
 *
 * The first CPU that panics owns the panic: panic_state is 1 + its number.  It prints
 * the cause, what ran, registers, stack, held locks and trace, stops the others,
 * which print their stacks one by one when panic_turn names them, and then ends
 * the machine as the command line wants.  Nothing here allocates or takes a lock.
 *
 * Another CPU that panics meanwhile just waits to be stopped.  A panic inside the
 * panic, on the same CPU, says so in one line and ends the machine at once; a third
 * one halts.
 */
#include "panic.h"

#include <stdarg.h>

#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/time.h>
#include <arch/trap.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/process.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/trace.h>

#define say(...) printk(LOG_ERR, NULL, __VA_ARGS__)

enum { TRACE_SHOWN = 32, TRACE_SHOWN_OTHERS = 8 };

u32 panic_state;                /* atomic: 0, or 1 + the panicking CPU */
static const struct task *panic_subject; /* the task that it is about, if it does not run */
static uint panic_depth;        /* the panicking CPU only */
static uint panic_turn;         /* atomic: 1 + the CPU that may print */
static uint panic_begun, panic_done;    /* atomic: 1 + the CPU that prints, that has printed */

static void print_task(const struct task *t)
{
	say("CPU %u, task %d \"%s\", pid %d%s", cpu_id(), t->tid, t->name,
	    t->process ? t->process->pid : 0, t->is_kernel ? ", kernel thread" : "");
}

static void print_held(const struct task *t)
{
	if (!GEMEL_DEBUG)
		return;
	say("locks held: %u", t->held.depth);
	for (uint i = 0; i < t->held.depth && i < ARRAY_SIZE(t->held.rank); i++)
		say("  %s 0x%lx", lock_rank_names[t->held.rank[i]], (ulong)t->held.lock[i]);
}

static void print_registers(const char *where, const struct trapframe *tf)
{
	say("registers %s:", where);
	arch_dump_regs(tf);
}

/* Its interrupt still runs; what comes afterwards, deferred work too, may lie on it. */
static bool irq_frame_is_live(void)
{
	return current->preempt_count >= PREEMPT_UNIT_IRQ;
}

/* What the interrupt or the call that runs has come from. */
static void print_origin(void)
{
	if (irq_frame_is_live())
		print_registers("at the interrupt", arch_this_cpu()->irq_frame);
	else if (!current->is_kernel)
		print_registers("of the program", task_trapframe(current));
}

/* @fp: the kernel has panicked with the registers *@tf, in a function with this frame; 0: it
 * was interrupted with them. */
static void print_this_cpu(const struct trapframe *tf, ulong fp)
{
	print_task(current);
	if (fp) {
		print_registers("at the panic", tf);
		print_origin();
	} else {
		print_registers(irq_frame_is_live() && tf == arch_this_cpu()->irq_frame ?
				"at the interrupt" : "at the fault", tf);
	}
	say("stack:");
	backtrace_print(fp ? 0 : trapframe_pc(tf), fp ? fp : trapframe_fp(tf));
	print_held(current);
}

/*
 * Wait about half a second by the cycle counter for CPU @id to print; when it has begun, on a
 * slow line or a slow machine, for longer: two do not print at once.
 */
static void wait_for_turn(uint id)
{
	u64 start = arch_cycles(), half = arch_cycles_hz() / 2;

	WRITE_ONCE(panic_turn, id + 1);
	while (READ_ONCE(panic_done) != id + 1) {
		if (arch_cycles() - start > (READ_ONCE(panic_begun) == id + 1 ? 20 : 1) * half) {
			say("CPU %u does not answer; it runs task %d \"%s\"", id,
			    cpus[id]->running->tid, cpus[id]->running->name);
			return;
		}
	}
}

static void stop_others(void)
{
	arch_ipi_stop_others();
	for (uint i = 0; i < cpu_count; i++)
		if (cpus[i] && cpus[i] != this_cpu() && READ_ONCE(cpus[i]->online))
			wait_for_turn(i);
	WRITE_ONCE(panic_turn, 0);
}

void panic_stop_this_cpu(void)
{
	const struct trapframe *tf = arch_this_cpu()->irq_frame;
	uint me = cpu_id() + 1;

	arch_irq_disable();
	while (READ_ONCE(panic_turn) != me)
		arch_cpu_relax();
	WRITE_ONCE(panic_begun, me);
	print_task(current);
	print_origin();
	say("stack:");
	if (irq_frame_is_live())
		backtrace_print(trapframe_pc(tf), trapframe_fp(tf));
	else
		backtrace_print(0, arch_frame_pointer());
	print_held(current);
	trace_dump(me - 1, TRACE_SHOWN_OTHERS);
	WRITE_ONCE(panic_done, me);
	arch_halt();
}

static uint hex_digit(char c)
{
	return (uint)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 15;
}

/* In place: "%20" becomes a space. */
static void percent_decode(char *text)
{
	char *to = text;

	while (*text) {
		if (*text == '%' && text[1] && text[2]) {
			*to++ = (char)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
			text += 3;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* tools/run puts its own command on the command line. */
static void print_reproduce(void)
{
	static char command[400];

	if (cmdline_get("gemel.repro", command, sizeof(command))) {
		percent_decode(command);
		say("reproduce: %s", command);
		return;
	}
	say("reproduce: tools/run --arch %s --smp %u --append '%s'", arch_machine_name, cpu_count,
	    boot_info.cmdline);
}

static void __noreturn machine_end(void)
{
	char how[8] = "";

	cmdline_get("panic", how, sizeof(how));
	if (strcmp(how, "halt") == 0)
		arch_halt();
	if (strcmp(how, "reboot") == 0)
		arch_restart(RESTART_REBOOT);
	arch_restart(RESTART_FAILURE);
}

/* Only one CPU comes through, and each of its panics deeper ends sooner. */
static void panic_enter(void)
{
	u32 none = 0;

	arch_irq_disable();
	if (!__atomic_compare_exchange_n(&panic_state, &none, cpu_id() + 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (none != cpu_id() + 1)
			panic_stop_this_cpu();
		if (++panic_depth > 1)
			arch_halt();
		say("panic: inside a panic");
		machine_end();
	}
	log_panic_mode();
}

static void __noreturn panic_report(const struct trapframe *tf, ulong fp, const char *fmt,
				    va_list ap) __printf_like(3, 0);
static void __noreturn panic_report(const struct trapframe *tf, ulong fp, const char *fmt,
				    va_list ap)
{
	static char cause[200];

	panic_enter();
	vscnprintf(cause, sizeof(cause), fmt, ap);
	printk(LOG_ERR, "panic", "%s", cause);
	if (panic_subject) {
		say("stack of task %d \"%s\":", panic_subject->tid, panic_subject->name);
		backtrace_print_task(panic_subject);
	}
	print_this_cpu(tf, fp);
	say("last events of CPU %u:", cpu_id());
	trace_dump(cpu_id(), TRACE_SHOWN);
	stop_others();
	say("command line: %s", boot_info.cmdline);
	print_reproduce();
	say("panic: %s", cause);
	machine_end();
}

void panic(const char *fmt, ...)
{
	struct trapframe here;
	va_list ap;

	arch_capture_regs(&here);
	va_start(ap, fmt);
	panic_report(&here, arch_frame_pointer(), fmt, ap);
}

static void __noreturn panic_frame(const struct trapframe *tf, const char *fmt, ...)
	__printf_like(2, 3);
static void __noreturn panic_frame(const struct trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_report(tf, 0, fmt, ap);
}

void panic_interrupted(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_report(arch_this_cpu()->irq_frame, 0, fmt, ap);
}

void panic_task(const struct task *t, const char *fmt, ...)
{
	struct trapframe here;
	va_list ap;

	arch_capture_regs(&here);
	va_start(ap, fmt);
	panic_subject = t;
	panic_report(&here, arch_frame_pointer(), fmt, ap);
}

void kernel_exception(struct trapframe *tf, const char *what)
{
	panic_frame(tf, "%s in the kernel at 0x%lx", what, trapframe_pc(tf));
}

void assert_failed(const char *expr, const char *file, int line)
{
	panic("%s:%d: ASSERT(%s)", file, line, expr);
}

void warn_once_failed(const char *expr, const char *file, int line)
{
	printk(LOG_WARN, "warn", "%s:%d: %s", file, line, expr);
	backtrace_print(0, arch_frame_pointer());
}
