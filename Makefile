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
I     := build/$(ARCH)
RUN_DEBUG := $(if $(filter 1,$(DEBUG)),--debug)
CPU   := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)
CC    := clang
LD    := ld.lld
OBJCOPY := llvm-objcopy

all: kernel                     ## build the kernel for ARCH (the default)
include kernel/build.mk user/build.mk

# --- images of the disk ------------------------------------------------------------------

$I/disk.img: tools/image $(UPROG) $(UMAIN) $(shell find user/etc -type f)
	@echo "  DISK $@"
	@tools/image --arch $(ARCH) --out $@
image: $I/disk.img              ## the disk image that the guest boots from
# A root of Debian's packages; they are downloaded the first time.
build/packages/$(ARCH)/debian/.complete: user/debian/packages
	@tools/setup debian $(ARCH)
	@touch $@
$I/debian.img: tools/image tools/debian.py build/packages/$(ARCH)/debian/.complete $(UPROG)
	@echo "  DISK $@"
	@tools/image --arch $(ARCH) --out $@ --debian
debian-image: $I/debian.img     ## the image of Debian's programs: tools/run --disk $I/debian.img
debian-test: both-debian-ready  ## Debian's Python tests itself, on both architectures
	@tests/debian/python_short.py
	@tests/debian/python_long.py
debian-ready: kernel debian-image
run:                            ## build everything and boot it; Ctrl-A x leaves
	@tools/setup
	@$(MAKE) kernel image
	@tools/run --arch $(ARCH) $(RUN_DEBUG) $(RUN)

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
	@$(MAKE) DEBUG=1 both-debug-ready
	@tools/test
test-ready: kernel kernel-test image debian-image
lint:                           ## the rules of the tree; headers alone; the template port links
	@tools/test tree
parity:                         ## write docs/parity.md and docs/syscalls.md
	@tools/parity
	@$(MAKE) ARCH=none kernel
check-host: user                ## unit tests of pure modules, contract programs, on this machine
	@tools/test host linux
fuzz:         ## T=syscall [ARCH=], or fdt|acpi|cpio|elf|ldisc|ring|path|ext2|all; SECONDS=60
ifeq ($(T),syscall)
	@$(MAKE) DEBUG=1 kernel image
	@tools/fuzz --arch $(ARCH) --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)
else
	@$(MAKE) -C tests/fuzz $(if $(filter all,$(T)),all,T=$(or $(T),fdt)) \
		SECONDS=$(or $(SECONDS),60)
endif
failnth:       ## COUNT=8 of the things that can fail, each kind, in every test [T='SUITE...']
	@$(MAKE) DEBUG=1 kernel image
	@tools/failnth --arch $(ARCH) --count $(or $(COUNT),8) $(T)
check-debug:                    ## tests and all stages in the debug kernels of both
	@$(MAKE) DEBUG=1 both-debug-ready
	@tools/test debug thorough
debug-ready: kernel kernel-test image
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
power-cut: both-run-ready       ## kill N=20 guests of each while they write; what fsync said holds
	@POWER_CUTS=$(or $(N),20) tests/system/power_cut_test.py
bench-boot: both-run-ready      ## instruction counts, sizes and memory of both, beside Linux's
	@tools/bench-boot
debug: kernel image             ## boot and wait for gdb at the port it prints
	@port=$$((20000 + $$(id -u) % 10000)); \
	echo "gdb-multiarch $B/kernel.elf -ex 'target remote :$$port'"; \
	tools/run --arch $(ARCH) $(RUN_DEBUG) --gdb $$port $(RUN)
clean:                          ## remove what was built (downloaded packages stay)
	rm -rf build/amd64 build/amd64-debug build/arm64 build/arm64-debug build/none build/host build/host-port
help:                           ## this text
	@echo 'make TARGET [ARCH=amd64|arm64] [DEBUG=1]'
	@sed -n 's/^\([a-z][a-z -]*\):.*## */  \1\t/p' Makefile */build.mk | expand -t 18

.PHONY: $(shell sed -n 's/^\([a-z][a-z -]*\):.*/\1/p' Makefile */build.mk)
