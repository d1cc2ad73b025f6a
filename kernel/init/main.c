/* SPDX-License-Identifier: MIT */
/*
 * The start of the kernel, in the order in which it happens.
 *
 * kernel_main() runs as what becomes the boot CPU's idle task, which must not sleep;
 * as soon as there are tasks, a thread takes over (boot_main()), ends by
 * starting pid 1, and is gone.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/irqflags.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/device.h>
#include <gemel/fs.h>
#include <gemel/kthread.h>
#include <gemel/ktest_run.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/pagecache.h>
#include <gemel/process.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/trace.h>
#include <gemel/tty.h>
#include <gemel/work.h>

#include "../core/deferred.h"
#include "../core/watchdog.h"

#define LOG_TAG "boot"

/* There is no system to run: the line before says why. */
static void __noreturn boot_failed(const char *what, int err)
{
	log_err("%s: error %d; the system cannot start (see root= and init= on the command line)",
		what, -err);
	arch_restart(RESTART_FAILURE);
}

static int boot_main(void *arg)
{
	int err;

	(void)arg;
	work_init_system();
	task_init();
	task_cache_init();
	smp_start_others();
	deferred_start_threads();
	watchdog_start();
	vfs_init();
	tty_init();
	device_probe_all();             /* drivers: order does not matter among them */
	writeback_init();
	if (ktest_is_wanted())
		ktest_run_all();
	err = vfs_mount_root();
	if (err < 0)
		boot_failed("no root file system", err);
	err = process_start_init();
	if (err < 0)
		boot_failed("no init program", err);
	return 0;
}

static void boot_main_start(void)
{
	struct task *t = kthread_run(boot_main, NULL, "boot", ~0ull);

	if (!t)
		panic("boot: no memory for the first thread");
	kthread_detach(t);
}

void kernel_main(void)
{
	arch_early_init(&boot_info);    /* the console works from here on */
	percpu_init();
	log_init();
	trace_init();
	log_info("Gemel %s, %u CPUs", arch_machine_name, cpu_count);
	mm_init();
	sched_init();                   /* this becomes the boot CPU's idle task */
	deferred_init_queues();
	arch_init();                    /* interrupt controller, clock, timer */
	time_init();
	boot_main_start();
	sched_idle();
}
