# kfm-reindex.mk - the parts of kfm-reindex, one for each target; kfm-reindex runs it in a folder of the run
#
# The file done/TARGET is the result of a part and the proof that it was committed: with -j parts run side by side, and a
# second call in the same folder leaves out what is done. The record asked/TARGET says what was asked for. A part that fails
# leaves its code in failed/TARGET. Where TELL is a descriptor, messages and progress go there, apart from make's own.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

parts := $(patsubst asked/%,done/%,$(wildcard asked/*))
all: $(parts)

here := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
graph_steps := reindex-part-graph-gone.sql reindex-part-graph-nodes-gone.sql reindex-part-graph-nodes.sql reindex-part-graph.sql
search_steps := reindex-part-search-gone.sql reindex-part-search.sql

# Where the index is on a server (SERVERS), one program makes the part, behind a lock; else:
# All of an index, swapped in; or only a part of it (PART is set) in its tables. The catalogue is always made as a whole.
done/%: asked/%
	@$(if $(TELL),exec 2>&$(TELL);) code=0; $(if $(filter $*,$(SERVERS)),rc-db-lock 'kfm reindex $*' -- $(here)/../kfm/reindex/$*.bash $< $@,\
		rc-db-apply --with $< --before reindex-lock.sql $(if $(and $(PART),$($*_steps)),,$(addprefix --before reindex-,keep.sql $*.sql give.sql)) --output $@ \
		$(if $(PART),$($*_steps)) reindex-note.sql reindex-noted.sql reindex-result-$*.sql $<) || code=$$?; \
	((code != 1)) || [[ ! -s $@ ]] || rc-say '' --when status=error 'kfm-reindex: {error.message}' $@ >&2; \
	((code == 0)) || { echo $$code >failed/$*; exit $$code; }

.PHONY: all
