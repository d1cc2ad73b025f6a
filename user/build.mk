# SPDX-License-Identifier: MIT
# How user programs are built, static, against Debian's musl: part of the Makefile.

U     := build/$(ARCH)/user
ROOT  := build/packages/$(ARCH)/root
MUSL  := $(ROOT)/usr/lib/$(CPU)-linux-musl
UCC   := $(CC) --target=$(CPU)-linux-musl -std=gnu11 -O2 -g -nostdlibinc -D_GNU_SOURCE \
	-fno-stack-protector -Wall -Wextra -Werror -Itests/lib -Itests/user/lib \
	-Itests/stress/lib \
	-isystem $(ROOT)/usr/include/$(CPU)-linux-musl -isystem $(ROOT)/usr/include \
	-isystem $(ROOT)/usr/include/$(CPU)-linux-gnu
LIBGCC := $(ROOT)/usr/lib/gcc/$(CPU)-linux-gnu/12/libgcc.a
ULD   := $(LD) -z max-page-size=4096 -z noexecstack --build-id=none --eh-frame-hdr
STATIC := $(ULD) -static $(MUSL)/crt1.o $(MUSL)/crti.o
PIE   := $(ULD) -static -pie --no-dynamic-linker -z text $(MUSL)/rcrt1.o $(MUSL)/crti.o
DYNAMIC := $(ULD) -pie -dynamic-linker /lib/ld-musl-$(CPU).so.1 $(MUSL)/Scrt1.o $(MUSL)/crti.o

# A program is a file: tests/user/x.c, tests/stress/x.c, bench/x.c.  x_pie.c becomes a static PIE, x_dyn.c is
# linked with the shared libc.  user/x/*.c together are the program x.
UPROG := $(patsubst user/%/,$U/%,$(sort $(dir $(wildcard user/*/*.c))))
UTEST := $(patsubst tests/user/%.c,$U/tests/%,$(wildcard tests/user/*.c))
UBENCH := $(patsubst bench/%.c,$U/bench/%,$(wildcard bench/*.c))
USTRESS := $(patsubst tests/%.c,$U/%,$(wildcard tests/stress/*.c))
lib_of = $(patsubst %.c,$U/obj/%.o,$(wildcard tests/$(1)/lib/*.c tests/lib/*.c))
UMAIN := $(UTEST) $(UBENCH) $(USTRESS)

user: $(UPROG) $(UMAIN)         ## build the user programs and their tests
$U/obj/%.o: %.c user/build.mk | build/packages/$(ARCH)/.complete
	@mkdir -p $(@D)
	@echo "  UCC  $<"
	@$(UCC) $(if $(filter %_pie.c %_dyn.c,$<),-fPIE) -MMD -MP -c -o $@ $<
start = $(if $(filter %_pie,$@),$(PIE),$(if $(filter %_dyn,$@),$(DYNAMIC),$(STATIC)))
libc  = $(if $(filter %_dyn,$@),-L$(ROOT)/lib/$(CPU)-linux-musl -lc $(LIBGCC),--start-group $(MUSL)/libc.a $(LIBGCC) --end-group)
$(UPROG): $U/%: $$(addprefix $U/obj/,$$(addsuffix .o,$$(basename $$(wildcard user/$$*/*.c))))
$U/failnth: $U/obj/tests/lib/leaks.o
$(UTEST): $U/tests/%: $U/obj/tests/user/%.o $(call lib_of,user)
$(USTRESS): $U/stress/%: $U/obj/tests/stress/%.o $(call lib_of,stress)
$(UBENCH): $U/bench/%: $U/obj/bench/%.o
$(UPROG) $(UMAIN):
	@mkdir -p $(@D)
	@$(start) -o $@ $^ $(libc) $(MUSL)/crtn.o
build/packages/$(ARCH)/.complete:
	@tools/setup
-include $(sort $(shell find $B $U/obj -name '*.d' 2>/dev/null))
