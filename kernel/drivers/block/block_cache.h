/* SPDX-License-Identifier: MIT */
#pragma once
/* The page cache of whole block devices. */
#include <gemel/pagecache.h>

extern const struct mapping_ops block_mapping_ops;
