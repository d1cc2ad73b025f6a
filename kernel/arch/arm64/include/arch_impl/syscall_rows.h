/* SPDX-License-Identifier: MIT */
/* No call belongs to ARM64 alone: Linux gave it the generic table. */
