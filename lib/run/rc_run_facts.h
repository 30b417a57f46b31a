/*
 * rc_run_facts - what is known of one run: from the history, the events, and manifests of its files
 *
 * The history (rc_history.h) has the runs of rc-run; of a run without it the
 * events (rc_event.h) tell when its first process began and how it ended.
 */
#ifndef RC_RUN_FACTS_H
#define RC_RUN_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_mem.h"

struct rc_run_file {
	const char *name;	/* UTF-8; of a name that is not, `hex:` and its bytes */
	long long size;
	const char *sha256;
};

struct rc_run_files {
	struct rc_run_file *files;
	size_t count, room;
};

/* All texts belong to the arena; those that are not known are NULL. */
struct rc_run_facts {
	const char *id, *name, *status, *parent, *host, *user, *start, *end, *message;
	const char *argv, *exit, *duration, *counts;	/* JSON */
	const char *tools;	/* names of the programs that told events, a JSON array */
	struct rc_run_files inputs, outputs, config;
	struct rc_arena arena;
};

/* Looks the run up; FACTS is {0} but for the files.  False where no one knows it. */
bool rc_run_facts_find(struct rc_run_facts *facts, const char *id);

/* Adds what a manifest of rc-manifest lists; ends the process where it is none, or is cut short. */
void rc_run_facts_read_manifest(struct rc_run_facts *facts, struct rc_run_files *files, const char *path);

/* Adds one file by its own digest. */
void rc_run_facts_add_file(struct rc_run_facts *facts, struct rc_run_files *files, const char *path);

void rc_run_facts_free(struct rc_run_facts *facts);

#endif
