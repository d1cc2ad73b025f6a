# SPDX-License-Identifier: MIT
# The kernel as an object that host programs link, for tests/unit and tests/fuzz: all generic code
# on kernel/arch/host, under the address and undefined-behaviour sanitizers and ready for libFuzzer.
# Headers that the port does not have are the template's (kernel/arch/none).

PORT  := $(TOP)/build/host-port
HOST  := $(TOP)/kernel/arch/host
CC    := clang
PORT_WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla \
	-Wundef -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wthread-safety
PORT_SANITIZE := -fsanitize=address,shift,signed-integer-overflow,integer-divide-by-zero,bounds \
	-fsanitize=bool,enum,unreachable,return,vla-bound,builtin -fno-sanitize-recover=all
PORT_COMMON := -std=gnu11 -g -O1 -fno-strict-aliasing -fno-omit-frame-pointer $(PORT_WARN) \
	$(PORT_SANITIZE)
# The kernel's string functions have other names than the host's, and what libFuzzer has as well.
PORT_NAMES := $(foreach f,memchr memcmp strchr strcmp strlen strncmp strnlen strrchr snprintf \
	vsnprintf __sanitizer_cov_trace_pc,-D$f=kernel_$f)
PORT_FLAGS := $(PORT_COMMON) -fsanitize=fuzzer-no-link -ffreestanding -nostdlibinc \
	-DGEMEL_DEBUG=1 -I$(TOP)/kernel/include -I$(HOST)/include -I$(TOP)/kernel/arch/none/include \
	$(PORT_NAMES)

# mm/kasan.c and core/ubsan.c are the host's sanitizers', so are the three that they must see; the
# tests need a machine that interrupts a loop, or has virtio devices.
PORT_SKIP := $(addprefix $(TOP)/kernel/,mm/kasan.c core/ubsan.c lib/memcpy.c lib/memmove.c \
	lib/memset.c core/sched_test.c core/profile_test.c drivers/virtio/virtio_test.c)
PORT_SRC := $(filter-out $(PORT_SKIP),$(shell find $(TOP)/kernel \( -path $(TOP)/kernel/arch -o \
	-path $(TOP)/kernel/vdso \) -prune -o -name '*.c' -print)) $(filter-out %/posix.c,$(wildcard $(HOST)/*.c))
PORT_OBJ := $(patsubst $(TOP)/%.c,$(PORT)/%.o,$(PORT_SRC)) $(PORT)/kernel/arch/host/posix.o $(PORT)/kernel/arch/host/switch.o
PORT_LINK := -fuse-ld=lld -Wl,-T,$(HOST)/host.ld

# They handle memory that is not to be touched, and what they decide says nothing of an input.
$(PORT)/kernel/mm/slab.o $(PORT)/kernel/arch/host/kasan.o: PORT_FLAGS += -O2 -fno-sanitize=address,fuzzer-no-link
$(PORT)/kernel/arch/host/posix.o: $(HOST)/posix.c $(HOST)/host.mk
	@mkdir -p $(@D)
	@$(CC) $(PORT_COMMON) -MMD -MP -c -o $@ $<
$(PORT)/%.o: $(TOP)/%.S
	@mkdir -p $(@D)
	@$(CC) -c -o $@ $<
$(PORT)/%.o: $(TOP)/%.c $(HOST)/host.mk
	@mkdir -p $(@D)
	@echo "  CC   $(patsubst $(TOP)/%,%,$<) (host)"
	@$(CC) $(PORT_FLAGS) -MMD -MP -c -o $@ $<
-include $(PORT_OBJ:.o=.d)
