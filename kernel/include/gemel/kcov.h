/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Coverage of the kernel by one task, for fuzzers: debug kernels, /dev/kcov, with the
 * calls and the buffer of Linux's kcov (KCOV_INIT_TRACE, mmap, KCOV_ENABLE, KCOV_DISABLE).
 */
struct kcov;
struct task;

/* Make /dev/kcov. */
void kcov_init(void);
/* @t runs no more: it records no more. */
void kcov_task_end(struct task *t);
