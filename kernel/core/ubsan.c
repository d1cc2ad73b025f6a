/* SPDX-License-Identifier: MIT */
/*
 * Undefined behaviour, in debug kernels: each report is a panic that names the
 * kind, the place in the source, and the values.  In other kernels nobody calls
 * these functions, and the linker leaves them out.
 *
 * An array on the stack that is overrun through a pointer changes the word that the
 * compiler put behind it: its function calls __stack_chk_fail() rather than return.
 */
#include "ubsan.h"

#include <gemel/assert.h>
#include <gemel/ksyms.h>

#include "panic.h"

static void report(const struct ubsan_data *d, const char *what, ulong a, ulong b)
{
	if (panic_in_progress())
		return;
	panic("undefined behaviour: %s at %s:%u:%u (0x%lx, 0x%lx)", what, d->where.file,
	      d->where.line, d->where.column, a, b);
}

void __ubsan_handle_add_overflow(const struct ubsan_data *d, ulong a, ulong b)
{
	report(d, "signed addition overflows", a, b);
}

void __ubsan_handle_sub_overflow(const struct ubsan_data *d, ulong a, ulong b)
{
	report(d, "signed subtraction overflows", a, b);
}

void __ubsan_handle_mul_overflow(const struct ubsan_data *d, ulong a, ulong b)
{
	report(d, "signed multiplication overflows", a, b);
}

void __ubsan_handle_negate_overflow(const struct ubsan_data *d, ulong a)
{
	report(d, "negation overflows", a, 0);
}

void __ubsan_handle_divrem_overflow(const struct ubsan_data *d, ulong a, ulong b)
{
	report(d, "division by zero or overflow", a, b);
}

void __ubsan_handle_shift_out_of_bounds(const struct ubsan_data *d, ulong a, ulong b)
{
	report(d, "shift out of bounds", a, b);
}

void __ubsan_handle_out_of_bounds(const struct ubsan_data *d, ulong index)
{
	report(d, "array index out of bounds", index, 0);
}

void __ubsan_handle_load_invalid_value(const struct ubsan_data *d, ulong value)
{
	report(d, "value that its type does not have", value, 0);
}

void __ubsan_handle_vla_bound_not_positive(const struct ubsan_data *d, ulong bound)
{
	report(d, "array size not positive", bound, 0);
}

void __ubsan_handle_builtin_unreachable(const struct ubsan_data *d)
{
	report(d, "unreachable code reached", 0, 0);
}

void __ubsan_handle_missing_return(const struct ubsan_data *d)
{
	report(d, "end of a function without its value", 0, 0);
}

void __ubsan_handle_invalid_builtin(const struct ubsan_data *d)
{
	report(d, "count of zero bits of 0", 0, 0);
}

/* Never changes: a function that began before a change would find it. */
const ulong __stack_chk_guard = 0xd15ea5ed0ddba11ful;

void __stack_chk_fail(void)
{
	ulong offset = 0;
	/* The call is the last of its function: what follows may be another. */
	const char *name = ksym_lookup((ulong)__builtin_return_address(0) - 1, &offset);

	panic("an array on the stack was overrun, in %s", name ? name : "?");
}
