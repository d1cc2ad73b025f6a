/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>
/*
 * The lock order of the whole kernel: the only place it is written down.
 *
 * A task may take a lock only if its rank is greater than the rank of every
 * lock it holds.  Debug kernels check this on every acquire.  Two locks of one
 * rank are held together only through mutex_lock_pair(), which orders them by
 * address.
 */
#define LOCK_RANKS(X)                                                   \
	X(EXEC,      "process: one execve or core dump at a time")      \
	X(MOUNT,     "mount table")                                     \
	X(RENAME,    "superblock: cross-directory rename")              \
	X(EPOLL,     "epoll instance")                                  \
	X(FILEPOS,   "open file: position")                             \
	X(PROCFILE,  "open file of /proc: its text")                    \
	X(DEVICE,    "device list, driver probe")                       \
	X(INODE,     "directory inode: contents")                       \
	X(INODEFILE, "other inode: size, blocks, attributes")           \
	X(DEVPTS,    "devpts instance: numbers and names")              \
	X(PIPE,      "pipe")                                            \
	X(SOCKET,    "socket and its protocol state")                   \
	X(MM,        "address space; taken by any user copy")           \
	X(PAGEIO,    "page cache: filling and writing back")            \
	X(FS,        "file system: allocation bitmaps, superblock")     \
	X(FUTEX,     "futex bucket (spin)")                             \
	X(FUTEXPI,   "futex locks: owners, waiters (spin)")             \
	X(WORKER,    "work queue control")                              \
	X(FDTABLE,   "file descriptor table (spin)")                    \
	X(DCACHE,    "name cache (spin)")                               \
	X(ICACHE,    "inode table (spin)")                              \
	X(MAPPING,   "page cache tree of one inode (spin)")             \
	X(FILELOCK,  "advisory file locks (spin)")                      \
	X(MAPAREAS,  "who maps a file (spin)")                          \
	X(PGTABLE,   "user page-table entries of one space (spin)")     \
	X(DIRTYLIST, "list of files with dirty pages (spin)")           \
	X(LRU,       "reclaim list of the page cache (spin)")           \
	X(BLKQUEUE,  "block device queue (irq)")                        \
	X(TTYBUF,    "terminal input buffer (irq)")                     \
	X(NETDEV,    "network device queue (irq)")                      \
	X(POLL,      "poll registration lists (irq)")                   \
	X(FILEWAIT,  "wait queue of a file that sends SIGIO (irq)")     \
	X(PROCTREE,  "parent, child, group, session links (irq)")       \
	X(SIGNAL,    "signal actions and pending sets (irq)")           \
	X(KTHREADS,  "list of kernel threads (irq)")                    \
	X(USERS,     "table of users (irq)")                            \
	X(WORKQ,     "work queue (irq)")                                \
	X(TIMEX,     "rate of the wall clock (irq)")                    \
	X(WAITQ,     "wait queue (irq)")                                \
	X(EPREADY1,  "epoll: ready list (irq)")                         \
	X(EPWAIT1,   "epoll: who waits for it (irq)")                   \
	X(EPREADY2,  "the same of one that watches another (irq)")      \
	X(EPWAIT2,   "the same of one that watches another (irq)")      \
	X(POLLWAIT,  "poll and select: the caller (irq)")               \
	X(CLOCK,     "wall clock (irq)")                                \
	X(TIMER,     "timer queue of a CPU (irq)")                      \
	X(RUNQ,      "run queue (irq)")                                 \
	X(VMALLOC,   "kernel address ranges (irq)")                     \
	X(SLAB,      "slab cache (irq)")                                \
	X(ZONE,      "page allocator free lists (irq)")                 \
	X(KPGTABLE,  "kernel page tables (irq)")                        \
	X(TLB,       "TLB shoot-down, cross-CPU calls (irq)")           \
	X(IRQ,       "interrupt controller and handler table (irq)")    \
	X(RANDOM,    "random numbers (irq, leaf)")                      \
	X(CONSOLE,   "console output and log ring (irq)")               \
	X(UART,      "serial port registers (irq, leaf)")

enum lock_rank {
	LOCK_RANK_NONE,
#define X(name, what) LOCK_RANK_##name,
	LOCK_RANKS(X)
#undef X
	LOCK_RANK_COUNT,
};

extern const char *const lock_rank_names[LOCK_RANK_COUNT];

/*
 * Debug kernels call these from every lock; they panic on a wrong order, naming both.  @lock is
 * recorded as held by current, in an interrupt too: what a handler takes it releases before it
 * ends.
 */
void lock_check_acquire(enum lock_rank rank, const void *lock);
/* A spin lock: not in an interrupt. */
void lock_check_spin(enum lock_rank rank, const void *lock);
/* The second of a pair of one rank. */
void lock_check_acquire_pair(enum lock_rank rank, const void *lock);
/* Taken by a try: it cannot deadlock, so any order is right. */
void lock_check_try(enum lock_rank rank, const void *lock);
void lock_check_release(enum lock_rank rank, const void *lock);
/* Current holds no lock, and preemption and interrupts are on: what @suite.@name is ends here. */
void lock_check_none(const char *suite, const char *name);
/* Does current hold it?  Debug kernels only; true in others. */
bool lock_check_is_held(const void *lock);
