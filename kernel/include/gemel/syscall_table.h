/* SPDX-License-Identifier: MIT */
/*
 * Every system call, once.  No include guard: this file is included several
 * times, each time with other definitions of SYSCALL0..SYSCALL6:
 *
 *	SYSCALLn(name, amd64 number, arm64 number, type, argument, ...)
 *
 * The handler is sys_<name>().  Rows are split by area only so that people do
 * not meet in one file.
 */
#include <gemel/syscalls_fs.h>
#include <gemel/syscalls_mm.h>
#include <gemel/syscalls_net.h>
#include <gemel/syscalls_task.h>
#include <arch/syscall_rows.h>
