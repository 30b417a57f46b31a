# rc - everything is found by name; no list of tools stands here

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif

CFLAGS ?= -O2 -g
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LINK ?= -pie -Wl,-z,relro,-z,now
SANITIZE ?=

warnings := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wformat=2 -Wvla \
	-Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings
pq_include = $(shell pg_config --includedir 2>/dev/null)
compile = $(CC) -std=c11 -D_DEFAULT_SOURCE -DRC_VERSION='"$(VERSION)"' $(warnings) $(HARDEN) $(CFLAGS) $(SANITIZE) \
	-Ilib $(addprefix -I,$(pq_include)) -MMD -MP

filters := $(patsubst src/%.c,%,$(wildcard src/rc-*.c))
scripts := $(patsubst bin/%,%,$(wildcard bin/*))
commands := $(filter-out rc-sh-setup,$(scripts)) $(filters)
pages := $(patsubst share/man/%.1,%,$(wildcard share/man/*.1))
objects := $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*.c))
data := $(shell find share -type f -not -path 'share/man/*' -printf '%P\n' 2>/dev/null)

.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash

# ---- build: $(BUILD) has the form of an installed tree ----

all: programs man

programs: packages-build
	@$(MAKE) --no-print-directory tree

tree: $(addprefix $(BUILD)/bin/,$(filters) $(scripts)) $(addprefix $(BUILD)/share/rc/,$(data))

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	@echo 'cc $<'
	@$(compile) -c -o $@ $<

$(BUILD)/lib/librc.a: $(objects)
	@$(AR) rcs $@ $^

# A filter that needs a library beyond libpq and libcrypto names it in a line `/* links: -lcurl */`.
$(BUILD)/bin/rc-%: src/rc-%.c $(BUILD)/lib/librc.a
	@mkdir -p $(@D) $(BUILD)/src
	@echo 'cc $<'
	@$(compile) -MF $(BUILD)/src/rc-$*.d -o $@ $< $(BUILD)/lib/librc.a $(LINK) -Wl,--as-needed \
		$(shell sed -n 's,^/\* links: \(.*\) \*/$$,\1,p' $<) -lpq -lcrypto

$(BUILD)/bin/%: bin/%
	@mkdir -p $(@D)
	@install -m $(if $(filter rc-sh-setup,$*),644,755) $< $@

$(BUILD)/share/rc/%: share/%
	@mkdir -p $(@D)
	@cp $< $@

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/src/*.d)

.PHONY: all programs tree
