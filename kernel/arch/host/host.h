/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of this port share, and what the programs of tests/ call. */
#include <gemel/types.h>

#define HOST_RAM        (96ul << 20)

enum { HOST_IRQ_DISK, HOST_IRQ_NONE, HOST_IRQS };

/*
 * Boot with @cmdline on a fiber of its own and return at the first host_yield(); a program
 * without any ends with the kernel: status 0, or 1 after RESTART_FAILURE.
 */
void host_boot(const char *cmdline);
/* From a task of the kernel: back to who called host_boot() or host_resume(). */
void host_yield(void);
/* Go on behind the host_yield(). */
void host_resume(void);

/* Make @irq pending; it comes as soon as interrupts are on. */
void host_mmu_init(void);
void host_disk_init(void);

/*
 * The disk, "vda": @image of @bytes, the caller's, and its page cache is empty.  No file system of
 * the image before may be mounted.
 */
void host_disk_insert(u8 *image, u64 bytes);
/*
 * From here on, until the next host_disk_insert(), the disk has a cache that only a flush
 * empties: what a power cut leaves is @image with an arbitrary choice (of @seed) of the sectors
 * that were written since, put to @out.
 */
void host_disk_keep_cache(void);
void host_disk_power_cut(u32 seed, u8 *out);
/* Requests that the disk has completed; writes among them. */
extern u64 host_disk_requests, host_disk_writes;
