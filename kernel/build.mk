# SPDX-License-Identifier: MIT
# How the kernel of $(ARCH) is built: part of the Makefile.  The objects are the files that exist.

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
	-mllvm -asan-globals=1 -mllvm -asan-destructor-kind=none
# An array on the stack that is overrun: the word behind it is looked at (core/ubsan.c).
STACK_1 := -fstack-protector-strong -mstack-protector-guard=global
STACK_0 := -fno-stack-protector
KFLAGS  = --target=$(CPU)-unknown-none-elf -O2 -g -ffreestanding -nostdlibinc \
	-Ikernel/include -I$A/include -I$(GEN) -DGEMEL_DEBUG=$(DEBUG) \
	-mgeneral-regs-only $(FLAGS_$(CPU)) -fno-pic -fno-common -fno-omit-frame-pointer \
	-fno-strict-aliasing $(STACK_$(DEBUG)) -ffunction-sections -fdata-sections \
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

objs: $(OBJ) $(TOBJ)            ## compile every kernel source for ARCH, tests too; no link
kernel: $B/kernel.elf $(if $(filter arm64,$(ARCH)),$B/Image)   ## link the kernel
kernel-test: $B/kernel-test.elf $(if $(filter arm64,$(ARCH)),$B/Image-test)

$(OBJ) $(TOBJ): $B/%.o: % kernel/build.mk | $(OFFSETS)
	@mkdir -p $(@D)
	@echo "  $(if $(filter %.S,$<),AS,CC)   $<"
	@$(KCC) -MMD -MP -c -o $@ $<
# DEFINE(NAME, value) leaves a line with "->NAME value" in the assembly.
$(GEN)/asm_offsets.h: $A/asm_offsets.c kernel/build.mk
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
$(VDSO): $B/%.o: % kernel/build.mk
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
$B/alone/%.ok: %.h kernel/build.mk | $(OFFSETS)
	@mkdir -p $(@D)
	@echo '#include "$<"' | $(KCC) -MMD -MP -MF $(@:.ok=.d) -MT $@ -I. -Wno-unused-function \
		-fsyntax-only -x c - && touch $@

size: $B/kernel.elf             ## code and data by source directory
	@llvm-size $(OBJ) | awk 'NR > 1 { n = $$6; sub(/^build\/[^\/]*\//, "", n); \
		sub(/\/[^\/]*$$/, "", n); t[n] += $$1; d[n] += $$2; b[n] += $$3 } \
		END { printf "%8s %8s %8s\n", "text", "data", "bss"; \
		for (n in t) printf "%8d %8d %8d  %s\n", t[n], d[n], b[n], n | "sort -k4" }'
	@llvm-size $<
