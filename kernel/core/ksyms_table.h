/* SPDX-License-Identifier: MIT */
#pragma once
/* Written by tools/ksyms at link time, and the bounds of the text by kernel.ld. */
#include <gemel/types.h>

extern const u32 ksyms_count;
extern const u32 ksyms_offsets[];
extern const u32 ksyms_name_index[];
extern const char ksyms_names[];

extern const char _text[], _etext[];
