/* SPDX-License-Identifier: MIT */
#pragma once
/* One access is one mov, or one in/out; x86 keeps their order. */

#define IO_ACCESSORS(bits, type, ins, outs)                                             \
	static inline type io_read##bits(const struct io_region *r, size_t off)         \
	{                                                                               \
		type v;                                                                 \
											\
		if (unlikely(r->is_port))                                               \
			asm volatile(ins : "=a"(v) : "Nd"((u16)(r->base + off)));       \
		else                                                                    \
			v = *(volatile type *)(r->base + off);                          \
		return v;                                                               \
	}                                                                               \
	static inline void io_write##bits(const struct io_region *r, size_t off, type v) \
	{                                                                               \
		if (unlikely(r->is_port))                                               \
			asm volatile(outs :: "a"(v), "Nd"((u16)(r->base + off)) : "memory"); \
		else                                                                    \
			*(volatile type *)(r->base + off) = v;                          \
	}

IO_ACCESSORS(8, u8, "inb %1, %0", "outb %0, %1")
IO_ACCESSORS(16, u16, "inw %1, %0", "outw %0, %1")
IO_ACCESSORS(32, u32, "inl %1, %0", "outl %0, %1")
#undef IO_ACCESSORS

/* Ports have no 64-bit access. */
static inline u64 io_read64(const struct io_region *r, size_t off)
{
	return *(volatile u64 *)(r->base + off);
}

static inline void io_write64(const struct io_region *r, size_t off, u64 v)
{
	*(volatile u64 *)(r->base + off) = v;
}

/* Memory is coherent for devices and stores are not reordered: only the compiler must not. */
static inline void dma_rmb(void)
{
	barrier();
}

static inline void dma_wmb(void)
{
	barrier();
}

static inline void dma_mb(void)
{
	smp_mb();
}
