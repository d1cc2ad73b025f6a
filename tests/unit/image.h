/* SPDX-License-Identifier: MIT */
#pragma once
/* Images of disks, made and judged by the host's e2fsprogs.  Plain C on both sides. */
#include <stddef.h>
#include <stdint.h>

/* Run mke2fs with @options on @bytes of zeros; the image is the caller's to free.  NULL: it failed,
 * which stderr says. */
uint8_t *image_make(size_t bytes, const char *options);
uint8_t *image_copy(const uint8_t *image, size_t bytes);
void image_free(uint8_t *image);
/*
 * Run e2fsck with @options on the image; with @repair the image is what it made of it.  Its exit
 * status (0 clean, 1 and 2 repaired, 4 errors left); what it says when the status is not one of
 * the bits in @fine goes to stdout.
 */
int image_fsck(uint8_t *image, size_t bytes, const char *options, int repair, int fine);
/* Pseudo-random numbers that repeat. */
uint32_t image_random(uint32_t *seed);
