/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The 48-bit layout of AMD64.  Each region of the kernel half is whole root
 * entries (512 GiB), which all address spaces share; those of VMALLOC,
 * VMEMMAP and the image are one entry each, filled in at boot for good.
 * Also read by assembly and by the linker script's author: plain numbers.
 */
#define USER_END        0x00007ffffffff000      /* no code next to the canonical hole: sysret */
#define PHYSMAP_BASE    0xffff800000000000
#define PHYSMAP_END     0xffffc00000000000
#define VMALLOC_BASE    0xffffc90000000000
#define VMALLOC_END     0xffffc98000000000
#define VMEMMAP_BASE    0xffffea0000000000
#define KERNEL_BASE     0xffffffff80000000
