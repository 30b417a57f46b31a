/*
 * rc-plan - write what a command would do into a plan, or hold it to one
 *
 * The records are what the command's dry run shows, now and when the plan was
 * written; that they are the same is seen by sorting both.  With --apply all of
 * both is in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_digest.h"
#include "rc_json.h"
#include "rc_json_write.h"
#include "rc_log_head.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_pending.h"
#include "rc_plan_mark.h"
#include "rc_stream.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_COMMAND = RC_OPT_LONG, OPT_CALL, OPT_ROWS, OPT_WITHOUT, OPT_WRITE, OPT_APPLY };
enum { WITHOUT_MAX = 32, CALL_PART = 4096 };

static const char kind[] = "command-plan", row_begin[] = "{\"row\":{\"table\":";

static const struct rc_option options[] = {
	{ OPT_COMMAND, "command", "NAME", "the command that the plan is of (required)" },
	{ OPT_WRITE, "write", "PLAN", "write the plan there, and not to standard output; a new file" },
	{ OPT_APPLY, "apply", "PLAN", "compare with that plan, and mark it as applied where all is as planned" },
	{ OPT_CALL, "call", "FILE", "what the command was called with, of which the plan has the SHA-256" },
	{ OPT_ROWS, "rows", "FILE", "a plan of rc-db-apply, whose rows are part of this one" },
	{ OPT_WITHOUT, "without", "FIELD", "leave this field out of the records; may be repeated" },
	RC_OPTION_END
};

static const char *const example[] = { "--command", "close-accounts", NULL };

static const struct rc_program program = {
	.name = "rc-plan",
	.synopsis = "--command NAME [--write PLAN | --apply PLAN] [--call FILE] [--rows FILE] [--without FIELD] ... [FILE ...]",
	.summary = "write what a command would do into a plan, or hold it to one",
	.options = options,
	.reads = "what the command's dry run shows: any record",
	.writes = "the plan; with --apply what is not as planned: {\"status\":\"error\",\"error\",\"record\"}",
	.example = example,
	.example_input = "{\"user\":\"alice\",\"status\":\"would_close\"}\n",
};

/* Lines without their newlines, each ended by a NUL. */
struct lines {
	struct rc_buf text;
	size_t count;
};

/* A table of --rows, and how many rows would be new in it. */
struct table {
	char *name;
	unsigned long long new;
};

struct plan {
	const char *command, *write, *apply, *call, *rows;
	const char *without[WITHOUT_MAX];
	size_t without_count;
	char change[RC_DIGEST_HEX + 1];
	struct rc_identity identity;
	struct lines shown;	/* now */
	struct lines planned;	/* then */
	struct table tables[RC_CAPTURE_TABLES_MAX];
	size_t table_count;
	struct rc_input in;	/* the plan that is applied */
	struct rc_log_head head;
	struct rc_plan_mark mark;
	struct rc_output out;
};

/* ---- what the command would do ---- */

static void
add_line(struct lines *lines, const struct rc_buf *line)
{
	rc_buf_add(&lines->text, line->bytes, line->length);
	rc_buf_add(&lines->text, "", 1);
	lines->count++;
}

static void
read_shown(struct plan *plan, struct rc_input *in)
{
	struct rc_record record = {0};
	struct rc_buf line = {0};

	while (rc_input_next(in, &record)) {
		for (size_t i = 0; i < plan->without_count; i++)
			rc_record_remove(&record, plan->without[i]);
		line.length = 0;
		rc_record_write(&record, &line);
		add_line(&plan->shown, &line);
	}
	rc_record_free(&record);
	rc_buf_free(&line);
}

static void
count_new_row(struct plan *plan, const struct rc_input *in, const char *table)
{
	size_t i = 0;

	while (i < plan->table_count && strcmp(plan->tables[i].name, table) != 0)
		i++;
	if (i == plan->table_count) {
		if (plan->table_count == RC_CAPTURE_TABLES_MAX)
			rc_input_fail(in, "more than %d tables", RC_CAPTURE_TABLES_MAX);
		plan->tables[plan->table_count++].name = rc_strndup(table, strlen(table));
	}
	plan->tables[i].new++;
}

/* Opens the line of a row: {"row":{"table":T are its first bytes. */
static void
open_row(struct rc_buf *line, const char *table)
{
	line->length = 0;
	rc_json_open(line);
	rc_buf_add_text(line, "\"row\":");
	rc_json_open(line);
	rc_json_add_text(line, "table", table);
}

static void
close_row(struct rc_buf *line)
{
	rc_json_close(line);
	rc_buf_add_text(line, "}");
}

/* Of a row that is there its key and its digest; of new ones, whose keys may be others each time, their number. */
static void
read_rows(struct plan *plan)
{
	char *files[] = { rc_strndup(plan->rows, strlen(plan->rows)) };
	struct rc_log_head head = {0};
	struct rc_record record = {0};
	struct rc_input in;
	struct rc_buf line = {0};

	rc_input_open(&in, 1, files);
	in.digest = rc_digest_new();
	rc_log_head_read(&head, &in, "plan");
	while (rc_input_next(&in, &record)) {
		const char *table = rc_input_need_string(&in, &record, "table"), *before = rc_record_string(&record, "before", NULL), *key;
		size_t length;

		if (before == NULL) {
			count_new_row(plan, &in, table);
			continue;
		}
		key = rc_record_value(&record, "key", &length);
		if (key == NULL || rc_json_type(key) != RC_JSON_OBJECT || !rc_digest_is_hex(before))
			rc_input_fail(&in, "expected a key, and a SHA-256 in the field 'before'");
		open_row(&line, table);
		rc_buf_add_text(&line, ",\"key\":");
		rc_json_write_value(&line, key, length);
		rc_json_add_text(&line, "before", before);
		close_row(&line);
		add_line(&plan->shown, &line);
	}
	rc_input_require_end(&in);
	for (size_t i = 0; i < plan->table_count; i++) {
		open_row(&line, plan->tables[i].name);
		rc_json_add_integer(&line, "new", (long long)plan->tables[i].new);
		close_row(&line);
		add_line(&plan->shown, &line);
		free(plan->tables[i].name);
	}
	rc_record_free(&record);
	rc_log_head_free(&head);
	rc_buf_free(&line);
	rc_buf_free(&in.buffer);
	in.digest->free(in.digest);
	free(files[0]);
}

/* The digest of what the command was called with. */
static void
read_call(struct plan *plan)
{
	struct rc_digest *digest = rc_digest_new();
	char part[CALL_PART];
	size_t n;
	FILE *file = plan->call == NULL ? NULL : fopen(plan->call, "re");

	if (plan->call != NULL && file == NULL)
		rc_die(rc_err_class(errno), "cannot open %s: %s", plan->call, strerror(errno));
	while (file != NULL && (n = fread(part, 1, sizeof part, file)) > 0)
		digest->add(digest, part, n);
	if (file != NULL && ferror(file))
		rc_die(rc_err_class(errno), "cannot read %s: %s", plan->call, strerror(errno));
	digest->finish(digest, plan->change);
	digest->free(digest);
	if (file != NULL)
		fclose(file);
}

static void
read_identity(struct plan *plan)
{
	static const struct rc_transaction transaction = { .read_only = true };
	struct rc_session session = {0};

	rc_session_open(&session);
	rc_transaction_begin(&session, &transaction);
	rc_identity_read(&session, &plan->identity);
	rc_transaction_rollback(&session);
	rc_session_close(&session);
}

/* ---- the plan ---- */

static void
write_plan(struct plan *plan, struct rc_output *out)
{
	static const struct rc_capture none;
	struct rc_buf line = {0};
	const char *shown = plan->shown.text.bytes;

	out->digest = rc_digest_new();
	rc_log_head_begin(&line, kind, &none, &plan->identity);
	rc_json_add_text(&line, "command", plan->command);
	rc_json_add_text(&line, "change", plan->change);
	rc_json_close(&line);
	rc_output_line(out, line.bytes, line.length);
	for (size_t i = 0; i < plan->shown.count; i++, shown += strlen(shown) + 1)
		rc_output_line(out, shown, strlen(shown));
	rc_output_end_record(out);
	rc_buf_free(&line);
}

/* Opens the plan that is applied, and ends the process where it is not one of this command and call. */
static void
open_plan(struct plan *plan)
{
	static char *files[] = { NULL };

	files[0] = rc_strndup(plan->apply, strlen(plan->apply));
	rc_input_open(&plan->in, 1, files);
	plan->in.digest = rc_digest_new();
	rc_log_head_read(&plan->head, &plan->in, kind);
	if (strcmp(rc_input_need_string(&plan->in, &plan->head.record, "command"), plan->command) != 0)
		rc_die(RC_FATAL, "%s: a plan of another command, %s", plan->apply, rc_record_string(&plan->head.record, "command", NULL));
	if (strcmp(rc_input_need_string(&plan->in, &plan->head.record, "change"), plan->change) != 0)
		rc_die(RC_FATAL, "%s: a plan of another call: the options or operands are not those that it was made with", plan->apply);
	rc_plan_mark_open(&plan->mark, plan->apply);
}

static void
read_planned(struct plan *plan)
{
	const char *differs = rc_identity_differs(&plan->identity, &plan->head.record);
	struct rc_record record = {0};
	struct rc_buf line = {0};

	if (differs != NULL)
		rc_die(RC_FATAL, "%s: not of this database: %s", plan->apply, differs);
	while (rc_input_next(&plan->in, &record)) {
		line.length = 0;
		rc_record_write(&record, &line);
		add_line(&plan->planned, &line);
	}
	rc_input_require_end(&plan->in);
	rc_record_free(&record);
	rc_buf_free(&line);
}

/* ---- both ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines in the order of their texts, ended by NULL; the caller frees the array. */
static const char **
sort(const struct lines *lines)
{
	const char **sorted = rc_alloc(rc_size_mul(lines->count + 1, sizeof *sorted)), *text = lines->text.bytes;

	for (size_t i = 0; i < lines->count; i++, text += strlen(text) + 1)
		sorted[i] = text;
	qsort(sorted, lines->count, sizeof *sorted, by_text);
	sorted[lines->count] = NULL;
	return sorted;
}

/* Whether both are the line of one row, or of the new ones of one table: all is the same but the last value. */
static bool
are_of_one_row(const char *a, const char *b)
{
	size_t same = 0;

	while (a[same] != '\0' && a[same] == b[same])
		same++;
	if (!rc_str_begins(a, row_begin))
		return false;
	return strchr(a + same, ',') == NULL && strchr(b + same, ',') == NULL && strchr(a + same, ':') == NULL && strchr(b + same, ':') == NULL;
}

static void
report(struct plan *plan, const char *code, const char *message, const char *line)
{
	struct rc_buf text = {0};

	rc_json_open_refusal(&text, code, message);
	rc_json_add_value(&text, "record", line);
	rc_json_close(&text);
	rc_output_line(&plan->out, text.bytes, text.length);
	rc_buf_free(&text);
	plan->out.answer = RC_NO;
}

static void
compare(struct plan *plan)
{
	const char **planned = sort(&plan->planned), **shown = sort(&plan->shown), **p = planned, **s = shown;

	while (*p != NULL || *s != NULL) {
		int order = *p == NULL ? 1 : *s == NULL ? -1 : strcmp(*p, *s);

		if (order == 0) {
			p++, s++;
		} else if (*p != NULL && *s != NULL && are_of_one_row(*p, *s)) {
			report(plan, "row_changed", "this was changed since the plan was made", *p++);
			s++;
		} else if (order < 0) {
			report(plan, "not_shown", "this is planned, but it is not so any more", *p++);
		} else {
			report(plan, "not_planned", "this is not in the plan", *s++);
		}
	}
	free(planned);
	free(shown);
}

int
main(int argc, char *argv[])
{
	static struct plan plan;
	struct rc_input in;
	struct rc_output file;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_COMMAND: plan.command = optarg; break;
		case OPT_CALL: plan.call = optarg; break;
		case OPT_ROWS: plan.rows = optarg; break;
		case OPT_WITHOUT:
			if (plan.without_count == WITHOUT_MAX)
				rc_usage("more than %d fields to leave out", WITHOUT_MAX);
			plan.without[plan.without_count++] = optarg;
			break;
		case OPT_WRITE: plan.write = optarg; break;
		case OPT_APPLY: plan.apply = optarg; break;
		}
	}
	if (plan.command == NULL)
		rc_usage("--command is needed");
	if (plan.write != NULL && plan.apply != NULL)
		rc_usage("--write and --apply exclude one another");
	if (!rc_utf8_valid(plan.command, strlen(plan.command)))
		rc_usage("the command's name is not UTF-8");
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&plan.out, NULL);
	read_call(&plan);
	if (plan.apply != NULL)
		open_plan(&plan);
	if (plan.write != NULL)
		rc_output_create(&file, plan.write, 0600);
	read_shown(&plan, &in);
	if (plan.rows != NULL)
		read_rows(&plan);
	read_identity(&plan);

	if (plan.write != NULL) {
		write_plan(&plan, &file);
		rc_output_keep(&file);
	} else if (plan.apply == NULL) {
		write_plan(&plan, &plan.out);
	} else {
		read_planned(&plan);
		compare(&plan);
		if (plan.out.answer == RC_OK) {
			rc_plan_mark_write(&plan.mark);
			rc_pending_keep();
		}
	}
	rc_plan_mark_free(&plan.mark);
	rc_buf_free(&plan.in.buffer);
	rc_log_head_free(&plan.head);
	rc_identity_free(&plan.identity);
	rc_buf_free(&plan.planned.text);
	rc_buf_free(&plan.shown.text);
	return rc_finish(&in, &plan.out);
}
