# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The front door: each target installs what is missing, builds with meson and ninja, and hands over
# to one script. Lines of the form `target: ... ## text` are what `make help` prints.

BUILD ?= build
KERNEL ?=
SABOTAGE ?=
QUICK ?=
FULL ?=
PROFILE ?=
RUNS ?=
TECHNIQUES ?=
SOAK ?=
WITHOUT ?=
PREFIX ?= /usr/local
OBJECT_KEY ?=
MESONFLAGS ?=

ifneq ($(SABOTAGE),)
BUILD := build-sabotage-$(SABOTAGE)
MESONFLAGS += -Dsabotage=$(SABOTAGE)
endif
export BUILD KERNEL SABOTAGE QUICK FULL PROFILE RUNS TECHNIQUES SOAK WITHOUT

.DEFAULT_GOAL := all
.PHONY: all setup kernels demo test drill bench install deb shell clean help

all: setup $(BUILD)/build.ninja ## build; the command line is build/holdfast. OBJECT_KEY=: signs
	@$(if $(OBJECT_KEY),meson configure $(BUILD) -Dobject_key=$(abspath $(OBJECT_KEY)))
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: | setup
	@meson setup $(BUILD) --prefix=$(PREFIX) $(MESONFLAGS)

setup: ## install the Debian packages that are missing
	@tools/setup.sh

kernels: setup ## fetch the kernels of the matrix into the cache
	@tools/fetch-kernels.sh

demo: all ## the main job, in a guest: attacks before and after; SABOTAGE=room, KERNEL=name
	@tests/demo/run.sh

test: setup ## the tests on every kernel; QUICK=1: one, what changed; FULL=1: nothing by turns
	@tests/run.sh

drill: all ## each attack in guests: build/drill/. KERNEL=, PROFILE=, RUNS=, SOAK=, WITHOUT=all
	@tests/drill/run.sh

bench: all ## what the guard costs, a load, a posture check and a log, against their limits; KERNEL=
	@mkdir -p $(BUILD)/bench
	@$(BUILD)/tests/bench/bench-load $(BUILD)/tests/bench/load.bpf.o $(BUILD)/bench
	@$(BUILD)/tests/bench/bench-posture $(BUILD)/holdfast
	@$(BUILD)/tests/bench/bench-evidence $(BUILD)/bench $(BUILD)/bench/evidence.json
	@$(BUILD)/tests/bench/bench-flood $(BUILD)/tests/bench/flood.bpf.o $(BUILD)/bench \
		$(BUILD)/bench/flood.json
	@tests/bench/join.py $(BUILD)/bench/evidence.json $(BUILD)/bench/flood.json
	@tests/bench/cost.py $(BUILD) $(KERNEL)

install: all ## install into PREFIX (DESTDIR is honoured)
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@meson install -C $(BUILD)

deb: setup ## a Debian package of it, in build-deb
	@dist/deb.sh

shell: all ## a shell in a guest; KERNEL=6.12 picks the kernel
	@tools/guest-shell $(KERNEL)

clean: ## remove everything that was built; kernels stay in their cache
	@rm -rf build build-*

help: ## this text
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16
