# rc.mk - rc's commands as targets of your own Makefile
#
#   include /usr/local/share/rc/flows/rc.mk
#
#   deploy: rc/recotem-bootstrap    # targets can need them
#   rc/recotem-bootstrap: ARGS = --owner ann
#
#   $ make rc/recotem-wait-db ARGS='--tries 5'
#
# There is one target `rc/<command>` for each command that is installed with
# this file, or built in its checkout; ARGS are its arguments, as a shell reads
# them.  What make builds without a target stays what your Makefile says.

rc_goal := $(.DEFAULT_GOAL)
rc_flows := $(dir $(lastword $(MAKEFILE_LIST)))
ifeq ($(wildcard $(rc_flows)rc.mk),)
$(error rc.mk: make takes no path with a blank in it; include it from another place)
endif
rc_in_checkout := $(wildcard $(rc_flows)../../bin/rc-sh-setup)
rc_bin := $(abspath $(rc_flows)$(if $(rc_in_checkout),../../build/bin,../../../bin))
rc_products := $(notdir $(patsubst %/,%,$(wildcard $(rc_flows)../sql/*/)))
rc_found := $(wildcard $(rc_bin)/rc-* $(foreach product,$(rc_products),$(rc_bin)/$(product)-*))
# Others may have put theirs there, too: ours have rc-sh-setup's name in them, or the form of --version.
rc_commands := $(filter-out rc-sh-setup,$(notdir $(if $(rc_found),$(shell grep -lsE 'rc-sh-setup|%s \(rc\) %s' $(rc_found)))))
rc_targets := $(addprefix rc/,$(rc_commands))

.PHONY: $(rc_targets)
$(rc_targets): rc/%:
	@$(rc_bin)/$* $(ARGS)
.DEFAULT_GOAL := $(rc_goal)
