/* SPDX-License-Identifier: MIT */
#pragma once
/* libFuzzer's entry: one input.  Always 0. */
#include <gemel/compiler.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);
