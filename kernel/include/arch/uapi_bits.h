/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The few places where the user ABI differs between the CPUs (rule H8):
 * <arch_impl/uapi_bits.h> defines O_DIRECTORY, O_NOFOLLOW, O_DIRECT,
 * O_LARGEFILE, struct uapi_stat, struct uapi_epoll_event, UAPI_MINSIGSTKSZ.
 */
#include <gemel/compiler.h>
#include <arch_impl/uapi_bits.h>
