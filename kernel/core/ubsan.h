/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What clang calls when a check of -fsanitize=undefined fails, and what it passes:
 * the layouts are the compiler's.  Operands of up to 64 bits come as they are.
 */
#include <gemel/compiler.h>

struct ubsan_location {
	const char *file;
	u32 line, column;
};

struct ubsan_type {
	u16 kind, info;
	char name[];            /* quoted */
};

/* Every record begins with the location; the types follow where there are any. */
struct ubsan_data {
	struct ubsan_location where;
	const struct ubsan_type *type, *other;
};

void __ubsan_handle_add_overflow(const struct ubsan_data *d, ulong a, ulong b);
void __ubsan_handle_sub_overflow(const struct ubsan_data *d, ulong a, ulong b);
void __ubsan_handle_mul_overflow(const struct ubsan_data *d, ulong a, ulong b);
void __ubsan_handle_negate_overflow(const struct ubsan_data *d, ulong a);
void __ubsan_handle_divrem_overflow(const struct ubsan_data *d, ulong a, ulong b);
void __ubsan_handle_shift_out_of_bounds(const struct ubsan_data *d, ulong a, ulong b);
void __ubsan_handle_out_of_bounds(const struct ubsan_data *d, ulong index);
void __ubsan_handle_load_invalid_value(const struct ubsan_data *d, ulong value);
void __ubsan_handle_vla_bound_not_positive(const struct ubsan_data *d, ulong bound);
void __ubsan_handle_builtin_unreachable(const struct ubsan_data *d);
void __ubsan_handle_missing_return(const struct ubsan_data *d);
void __ubsan_handle_invalid_builtin(const struct ubsan_data *d);

/* And of -fstack-protector: what it puts behind arrays, and who it calls when that has changed. */
extern const ulong __stack_chk_guard;
void __noreturn __stack_chk_fail(void);
