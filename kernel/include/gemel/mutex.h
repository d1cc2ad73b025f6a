/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Sleeping locks.  Fast path without contention is one atomic instruction
 * each way; waiters queue first in, first out.  Not for interrupts.
 */
#include <gemel/spin.h>
#include <gemel/wait.h>

struct task;

struct __lock_type("mutex") mutex {
	ulong owner;                    /* struct task *, bit 0: there are waiters */
	struct wait_queue waiters;
	u8 rank;
};

#define MUTEX_INIT(m, r) { .owner = 0, .waiters = WAIT_QUEUE_INIT((m).waiters), \
	.rank = LOCK_RANK_##r }

void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_lock(struct mutex *m) __acquires(*m);
/* 0, or -EINTR when a fatal signal arrived first.  */
int __must_check mutex_lock_killable(struct mutex *m) __no_lock_analysis;
bool mutex_try_lock(struct mutex *m) __try_acquires(*m);
void mutex_unlock(struct mutex *m) __releases(*m);
bool mutex_is_held(const struct mutex *m);      /* by the caller */
/* A second one of a rank that the caller holds, where the order is known (directory, then what is
 * in it). */
void mutex_lock_nested(struct mutex *m) __acquires(*m);
/* Two of one rank, in address order; a == b locks once. */
void mutex_lock_pair(struct mutex *a, struct mutex *b) __no_lock_analysis;
void mutex_unlock_pair(struct mutex *a, struct mutex *b) __no_lock_analysis;

/* Many readers or one writer; writers are not starved. */
struct __lock_type("rwmutex") rwmutex {
	long count;                     /* atomic: readers << 1, bit 0: a writer */
	u32 writers_waiting;            /* atomic */
	struct wait_queue waiters;
	u8 rank;
};

#define RWMUTEX_INIT(m, r) { \
	.waiters = WAIT_QUEUE_INIT((m).waiters), .rank = LOCK_RANK_##r }

void rwmutex_init(struct rwmutex *m, enum lock_rank rank);
void rwmutex_read_lock(struct rwmutex *m) __acquires_shared(*m);
bool rwmutex_try_read_lock(struct rwmutex *m) __no_lock_analysis;
void rwmutex_read_unlock(struct rwmutex *m) __releases_shared(*m);
void rwmutex_write_lock(struct rwmutex *m) __acquires(*m);
int __must_check rwmutex_write_lock_killable(struct rwmutex *m) __no_lock_analysis;
void rwmutex_write_unlock(struct rwmutex *m) __releases(*m);
bool rwmutex_is_held(const struct rwmutex *m);   /* by anyone: for assertions */
