/* SPDX-License-Identifier: MIT */
/* Rows of tasks, signals, time, credentials: see syscall_table.h.  No include guard. */
SYSCALL0(getpid,                 39, 172)
SYSCALL0(gettid,                186, 178)
