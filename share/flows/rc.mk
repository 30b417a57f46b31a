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
rc_in_checkout := $(wildcard $(rc_flows)../../bin/rc-manage)
rc_tree := $(abspath $(rc_flows)$(if $(rc_in_checkout),../../build,../../..))
rc_bin := $(rc_tree)/bin
# The build makes the list; of these, what is there.
rc_commands := $(notdir $(wildcard $(addprefix $(rc_bin)/,$(file <$(rc_tree)/share/rc/commands))))
rc_targets := $(addprefix rc/,$(rc_commands))

.PHONY: $(rc_targets)
$(rc_targets): rc/%:
	@$(rc_bin)/$* $(ARGS)
.DEFAULT_GOAL := $(rc_goal)
