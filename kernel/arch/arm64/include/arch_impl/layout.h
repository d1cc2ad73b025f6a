/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The 48-bit layout of ARM64.  User space is the whole range of TTBR0, the
 * kernel that of TTBR1.  Also read by assembly: plain numbers.
 */
#define USER_END        0x0001000000000000
#define PHYSMAP_BASE    0xffff000000000000
#define PHYSMAP_END     0xffff800000000000
#define VMALLOC_BASE    0xffffc00000000000
#define VMALLOC_END     0xffffc08000000000
#define VMEMMAP_BASE    0xffffe00000000000
#define KERNEL_BASE     0xffffffff80000000
