# SPDX-License-Identifier: MIT
# Gemel: `make help` says what there is.  Nothing is configured: what is in a kernel is
# decided by which files exist.

ARCH  ?= amd64
DEBUG ?= 0
override ARCH := $(or $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(ARCH))),amd64)
$(if $(filter $(ARCH),amd64 arm64 none),,$(error ARCH is amd64 (x86_64) or arm64 (aarch64), \
	not "$(ARCH)"))
MAKEFLAGS += $(if $(filter 0,$(MAKELEVEL)),-j$(shell nproc)) --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDEXPANSION:

B     := build/$(ARCH)$(if $(filter 1,$(DEBUG)),-debug)
CPU   := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)
CC    := clang
LD    := ld.lld
OBJCOPY := llvm-objcopy

# --- the kernel -------------------------------------------------------------------------

FLAGS_x86_64  := -mno-red-zone -mcmodel=kernel
FLAGS_aarch64 := -mno-outline-atomics
A     := kernel/arch/$(ARCH)
GEN   := $B/gen
find   = $(sort $(shell find $(1) $(2) 2>/dev/null))
MACH  := $(call find,$A,-path $A/vdso -prune -o -name '*.[cS]' ! -name asm_offsets.c -print)
ALL   := $(call find,kernel,-path kernel/arch -prune -o -path kernel/vdso -prune -o -name '*.[cS]' \
	-print)
# kernel/arch/$(ARCH)/lib/memcpy.S replaces kernel/lib/memcpy.c because it exists.
REPL  := $(patsubst $A/lib/%,kernel/lib/%.c,$(basename $(filter $A/lib/%,$(MACH))))
SRC   := $(filter-out $(REPL),$(ALL)) $(MACH)
# A test beside a module, x_test.c, is in the test kernel only.
TESTS := $(filter %_test.c,$(SRC))
OBJ   := $(patsubst %,$B/%.o,$(filter-out $(TESTS),$(SRC)))
TOBJ  := $(patsubst %,$B/%.o,$(TESTS))
OFFSETS := $(patsubst %,$(GEN)/asm_offsets.h,$(wildcard $A/asm_offsets.c))

# Debug kernels check for undefined behaviour (core/ubsan.c).  Not alignment: the end of a list
# walk forms the address of an entry that is none.
SANITIZE_1 := -fsanitize=shift,signed-integer-overflow,integer-divide-by-zero,bounds,bool,enum \
	-fsanitize=unreachable,return,vla-bound,builtin
# And for bad addresses: a call before each access, answered by mm/kasan.c.
KASAN_1 := -Xclang -fsanitize=kernel-address -Xclang -fsanitize-recover=kernel-address \
	-mllvm -asan-instrumentation-with-call-threshold=0 -mllvm -asan-stack=0 \
	-mllvm -asan-globals=0
KFLAGS  = --target=$(CPU)-unknown-none-elf -O2 -g -ffreestanding -nostdlibinc \
	-Ikernel/include -I$A/include -I$(GEN) -DGEMEL_DEBUG=$(DEBUG) \
	-mgeneral-regs-only $(FLAGS_$(CPU)) -fno-pic -fno-common -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-stack-protector -ffunction-sections -fdata-sections \
	$(SANITIZE_$(DEBUG)) $(KASAN_$(DEBUG)) $(COVERAGE_$(DEBUG))
$B/kernel/mm/kasan.c.o $B/kernel/mm/slab.c.o $B/kernel/core/kcov.c.o: KASAN_1 :=
# And record where a task has been, for fuzzers (core/kcov.c): in what system calls are made of.
COVERED := $(filter-out %_test.c $(addprefix kernel/mm/,kasan.c slab.c page.c),$(filter \
	$(addprefix kernel/,fs/% mm/% net/% syscall/% task/% tty/% drivers/% core/iobuf.c),$(SRC)))
$(COVERED:%=$B/%.o): COVERAGE_1 := -fsanitize-coverage=trace-pc
WARN  := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wundef \
	-Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wthread-safety
KCC    = $(CC) -std=gnu11 $(KFLAGS) $(WARN)
LDFLAGS := -static -nostdlib -z max-page-size=4096 -z noexecstack --gc-sections --build-id=none \
	--fatal-warnings -T $A/kernel.ld \
	$(if $(filter 1,$(DEBUG)),--wrap=memcpy --wrap=memmove --wrap=memset)

all: kernel                     ## build the kernel for ARCH (the default)
objs: $(OBJ) $(TOBJ)            ## compile every kernel source for ARCH, tests too; no link
kernel: $B/kernel.elf $(if $(filter arm64,$(ARCH)),$B/Image)   ## link the kernel
kernel-test: $B/kernel-test.elf $(if $(filter arm64,$(ARCH)),$B/Image-test)

$(OBJ) $(TOBJ): $B/%.o: % Makefile | $(OFFSETS)
	@mkdir -p $(@D)
	@echo "  $(if $(filter %.S,$<),AS,CC)   $<"
	@$(KCC) -MMD -MP -c -o $@ $<
# DEFINE(NAME, value) leaves a line with "->NAME value" in the assembly.
$(GEN)/asm_offsets.h: $A/asm_offsets.c Makefile
	@mkdir -p $(@D)
	@$(KCC) -MMD -MP -MT $@ -MF $(GEN)/asm_offsets.d -S -o $(GEN)/asm_offsets.s $<
	@sed -n 's/.*"->\([A-Za-z0-9_]*\) [$$#]*\([-0-9]*\)".*/#define \1 \2/p' \
		$(GEN)/asm_offsets.s >$@.tmp
	@cmp -s $@.tmp $@ || cp $@.tmp $@

$B/kernel.elf $B/kernel-test.elf: $(OBJ) $B/vdso.o $(wildcard $A/kernel.ld) tools/link-kernel tools/ksyms
	@echo "  LINK $@"
	@tools/link-kernel $@ '$(KCC)' '$(LD) $(LDFLAGS)' $(filter %.o,$^)
$B/kernel-test.elf: $(TOBJ)
$B/Image $B/Image-test: $$(subst Image,kernel,$$@).elf
	@$(OBJCOPY) -O binary $< $@

# The vDSO: a shared object for programs, and as an object of the kernel.
VDSO  := $(patsubst %,$B/%.o,$(call find,kernel/vdso $A/vdso,-name '*.[cS]'))
VDSO_CC = $(CC) -std=gnu11 --target=$(CPU)-unknown-none-elf -O2 -ffreestanding -nostdlibinc -fPIC \
	-fvisibility=hidden -fasynchronous-unwind-tables -fno-stack-protector -fno-jump-tables \
	-ffunction-sections -mgeneral-regs-only -Ikernel/include -I$A/include -I$(GEN) $(WARN)
BINARY_amd64 := elf64-x86-64
BINARY_arm64 := elf64-littleaarch64
BINARY_none  := $(BINARY_amd64)
ENTRY_arm64  := __kernel_rt_sigreturn
$(VDSO): $B/%.o: % Makefile
	@mkdir -p $(@D)
	@echo "  VDSO $<"
	@$(VDSO_CC) -MMD -MP -c -o $@ $<
$B/vdso.so: $(VDSO) kernel/vdso/vdso.ld $A/vdso/vdso.map
	@$(LD) -shared -nostdlib -soname=linux-vdso.so.1 --hash-style=both -Bsymbolic --no-undefined \
		-z text -z max-page-size=4096 --eh-frame-hdr --gc-sections --build-id=none \
		-e $(or $(ENTRY_$(ARCH)),0) --fatal-warnings \
		-T kernel/vdso/vdso.ld --version-script=$A/vdso/vdso.map -o $@ $(VDSO)
	@$(OBJCOPY) --strip-all $@
$B/vdso.o: $B/vdso.so
	@cd $B && $(OBJCOPY) -I binary -O $(BINARY_$(ARCH)) \
		--rename-section .data=.rodata.vdso,alloc,load,readonly,data,contents \
		--redefine-sym _binary_vdso_so_start=vdso_image \
		--redefine-sym _binary_vdso_so_end=vdso_image_end vdso.so vdso.o
-include $(VDSO:.o=.d)

# Every header compiles alone, for both architectures.
headers: both-headers-of-arch
headers-of-arch: $(patsubst %.h,$B/alone/%.ok,$(filter-out %/syscall_rows.h %syscall_table.h \
	%/syscalls_fs.h %/syscalls_mm.h %/syscalls_net.h %/syscalls_task.h,$(call find,kernel/include,-name '*.h')))
$B/alone/%.ok: %.h Makefile | $(OFFSETS)
	@mkdir -p $(@D)
	@echo '#include "$<"' | $(KCC) -MMD -MP -MF $(@:.ok=.d) -MT $@ -I. -Wno-unused-function \
		-fsyntax-only -x c - && touch $@

size: $B/kernel.elf             ## code and data by source directory
	@llvm-size $(OBJ) | awk 'NR > 1 { n = $$6; sub(/^build\/[^\/]*\//, "", n); \
		sub(/\/[^\/]*$$/, "", n); t[n] += $$1; d[n] += $$2; b[n] += $$3 } \
		END { printf "%8s %8s %8s\n", "text", "data", "bss"; \
		for (n in t) printf "%8d %8d %8d  %s\n", t[n], d[n], b[n], n | "sort -k4" }'
	@llvm-size $<

# --- user programs: static, against Debian's musl ----------------------------------------

U     := build/$(ARCH)/user
ROOT  := build/packages/$(ARCH)/root
MUSL  := $(ROOT)/usr/lib/$(CPU)-linux-musl
UCC   := $(CC) --target=$(CPU)-linux-musl -std=gnu11 -O2 -g -nostdlibinc -D_GNU_SOURCE \
	-fno-stack-protector -Wall -Wextra -Werror -Itests/user/lib -Itests/stress/lib \
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
lib_of = $(patsubst %.c,$U/obj/%.o,$(wildcard tests/$(1)/lib/*.c))
UMAIN := $(UTEST) $(UBENCH) $(USTRESS)

user: $(UPROG) $(UMAIN)         ## build the user programs and their tests
$U/obj/%.o: %.c Makefile | build/packages/$(ARCH)/.complete
	@mkdir -p $(@D)
	@echo "  UCC  $<"
	@$(UCC) $(if $(filter %_pie.c %_dyn.c,$<),-fPIE) -MMD -MP -c -o $@ $<
start = $(if $(filter %_pie,$@),$(PIE),$(if $(filter %_dyn,$@),$(DYNAMIC),$(STATIC)))
libc  = $(if $(filter %_dyn,$@),-L$(ROOT)/lib/$(CPU)-linux-musl -lc $(LIBGCC),--start-group $(MUSL)/libc.a $(LIBGCC) --end-group)
$(UPROG): $U/%: $$(addprefix $U/obj/,$$(addsuffix .o,$$(basename $$(wildcard user/$$*/*.c))))
$(UTEST): $U/tests/%: $U/obj/tests/user/%.o $(call lib_of,user)
$(USTRESS): $U/stress/%: $U/obj/tests/stress/%.o $(call lib_of,stress)
$(UBENCH): $U/bench/%: $U/obj/bench/%.o
$(UPROG) $(UMAIN):
	@mkdir -p $(@D)
	@$(start) -o $@ $^ $(libc) $(MUSL)/crtn.o
build/packages/$(ARCH)/.complete:
	@tools/setup
-include $(sort $(shell find $B $U/obj -name '*.d' 2>/dev/null))

$B/disk.img: tools/image $(UPROG) $(UMAIN) $(shell find user/etc -type f)
	@echo "  DISK $@"
	@tools/image --arch $(ARCH) --out $@
image: $B/disk.img              ## the disk image that the guest boots from
# A root of Debian's packages; they are downloaded the first time.
build/packages/$(ARCH)/debian/.complete: user/debian/packages
	@tools/setup debian $(ARCH)
	@touch $@
$B/debian.img: tools/image tools/debian.py build/packages/$(ARCH)/debian/.complete $(UPROG)
	@echo "  DISK $@"
	@tools/image --arch $(ARCH) --out $@ --debian
debian-image: $B/debian.img     ## the image of Debian's programs: tools/run --disk $B/debian.img
debian-test: both-debian-ready  ## Debian's Python tests itself, on both architectures
	@tests/debian/python_short.py
	@tests/debian/python_long.py
debian-ready: kernel debian-image
run:                            ## build everything and boot it; Ctrl-A x leaves
	@tools/setup
	@$(MAKE) kernel image
	@tools/run --arch $(ARCH) $(RUN)

# --- the rest ---------------------------------------------------------------------------

setup:                          ## install what is missing: compilers, QEMU, musl, BusyBox
	@tools/setup
both: both-kernel               ## build the kernels of both architectures
both-%: amd64-% arm64-%
	@:
amd64-%:
	@$(MAKE) ARCH=amd64 $*
arm64-%:
	@$(MAKE) ARCH=arm64 $*
test:                           ## prove both architectures: all rings (tools/test --help)
	@tools/setup
	@$(MAKE) both-test-ready
	@tools/test
test-ready: kernel kernel-test image debian-image
lint:                           ## the rules of the tree; headers alone; the template port links
	@tools/test tree
parity:                         ## write docs/parity.md and docs/syscalls.md
	@tools/parity
	@$(MAKE) ARCH=none kernel
check-host: user                ## unit tests of pure modules, contract programs, on this machine
	@tools/test host linux
fuzz:         ## T=syscall [ARCH=], or fdt|acpi|cpio|elf|ldisc|path|ext2|all; SECONDS=60
ifeq ($(T),syscall)
	@$(MAKE) DEBUG=1 kernel image
	@tools/fuzz --arch $(ARCH) --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)
else
	@$(MAKE) -C tests/fuzz $(if $(filter all,$(T)),all,T=$(or $(T),fdt)) \
		SECONDS=$(or $(SECONDS),60)
endif
failnth:                        ## fail each thing that can, in every contract test; STEP=1
	@$(MAKE) DEBUG=1 kernel image
	@tools/run --debug --arch $(ARCH) -c 'for t in /usr/lib/gemel/tests/*; do for k in \
		alloc usercopy block; do failnth -s 30 -i $(or $(STEP),1) -k $$k $$t; done; done'
check-debug:                    ## tests and stages in the debug kernels of both
	@$(MAKE) DEBUG=1 both-test-ready
	@tools/test debug
check-kernel: kernel-test       ## the tests inside the kernel, under QEMU
	@tools/test --arch $(ARCH) kernel
stages: kernel image            ## the contract programs on Gemel, in order, a line each
	@tools/test --arch $(ARCH) stages
check-system: kernel image      ## the guest driven from outside
	@tools/test --arch $(ARCH) system
run-ready: kernel image
stress: both-run-ready          ## load every area, 4 processors: T=AREA SECONDS=600 (of each)
	@tools/stress --seconds $(or $(SECONDS),600) $(T)
soak-boot: both-run-ready       ## N=100 boots in a row to the prompt of each, 4 processors
	@tools/soak-boot -n $(or $(N),100)
bench-boot: both-run-ready      ## instruction counts, sizes and memory of both, beside Linux's
	@tools/bench-boot
debug: kernel image             ## boot and wait for gdb at the port it prints
	@port=$$((20000 + $$(id -u) % 10000)); \
	echo "gdb-multiarch $B/kernel.elf -ex 'target remote :$$port'"; \
	tools/run --arch $(ARCH) --gdb $$port $(RUN)
check-user: stages              ## the same
clean:                          ## remove what was built (downloaded packages stay)
	rm -rf build/amd64 build/amd64-debug build/arm64 build/arm64-debug build/none build/host build/host-port
help:                           ## this text
	@echo 'make TARGET [ARCH=amd64|arm64] [DEBUG=1]'
	@sed -n 's/^\([a-z][a-z -]*\):.*## */  \1\t/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: $(shell sed -n 's/^\([a-z][a-z -]*\):.*/\1/p' Makefile)
