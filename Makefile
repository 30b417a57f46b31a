# rc - an ops toolkit of small filters for services on PostgreSQL
#
# Everything is found by name: a filter is src/rc-x.c, a command bin/x, a page
# share/man/x.1, a test t/x.bats.  What is made stands in $(BUILD), which has
# the form of an installed tree, so that tests run what a user would run.

VERSION := 0.1.0
hash := \#
comma := ,
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
ARGS ?=
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LINK ?= -pie -Wl,-z,relro,-z,now
SANITIZE ?=
# Those that say they take long begin first, then the largest files.
long := $(shell grep -rl --include='*.bats' --exclude-dir=services '^$(hash) long: ' t | sort)
TESTS ?= $(long) $(filter-out $(long),$(shell find t -name services -prune -o -name '*.bats' -printf '%s %p\n' | sort -rn | cut -d ' ' -f 2))
JOBS ?= $(shell echo $$(($$(nproc) + 2)))

warnings := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wformat=2 -Wvla \
	-Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings
compile = $(CC) -std=c11 -D_DEFAULT_SOURCE -DRC_VERSION='"$(VERSION)"' $(warnings) $(HARDEN) $(CFLAGS) $(SANITIZE) \
	-I/usr/include/postgresql -MMD -MP

# A source that needs a library which is not always there says so in a line `/* needs: HEADER PACKAGE */`. Where the header
# is absent the source is left out, and `make` says so.
needed := $(shell sed -n 's,^/\* needs: \([^ ]*\) \([^ ]*\) \*/$$,\1:\2,p' $(wildcard src/*.c lib/*/*.c) | sort -u)
absent := $(foreach need,$(needed),$(shell echo '$(hash)include <$(firstword $(subst :, ,$(need)))>' | $(CC) -E -x c - >/dev/null 2>&1 || echo $(need)))
absent_headers := $(foreach need,$(absent),$(firstword $(subst :, ,$(need))))
left_out := $(foreach header,$(absent_headers),$(shell grep -lF '/* needs: $(header) ' $(wildcard src/*.c lib/*/*.c)))
sources := $(filter-out $(left_out),$(wildcard src/rc-*.c lib/*/*.c))
filters := $(patsubst src/%.c,%,$(filter src/%,$(sources)))
scripts := $(patsubst bin/%,%,$(wildcard bin/*))
commands := $(sort $(scripts) $(filters))
pages := $(filter-out $(patsubst src/%.c,%.1,$(filter src/%,$(left_out))),$(notdir $(wildcard share/man/*.1)))

# What is compiled knows which of these libraries there are, so it is compiled anew when that changes.
optional := $(sort $(foreach need,$(needed),$(firstword $(subst :, ,$(need)))) $(shell sed -n 's,^/\* links with \([^:]*\): .* \*/$$,\1,p' $(wildcard src/*.c)))
$(BUILD)/libraries: FORCE
	@mkdir -p $(@D)
	@for header in $(optional); do echo "$(hash)include <$$header>" | $(CC) -E -x c - >/dev/null 2>&1 && echo "$$header"; done >$@.new || true
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# The rooms of lib/, lowest first: each may use itself and those before it, and sees no header of those behind it.
rooms := base file crypto record run db net check job page
archives := $(rooms:%=$(BUILD)/lib/rc_%.a)
# What the commands find at run time: the data of share/, and the one tool that a command runs.
data := $(shell find share -type f -not -path 'share/man/*' -printf '%P\n') need-packages

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

help: ## list what can be made
	@grep -hE '^[a-z%/-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | sort | expand -t 18

# ---- build ----

# Packages first, all of a target's in one call, then the tree: in recipes, so that -j keeps the order.
need = @tools/need-packages
build_tree = +@$(MAKE) --no-print-directory tree

all: ## build all commands and man pages into build/
	$(need) build
	$(build_tree)

tree: $(addprefix $(BUILD)/bin/,$(filters) $(scripts)) $(addprefix $(BUILD)/share/rc/,$(data) $(addprefix pages/,$(scripts))) \
	$(addprefix $(BUILD)/share/man/man1/,$(pages))
	@$(foreach file,$(filter src/%,$(left_out)),echo 'not built: $(basename $(notdir $(file))), which needs the package \
		$(lastword $(subst :, ,$(filter $(shell sed -n 's,^/\* needs: \([^ ]*\) .*,\1,p' $(file)):%,$(absent))))' >&2;) :
	@printf '%s\n' $(commands) | cmp -s - $(BUILD)/share/rc/commands || printf '%s\n' $(commands) >$(BUILD)/share/rc/commands

# $1 a room, $2 the folders of the headers that it sees
define build_room
$(BUILD)/lib/$1/%.o: lib/$1/%.c Makefile $(BUILD)/libraries
	@mkdir -p $$(@D)
	@echo 'cc $$<'
	@$$(compile) $2 -c -o $$@ $$<

$(BUILD)/lib/rc_$1.a: $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(filter lib/$1/%,$(sources)))
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
headers :=
$(foreach room,$(rooms),$(eval headers += -Ilib/$(room))$(eval $(call build_room,$(room),$(headers))))

# A filter that needs a library beyond libpq and libcrypto says so in a line `/* links: -lcurl */`. One that can do without
# says `/* links with argon2.h: -largon2 */`: it is linked where that header is, and the code asks __has_include() for it.
links_with = sed -n 's,^/\* links with \(.*\): \(.*\) \*/$$,\1 \2,p' $1 | while read -r header library; do \
	! echo "\#include <$$header>" | $(CC) -E -x c - >/dev/null 2>&1 || printf '%s ' "$$library"; done
$(BUILD)/bin/rc-%: src/rc-%.c $(archives)
	@mkdir -p $(@D) $(BUILD)/src
	@echo 'cc $<'
	@$(compile) $(headers) -MF $(BUILD)/src/rc-$*.d -MT $@ -o $@ $< -Wl,--start-group $(archives) -Wl,--end-group $(HARDEN_LINK) -Wl,--as-needed \
		$(shell sed -n 's,^/\* links: \(.*\) \*/$$,\1,p' $<) $$($(call links_with,$<)) -lpq -lcrypto

# A command of bin/ is a link to its front, which finds the page by the link's name.
$(BUILD)/bin/%: $(BUILD)/share/rc/pages/% $(BUILD)/bin/rc-command
	@mkdir -p $(@D)
	@ln -sfn rc-command $@

$(BUILD)/share/rc/pages/%: bin/%
	@mkdir -p $(@D)
	@install -m 644 $< $@

$(BUILD)/share/rc/need-packages: tools/need-packages
	@mkdir -p $(@D)
	@cp $< $@

$(BUILD)/share/rc/%: share/%
	@mkdir -p $(@D)
	@cp $< $@

# The program itself gives a page's SYNOPSIS and OPTIONS.
$(BUILD)/share/man/man1/%.1: share/man/%.1 $(BUILD)/bin/%
	@mkdir -p $(@D)
	@$(BUILD)/bin/$* --help-mdoc | awk ' \
		FNR == NR && /^@OPTIONS@$$/ { options = 1; next } \
		FNR == NR { if (NF) part[options + 0] = part[options + 0] $$0 "\n"; next } \
		/^@SYNOPSIS@$$/ { printf "%s", part[0]; next } \
		/^@OPTIONS@$$/ { printf "%s", part[1]; next } \
		{ print }' - $< >$@
# That of a command has them of its file in bin/: the link's own time is that of rc-command.
$(foreach command,$(scripts),$(eval $(BUILD)/share/man/man1/$(command).1: $(BUILD)/share/rc/pages/$(command)))

-include $(wildcard $(BUILD)/lib/*/*.d $(BUILD)/src/*.d)

# ---- use ----

describe_all = for c in $(commands); do $(BUILD)/bin/$$c --describe; done

demo: ## show the commands of all products on a private server, in less than a minute
	$(need) build optional server demo
	$(build_tree)
	@PATH='$(CURDIR)/$(BUILD)/bin:$(PATH)' $(BUILD)/bin/rc-postgres -- share/demo/tour

demo/%: ## show one product's commands: make demo/zulip
	$(need) build optional server demo
	$(build_tree)
	@PATH='$(CURDIR)/$(BUILD)/bin:$(PATH)' $(BUILD)/bin/rc-postgres -- share/demo/$*

run/%: tree ## run one command from the tree: make run/<command> ARGS='...'
	@$(BUILD)/bin/$* $(ARGS)

list: tree ## list all commands
	@$(describe_all) | $(BUILD)/bin/rc-say $$'{name}\t{summary}' | expand -t 26

readme: tree ## refresh the table of commands in README.md from --describe
	@{ sed '/^<!-- commands/q' README.md; printf '%s\n' '| command | what it does | changes | risk |' '| --- | --- | --- | --- |'; \
	  $(describe_all) | $(BUILD)/bin/rc-say '| {name} | {summary} | {changes} | {risk} |'; \
	  sed -n '/^<!-- end/,$$p' README.md; } >$(BUILD)/README.md
	@cat $(BUILD)/README.md >README.md

to = $(DESTDIR)$(PREFIX)

install: all ## copy the built tree to $(DESTDIR)$(PREFIX)
	@made=; for folder in . bin share share/rc share/man share/man/man1; do \
		[[ -d '$(to)'/$$folder ]] || { install -d -m 755 '$(to)'/$$folder; made+=$$folder$$'\n'; }; \
	done; printf '%s' "$$made" >>'$(to)/share/rc/folders-made'; chmod 644 '$(to)/share/rc/folders-made'
	@install -m 755 $(addprefix $(BUILD)/bin/,$(filters)) '$(to)/bin/'
	@for command in $(scripts); do ln -sfn rc-command '$(to)'"/bin/$$command"; done
	@install -m 644 $(BUILD)/share/rc/commands '$(to)/share/rc/'
	@install -d -m 755 '$(to)/share/rc/pages'
	@install -m 644 $(addprefix bin/,$(scripts)) '$(to)/share/rc/pages/'
	@install -m 644 $(addprefix $(BUILD)/share/man/man1/,$(pages)) '$(to)/share/man/man1/'
	@$(foreach folder,$(sort $(dir $(data))),install -d -m 755 '$(to)/share/rc/$(folder)'; \
		install -m 644 $(foreach file,$(data),$(if $(filter $(folder),$(dir $(file))),$(BUILD)/share/rc/$(file))) '$(to)/share/rc/$(folder)';) :
	@for file in $(data); do [[ ! -x $(BUILD)/share/rc/$$file ]] || chmod 755 '$(to)'/share/rc/"$$file"; done

uninstall: ## remove what install has put there
	@[[ ! -d '$(to)/bin' ]] || (cd '$(to)/bin' && rm -f $(filters) $(scripts))
	@[[ ! -d '$(to)/share/man/man1' ]] || (cd '$(to)/share/man/man1' && rm -f $(pages))
	@made=$$(tac '$(to)/share/rc/folders-made' 2>/dev/null || true); rm -rf '$(to)/share/rc'; \
	while IFS= read -r folder; do [[ ! $$folder ]] || rmdir -- '$(to)'/"$${folder#.}" 2>/dev/null || true; done <<<"$$made"

clean: ## remove what was built
	@rm -rf $(BUILD)

# ---- prove ----

# Files run side by side, the tests of one file one after another. Two jobs more than there are processors,
# for many tests wait.
bats := PATH='$(CURDIR)/$(BUILD)/bin:$(PATH)' bats --print-output-on-failure $(if $(filter 1,$(JOBS)),,--jobs $(JOBS) --no-parallelize-within-files) \
	--setup-suite-file t/setup_suite.bash

check: ## run the tests, or with TESTS='t/rc-say.bats ...' some; PostgreSQL is all they need
	$(need) build optional server check
	$(build_tree)
	@$(bats) $(TESTS)

check-changed: ## run the tests that the change against HEAD touches
	@tests=$$(tools/changed-tests); [[ ! $$tests ]] || $(MAKE) --no-print-directory check TESTS="$$tests"

check-services: ## run the tests that need other servers, or what is not Debian's; or with TESTS='t/services/kfm-search.bats ...' some
	$(need) build optional server check services
	$(build_tree)
	@$(bats) $(if $(filter file,$(origin TESTS)),t/services,$(TESTS))

check-versions: ## run the tests of rows and jobs on PostgreSQL 13 to 18, or on some: VERSIONS='13 18'
	$(need) build server check versions
	$(build_tree)
	@PATH='$(CURDIR)/$(BUILD)/bin:$(PATH)' VERSIONS='$(VERSIONS)' tools/check-versions

# First ten thousand random tables, which take up to twenty minutes (SOAK_TABLES=100 for few). A pass has its seed, which gives the
# same moments again: make soak RC_TEST_SEED=... SOAK=1. No pass is begun that would take longer than the time that is left.
SOAK_TABLES ?= 10000
SOAK_JOBS ?= 20000
SOAK ?= 180
soak_titles := at any moment|random tables
soak: ## kill what changes things at random moments, and make random tables, again and again for SOAK seconds (default: 180)
	$(need) build optional server check
	$(build_tree)
	@files=$$(grep -lE '^@test .*($(soak_titles))' $(TESTS)); export RC_TEST_SEED=$${RC_TEST_SEED:-$$RANDOM} RC_TEST_ROUNDS=3 RC_TEST_JOBS=$(SOAK_JOBS); pass=0; \
	RC_TEST_TABLES=$(SOAK_TABLES) $(bats) --filter 'random tables go' t/rc-import-rows.bats; SECONDS=0; \
	while ((pass == 0 || SECONDS + pass < $(SOAK))); do \
		before=$$SECONDS; echo "soak: RC_TEST_SEED=$$RC_TEST_SEED"; \
		$(bats) --filter '$(soak_titles)' $$files; \
		RC_TEST_SEED=$$((RC_TEST_SEED + 1)); pass=$$((SECONDS - before)); \
	done

check-debian: ## run README's two commands in minimal Debian 12 and 13, which debootstrap makes
	$(need) debian
	@tools/check-debian

asan: ## run the tests on a build with the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory check BUILD=build/asan HARDEN='-fno-omit-frame-pointer' HARDEN_LINK= \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all'

# $1 a linter, $2 its files: those of FILES. SC2034: what a page sets, share/page/functions.bash reads.
FILES ?= %
lint_with = $(if $(filter $(FILES),$2),@$1 $(filter $(FILES),$2))
lint: ## check scripts, C, SQL and man pages, or of scripts and C some: FILES='bin/x src/rc-x.c'; warnings are errors
	$(need) build lint
	$(build_tree)
	$(call lint_with,shellcheck -x -s bash -e SC2034,$(wildcard bin/*))
	$(call lint_with,shellcheck -x -s bash,share/page/run .ci/run t/bench/run $(filter-out %.sql,$(wildcard share/demo/*)) \
		$(filter-out tools/lint-sql tools/lint-house,$(wildcard tools/*)) $(wildcard share/*/*.bash share/*/*/*.bash share/checks/programs/* share/kfm/policies/*.sh t/*.bash t/*/*.bash))
	$(call lint_with,shellcheck -s bats -S warning -e SC2030$(comma)SC2031,$(wildcard t/*.bats t/*/*.bats))
	$(call lint_with,cppcheck --quiet --std=c11 --enable=warning$(comma)performance$(comma)portability --error-exitcode=1 --inline-suppr \
		--suppress=missingIncludeSystem '-D_Noreturn=__attribute__((noreturn))' $(headers) -D__SSE2__,$(wildcard src/*.c lib/*/*.c))
	@mandoc -Tlint -W warning $(BUILD)/share/man/man1/*.1
	@tools/lint-sql
	@tools/lint-house
	@echo 'lint: clean'

bench: ## measure rc and its peers side by side
	$(need) build server bench
	$(build_tree)
	@PATH='$(CURDIR)/$(BUILD)/bin:$(PATH)' $(BUILD)/bin/rc-postgres -- t/bench/run

.PHONY: all tree help demo list readme install uninstall clean check check-changed check-services check-versions soak check-debian asan lint bench
