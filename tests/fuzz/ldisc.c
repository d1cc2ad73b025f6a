/* SPDX-License-Identifier: MIT */
/* The line discipline under any settings, any input, and an output that may be full. */
#include "fuzz.h"

#include <gemel/string.h>

#include "../../kernel/tty/ldisc.h"

static u32 room;

static bool take_output(struct ldisc *ld, u8 c)
{
	(void)ld;
	(void)c;
	if (!room)
		return false;
	room--;
	return true;
}

static void take_signal(struct ldisc *ld, int signo)
{
	(void)ld;
	if (signo <= 0 || signo > 64)
		__builtin_trap();
}

static void take_flow(struct ldisc *ld, bool stop)
{
	(void)ld;
	(void)stop;
}

static void take_flushed(struct ldisc *ld)
{
	(void)ld;
}

static void check(const struct ldisc *ld)
{
	/* Only canonical mode has lines. */
	if (ld->head - ld->tail > LDISC_INPUT_SIZE || ldisc_readable(ld) > ld->head - ld->tail)
		__builtin_trap();
}

static void read_some(struct ldisc *ld, size_t n)
{
	static u8 buf[LDISC_INPUT_SIZE];
	bool is_end;

	if (ldisc_read(ld, buf, n, &is_end) > n)
		__builtin_trap();
}

static void settings(struct ldisc *ld, const u8 **data, size_t *len)
{
	struct uapi_termios2 old = ld->termios;
	size_t n = MIN(*len, sizeof(ld->termios));

	memcpy(&ld->termios, *data, n);
	*data += n;
	*len -= n;
	ldisc_termios_changed(ld, &old);
}

/* Two bytes: what, and with which byte. */
static void step(struct ldisc *ld, u8 op, u8 c)
{
	switch (op % 10) {
	case 0:
		ldisc_receive_break(ld);
		break;
	case 1:
		ldisc_receive_error(ld, c);
		break;
	case 2:
		ldisc_write(ld, c);
		break;
	case 3:
		read_some(ld, c);
		break;
	case 4:
		read_some(ld, LDISC_INPUT_SIZE);
		break;
	case 5:
		room = c;
		break;
	case 6:
		/* More of the same than there is room for. */
		for (uint i = 0; i < 300u * (op / 10 % 16); i++)
			ldisc_receive(ld, c);
		break;
	case 7:
		if (c == 0)
			ldisc_flush_input(ld);
		break;
	default:
		ldisc_receive(ld, c);
	}
	check(ld);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct ldisc ld;

	memset(&ld, 0, sizeof(ld));
	ldisc_init(&ld);
	ld.output = take_output;
	ld.signal = take_signal;
	ld.flow = take_flow;
	ld.flushed = take_flushed;
	room = 1000;
	while (len >= 2) {
		u8 op = data[0], c = data[1];

		data += 2;
		len -= 2;
		if (op == 0xff)
			settings(&ld, &data, &len);
		else
			step(&ld, op, c);
		check(&ld);
	}
	return 0;
}
