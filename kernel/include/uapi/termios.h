/* SPDX-License-Identifier: MIT */
#pragma once
/* Terminal settings and ioctls: Linux's generic layout, the same on both CPUs. */
#include <gemel/types.h>

#define NCCS 19

struct uapi_termios {
	u32 iflag;
	u32 oflag;
	u32 cflag;
	u32 lflag;
	u8 line;
	u8 cc[NCCS];
};
_Static_assert(sizeof(struct uapi_termios) == 36, "struct termios");

/* The same with the speeds as numbers: what the kernel keeps. */
struct uapi_termios2 {
	u32 iflag;
	u32 oflag;
	u32 cflag;
	u32 lflag;
	u8 line;
	u8 cc[NCCS];
	u32 ispeed;
	u32 ospeed;
};
_Static_assert(sizeof(struct uapi_termios2) == 44, "struct termios2");

/* System V's, for TCGETA and TCSETA. */
#define NCC 8
struct uapi_termio {
	u16 iflag;
	u16 oflag;
	u16 cflag;
	u16 lflag;
	u8 line;
	u8 cc[NCC];
};
_Static_assert(sizeof(struct uapi_termio) == 18, "struct termio");

struct uapi_winsize {
	u16 row, col, xpixel, ypixel;
};

/* cc[] */
#define VINTR           0
#define VQUIT           1
#define VERASE          2
#define VKILL           3
#define VEOF            4
#define VTIME           5
#define VMIN            6
#define VSWTC           7
#define VSTART          8
#define VSTOP           9
#define VSUSP           10
#define VEOL            11
#define VREPRINT        12
#define VDISCARD        13
#define VWERASE         14
#define VLNEXT          15
#define VEOL2           16

/* iflag */
#define IGNBRK          0000001u
#define BRKINT          0000002u
#define IGNPAR          0000004u
#define PARMRK          0000010u
#define INPCK           0000020u
#define ISTRIP          0000040u
#define INLCR           0000100u
#define IGNCR           0000200u
#define ICRNL           0000400u
#define IUCLC           0001000u
#define IXON            0002000u
#define IXANY           0004000u
#define IXOFF           0010000u
#define IMAXBEL         0020000u
#define IUTF8           0040000u

/* oflag */
#define OPOST           0000001u
#define OLCUC           0000002u
#define ONLCR           0000004u
#define OCRNL           0000010u
#define ONOCR           0000020u
#define ONLRET          0000040u
#define TABDLY          0014000u
#define XTABS           0014000u

/* cflag */
#define CBAUD           0010017u
#define B0              0000000u
#define B38400          0000017u
#define BOTHER          0010000u        /* the speed is the number in ispeed, ospeed */
#define CBAUDEX         0010000u
#define CIBAUD_SHIFT    16              /* input speed, when it is another */
#define CSIZE           0000060u
#define CS8             0000060u
#define CSTOPB          0000100u
#define CREAD           0000200u
#define PARENB          0000400u
#define PARODD          0001000u
#define HUPCL           0002000u
#define CLOCAL          0004000u
#define CMSPAR          010000000000u
#define CRTSCTS         020000000000u

/* lflag */
#define ISIG            0000001u
#define ICANON          0000002u
#define XCASE           0000004u
#define ECHO            0000010u
#define ECHOE           0000020u
#define ECHOK           0000040u
#define ECHONL          0000100u
#define NOFLSH          0000200u
#define TOSTOP          0000400u
#define ECHOCTL         0001000u
#define ECHOPRT         0002000u
#define ECHOKE          0004000u
#define FLUSHO          0010000u
#define EXTPROC         0200000u
#define PENDIN          0040000u
#define IEXTEN          0100000u

/* ioctls */
#define TCGETS          0x5401
#define TCSETS          0x5402
#define TCSETSW         0x5403
#define TCSETSF         0x5404
#define TCGETA          0x5405
#define TCSETA          0x5406
#define TCSETAW         0x5407
#define TCSETAF         0x5408
#define TCSBRK          0x5409
#define TCXONC          0x540A
#define TCFLSH          0x540B
#define TIOCEXCL        0x540C
#define TIOCNXCL        0x540D
#define TIOCSCTTY       0x540E
#define TIOCGPGRP       0x540F
#define TIOCSPGRP       0x5410
#define TIOCOUTQ        0x5411
#define TIOCSTI         0x5412
#define TIOCGWINSZ      0x5413
#define TIOCSWINSZ      0x5414
#define TIOCINQ         0x541B
#define TIOCPKT         0x5420
#define TIOCNOTTY       0x5422
#define TIOCSETD        0x5423
#define TIOCGETD        0x5424
#define TCSBRKP         0x5425
#define TIOCSBRK        0x5427
#define TIOCCBRK        0x5428
#define TIOCGSID        0x5429
#define TCGETS2         0x802c542a
#define TCSETS2         0x402c542b
#define TCSETSW2        0x402c542c
#define TCSETSF2        0x402c542d
#define TIOCGPTN        0x80045430
#define TIOCSPTLCK      0x40045431
#define TIOCGDEV        0x80045432
#define TIOCSIG         0x40045436
#define TIOCVHANGUP     0x5437
#define TIOCGPKT        0x80045438
#define TIOCGPTLCK      0x80045439
#define TIOCGEXCL       0x80045440
#define TIOCGPTPEER     0x5441

/* The first byte of a read in packet mode. */
#define TIOCPKT_DATA            0
#define TIOCPKT_FLUSHREAD       1
#define TIOCPKT_FLUSHWRITE      2
#define TIOCPKT_STOP            4
#define TIOCPKT_START           8
#define TIOCPKT_NOSTOP          16
#define TIOCPKT_DOSTOP          32
#define TIOCPKT_IOCTL           64

/* TCFLSH, TCXONC arguments */
#define TCIFLUSH        0
#define TCOFLUSH        1
#define TCIOFLUSH       2
#define TCOOFF          0
#define TCOON           1
#define TCIOFF          2
#define TCION           3
