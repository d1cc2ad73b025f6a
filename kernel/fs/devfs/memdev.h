/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/fs.h>

/* The devices that need no hardware; at boot. */
void memdev_register(void);
