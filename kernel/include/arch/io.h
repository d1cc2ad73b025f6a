/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Device registers.  An io_region is MMIO or, where arch/ made it so, port
 * space: the same eight accessors serve both.  On arm64 each MMIO access is
 * one plain ldr/str with a base register.
 */
#include <gemel/compiler.h>

struct io_region {
	ulong base;     /* kernel virtual address, or port number */
	size_t size;
	bool is_port;   /* only arch/amd64 makes these */
};

static inline u8 io_read8(const struct io_region *r, size_t off);
static inline u16 io_read16(const struct io_region *r, size_t off);
static inline u32 io_read32(const struct io_region *r, size_t off);
static inline u64 io_read64(const struct io_region *r, size_t off);
static inline void io_write8(const struct io_region *r, size_t off, u8 v);
static inline void io_write16(const struct io_region *r, size_t off, u16 v);
static inline void io_write32(const struct io_region *r, size_t off, u32 v);
static inline void io_write64(const struct io_region *r, size_t off, u64 v);

/* Order accesses to coherent DMA memory and the doorbell register. */
static inline void dma_rmb(void);
static inline void dma_wmb(void);
static inline void dma_mb(void);

#include <arch_impl/io.h>
