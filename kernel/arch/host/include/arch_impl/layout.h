/* SPDX-License-Identifier: MIT */
#pragma once
/* Places that neither the host's programs nor its address sanitizer use. */
#define USER_END        0x00007ffffffff000
#define PHYSMAP_BASE    0x0000400000000000
#define PHYSMAP_END     0x0000410000000000
#define VMALLOC_BASE    0x0000440000000000
#define VMALLOC_END     0x0000441000000000
#define VMEMMAP_BASE    0x0000480000000000
#define VMEMMAP_END     0x0000480010000000
#define KERNEL_BASE     0x0000000000000000
