/*
 * rc-manifest - list the files of a folder with their SHA-256, or compare them with a list
 *
 * One pass over the tree in a fixed order (rc_walk.h); with --check the manifest
 * is read beside it, in the same order.  So memory depends neither on the files'
 * sizes nor on their number, but for the names in one folder.  Files are read
 * by --jobs threads.
 */
/* links: -pthread */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_counter.h"
#include "rc_digest.h"
#include "rc_file_digest.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_pool.h"
#include "rc_utf8.h"
#include "rc_walk.h"

enum { OPT_ROOT = RC_OPT_LONG, OPT_CHECK, OPT_JOBS, OPT_PATHS };
enum { RESULT_SIZE = 1024, DESCRIPTORS = 4, FOLDERS = 64, JOBS_PER_THREAD = 256, EXCLUDED_MAX = 3 };

static const struct rc_option options[] = {
	{ OPT_ROOT, "root", "DIR", "the folder that paths are relative to (default: .)" },
	{ OPT_PATHS, "paths-of", "FILE", "list the files that the records in FILE have as their path, and of no records none" },
	{ OPT_CHECK, "check", "MANIFEST", "compare the files with that list, `-` is standard input, and end with 1 where they differ" },
	{ 'q', "quiet", NULL, "with --check, leave out what is unchanged" },
	{ 'o', "output", "FILE", "write the records there, replacing it as a whole, instead of to standard output" },
	{ OPT_JOBS, "jobs", "N", "read N files at a time (default: one for each core)" },
	RC_OPTION_END
};

static const char *const example[] = { "--root", "/etc", "passwd", NULL };

static const struct rc_program program = {
	.name = "rc-manifest",
	.synopsis = "[--root DIR] [--check MANIFEST [--quiet]] [--output FILE] [--jobs N] [--paths-of FILE] [PATH ...]",
	.summary = "list the files of a folder with their SHA-256, or compare them with such a list",
	.options = options,
	.writes = "files: {\"v\",\"path\",\"size\",\"sha256\"}, links {\"v\",\"path\",\"target\"}, and with --check \"status\" (unchanged, changed, "
	    "missing, extra, error) and \"found\" or \"error\"",
	.example = example,
};

/* What a manifest says of one path. */
struct listed {
	struct rc_buf path, target;
	bool there, is_link;	/* there is one that was not looked at yet */
	long long size;
	char sha256[RC_DIGEST_HEX + 1];
};

static struct {
	const char *root_name;
	int root;
	const char **paths;	/* to begin at, in order, none below another */
	size_t path_count, path_next;
	bool check, quiet;
	struct { dev_t device; ino_t inode; } excluded[EXCLUDED_MAX];	/* the manifest itself */
	int excluded_count;
	struct rc_walk walk;
	struct rc_walk_entry entry;	/* that the walk is at */
	bool at_entry;
	struct rc_buf failed;	/* a folder that can't be read, or "" */
	struct rc_input in;
	struct rc_record record;
	struct listed listed;
	bool ended;		/* the manifest */
	struct rc_output out;
	struct rc_counter counter;
	unsigned long long files, bytes;
} settings;

/* One path. */
struct job {
	struct rc_pool_job pool;
	const char *path;	/* to be read, or NULL */
	bool is_listed, is_link;	/* the manifest has it */
	bool is_excluded;
	long long listed_size, size;	/* -1: not known */
	char listed_sha256[RC_DIGEST_HEX + 1], sha256[RC_DIGEST_HEX + 1];
	const char *status;	/* NULL: it is to be listed */
	const char *code, *message;	/* of an error */
	int error;
};

static void
set_error(struct job *job, const char *code, const char *message, int error)
{
	job->status = "error";
	job->code = code;
	job->message = message;
	job->error = error;
}

/* ---- one file, in a worker ---- */

static bool
is_excluded(const struct stat *status)
{
	for (int i = 0; i < settings.excluded_count; i++)
		if (settings.excluded[i].device == status->st_dev && settings.excluded[i].inode == status->st_ino)
			return true;
	return false;
}

static void
read_file(struct job *job, const struct rc_path *path, struct rc_file_digest *engine)
{
	struct stat status;

	if (fstat(path->fd, &status) == 0 && !job->is_listed && is_excluded(&status)) {
		job->is_excluded = true;
		return;
	}
	if (job->is_listed && status.st_size != job->listed_size) {	/* need not be read */
		job->status = "changed";
		job->size = status.st_size;
		return;
	}
	switch (rc_file_digest(engine, path, job->sha256, &status)) {
	case RC_FILE_DIGEST_DONE:
		job->size = status.st_size;
		if (job->is_listed)
			job->status = strcmp(job->sha256, job->listed_sha256) == 0 && job->size == job->listed_size ? "unchanged" : "changed";
		break;
	case RC_FILE_DIGEST_CHANGED: set_error(job, "changed", "it changed while it was read", 0); break;
	case RC_FILE_DIGEST_FAILED: set_error(job, "cannot_read", "cannot read it", errno); break;
	}
}

static void
work(struct rc_pool_job *pool_job, void *engine)
{
	struct job *job = (struct job *)pool_job;
	struct rc_path path;

	if (job->path == NULL)
		return;
	switch (rc_path_open(settings.root, job->path, &path)) {
	case RC_PATH_OK:
		read_file(job, &path, engine);
		rc_path_close(&path);
		break;
	case RC_PATH_MISSING:
		if (job->is_listed)
			job->status = "missing";
		else
			set_error(job, "missing", "it was removed meanwhile", 0);
		break;
	case RC_PATH_SYMLINK:	/* it was a file a moment ago */
	case RC_PATH_NOT_A_FILE: set_error(job, "changed", "it became something else meanwhile", 0); break;
	case RC_PATH_OUTSIDE:
	case RC_PATH_FAILED: set_error(job, "cannot_read", "cannot open it", errno); break;
	}
}

/* ---- the walk ---- */

static _Noreturn void
cannot_start(const char *path)
{
	if (errno == ELOOP)
		rc_die(RC_FATAL, "%s: a symbolic link is on the way to it", path);
	rc_die(rc_err_class(errno), "%s: cannot look at it: %s", *path == '\0' ? settings.root_name : path, strerror(errno));
}

/* Makes the walk's next entry the current one, unless one waits; false at the end. */
static bool
look_at_entry(void)
{
	while (!settings.at_entry) {
		if (settings.walk.depth == 0) {
			const char *path;

			if (settings.path_next == settings.path_count)
				return false;
			path = settings.paths[settings.path_next++];
			if (!rc_walk_start(&settings.walk, settings.root, path) && (!settings.check || errno != ENOENT))
				cannot_start(path);
		}
		settings.at_entry = rc_walk_next(&settings.walk, &settings.entry);
	}
	return true;
}

/* Sets NAME, or where the bytes are not UTF-8, NAME_hex. */
static void
set_bytes(struct rc_record *record, const char *name, const char *name_hex, const char *bytes)
{
	struct rc_buf hex = {0};

	if (rc_utf8_valid(bytes, strlen(bytes))) {
		rc_record_set_text(record, name, bytes);
		return;
	}
	for (const char *at = bytes; *at != '\0'; at++)
		rc_buf_printf(&hex, "%02x", (unsigned char)*at);
	rc_record_set_text(record, name_hex, rc_buf_text(&hex));
	rc_buf_free(&hex);
}

static void
begin_record(struct job *job, const char *path)
{
	*job = (struct job){ .pool = job->pool, .size = -1 };
	rc_record_clear(&job->pool.record);
	rc_record_set_integer(&job->pool.record, "v", 1);
	set_bytes(&job->pool.record, "path", "path_hex", path);
}

static const char *
keep(struct job *job, const char *path)
{
	return rc_arena_copy(&job->pool.record.arena, path, strlen(path));
}

/* Reads where the link of the current entry leads into TARGET; false with errno. */
static bool
read_link(struct rc_buf *target)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(settings.entry.folder, settings.entry.name, text, sizeof text);

	if (length < 0)
		return false;
	rc_buf_add(target, text, (size_t)length);
	rc_buf_text(target);
	return true;
}

/* Notes a folder that can't be read: what is listed below it is not missing. */
static void
set_walk_error(struct job *job, const struct rc_walk_entry *entry)
{
	if (entry->kind == RC_WALK_OTHER) {
		set_error(job, "not_a_file", "it is neither a file nor a link", 0);
		return;
	}
	set_error(job, "cannot_read", "cannot look at it", entry->error);
	settings.failed.length = 0;
	rc_buf_add_text(&settings.failed, entry->path);
	rc_buf_text(&settings.failed);
}

static bool
next_to_list(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	const struct rc_walk_entry *entry = &settings.entry;
	struct rc_buf target = {0};

	if (!look_at_entry())
		return false;
	settings.at_entry = false;
	begin_record(job, entry->path);
	if (entry->kind == RC_WALK_FILE)
		job->path = keep(job, entry->path);
	else if (entry->kind != RC_WALK_LINK)
		set_walk_error(job, entry);
	else if (read_link(&target))
		set_bytes(&pool_job->record, "target", "target_hex", target.bytes);
	else
		set_error(job, "cannot_read", "cannot read the link", errno);
	rc_buf_free(&target);
	return true;
}

/* ---- the manifest ---- */

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

/* Reads NAME or NAME_hex; false where neither is there. */
static bool
read_bytes(const char *name, const char *name_hex, struct rc_buf *bytes)
{
	const char *text;

	bytes->length = 0;
	if (rc_record_find(&settings.record, name) != NULL) {
		rc_buf_add_text(bytes, rc_input_need_string(&settings.in, &settings.record, name));
	} else if (rc_record_find(&settings.record, name_hex) != NULL) {
		text = rc_input_need_string(&settings.in, &settings.record, name_hex);
		for (; *text != '\0'; text += 2) {
			int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

			if (low < 0 || high + low == 0)
				rc_input_fail(&settings.in, "expected pairs of hexadecimal digits in the field '%s'", name_hex);
			rc_buf_add(bytes, (char[]){ (char)(high << 4 | low) }, 1);
		}
	} else {
		return false;
	}
	rc_buf_text(bytes);
	return true;
}

static void
read_file_listed(struct listed *listed)
{
	const char *sha256 = rc_record_find(&settings.record, "sha256") == NULL ? NULL : rc_input_need_string(&settings.in, &settings.record, "sha256");

	if (sha256 == NULL || !rc_digest_is_hex(sha256))
		rc_input_fail(&settings.in, "expected 64 hexadecimal digits in the field 'sha256'");
	listed->size = rc_input_need_number(&settings.in, &settings.record, "size");
	memcpy(listed->sha256, sha256, RC_DIGEST_HEX + 1);
}

static void
read_listed(struct listed *listed)
{
	struct rc_buf before = listed->path;
	const char *v;
	size_t length;

	listed->path = (struct rc_buf){0};
	v = rc_record_value(&settings.record, "v", &length);
	if (v == NULL || length != 1 || *v != '1')
		rc_input_fail(&settings.in, "not of a manifest that this version reads: expected \"v\":1");
	if (!read_bytes("path", "path_hex", &listed->path))
		rc_input_fail(&settings.in, "expected a field 'path'");
	if (rc_record_find(&settings.record, "status") != NULL)
		rc_input_fail(&settings.in, "it has a status, so it is no entry of a manifest");
	if (!rc_walk_is_plain(listed->path.bytes))
		rc_input_fail(&settings.in, "the path is absolute or has a part that is empty, '.' or '..'");
	if (before.length > 0 && rc_walk_compare(before.bytes, listed->path.bytes) >= 0)
		rc_input_fail(&settings.in, "the paths are not in the order of a manifest, or there is one twice");
	rc_buf_free(&before);
	listed->is_link = read_bytes("target", "target_hex", &listed->target);
	if (!listed->is_link)
		read_file_listed(listed);
	listed->there = true;
}

static bool
is_wanted(const char *path)
{
	for (size_t i = 0; i < settings.path_count; i++)
		if (rc_walk_is_below(path, settings.paths[i]))
			return true;
	return false;
}

/* Makes the manifest's next entry the current one, unless one waits; false at the end. */
static bool
look_at_listed(void)
{
	while (!settings.listed.there && !settings.ended) {
		if (!rc_input_next(&settings.in, &settings.record)) {
			rc_input_require_end(&settings.in);
			settings.ended = true;
			break;
		}
		read_listed(&settings.listed);
		settings.listed.there = is_wanted(settings.listed.path.bytes);
	}
	return settings.listed.there;
}

/* ---- both side by side ---- */

static void
set_listed(struct job *job)
{
	const struct listed *listed = &settings.listed;
	struct rc_record *record = &job->pool.record;

	job->is_listed = true;
	job->is_link = listed->is_link;
	if (listed->is_link) {
		set_bytes(record, "target", "target_hex", listed->target.bytes);
		return;
	}
	job->listed_size = listed->size;
	memcpy(job->listed_sha256, listed->sha256, sizeof job->listed_sha256);
	rc_record_set_integer(record, "size", listed->size);
	rc_record_set_text(record, "sha256", listed->sha256);
}

static void
take_listed_alone(struct job *job)
{
	begin_record(job, settings.listed.path.bytes);
	set_listed(job);
	job->status = "missing";
	if (settings.failed.length > 0 && rc_walk_is_below(settings.listed.path.bytes, settings.failed.bytes))
		set_error(job, "cannot_read", "its folder can't be read", 0);
}

/* What the manifest does not have; false where that is the manifest itself. */
static bool
take_entry_alone(struct job *job)
{
	const struct rc_walk_entry *entry = &settings.entry;
	struct stat status;
	bool known = fstatat(entry->folder, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0;

	if (entry->kind == RC_WALK_FILE && known && is_excluded(&status))
		return false;
	begin_record(job, entry->path);
	if (entry->kind == RC_WALK_FAILED)
		set_walk_error(job, entry);
	else
		job->status = "extra";
	return true;
}

static void
take_both(struct job *job)
{
	const struct rc_walk_entry *entry = &settings.entry;
	struct rc_buf target = {0};

	begin_record(job, entry->path);
	set_listed(job);
	if (entry->kind == RC_WALK_FAILED)
		set_walk_error(job, entry);
	else if (entry->kind != (job->is_link ? RC_WALK_LINK : RC_WALK_FILE))
		job->status = "changed";
	else if (!job->is_link)
		job->path = keep(job, entry->path);
	else if (!read_link(&target))
		set_error(job, "cannot_read", "cannot read the link", errno);
	else
		job->status = strcmp(target.bytes, settings.listed.target.bytes) == 0 ? "unchanged" : "changed";
	rc_buf_free(&target);
}

static bool
next_to_check(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;

	for (;;) {
		bool entry = look_at_entry(), listed = look_at_listed();
		int order;

		if (!entry && !listed)
			return false;
		order = !entry ? 1 : !listed ? -1 : rc_walk_compare(settings.entry.path, settings.listed.path.bytes);
		if (order >= 0)
			settings.listed.there = false;
		if (order <= 0)
			settings.at_entry = false;
		if (order == 0)
			take_both(job);
		else if (order > 0)
			take_listed_alone(job);
		else if (!take_entry_alone(job))
			continue;
		return true;
	}
}

/* ---- results ---- */

static void
add_error(struct rc_buf *line, const struct job *job)
{
	struct rc_buf message = {0}, error = {0};

	rc_buf_add_text(&message, job->message);
	if (job->error != 0)
		rc_buf_printf(&message, ": %s", strerror(job->error));
	rc_json_open_error(&error, job->code, rc_buf_text(&message));
	rc_json_close(&error);
	rc_json_add_value(line, "error", rc_buf_text(&error));
	rc_buf_free(&message);
	rc_buf_free(&error);
}

/* What was found instead of what is listed. */
static void
add_found(struct rc_buf *line, const struct job *job)
{
	struct rc_buf found = {0};

	rc_json_open(&found);
	rc_json_add_integer(&found, "size", job->size);
	if (*job->sha256 != '\0')
		rc_json_add_text(&found, "sha256", job->sha256);
	rc_json_close(&found);
	rc_json_add_value(line, "found", rc_buf_text(&found));
	rc_buf_free(&found);
}

static void
finish(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_buf *line = &pool_job->line;

	if (job->is_excluded) {
		pool_job->is_silent = true;
		return;
	}
	if (job->status == NULL && job->size >= 0) {
		rc_json_add_integer(line, "size", job->size);
		rc_json_add_text(line, "sha256", job->sha256);
	} else if (job->status != NULL) {
		bool unchanged = strcmp(job->status, "unchanged") == 0;

		rc_json_add_text(line, "status", job->status);
		if (job->code != NULL)
			add_error(line, job);
		else if (strcmp(job->status, "changed") == 0 && job->size >= 0)
			add_found(line, job);
		pool_job->is_silent = unchanged && settings.quiet;
		if (!unchanged)
			settings.out.answer = RC_NO;
	}
	settings.files++;
	settings.bytes += job->size > 0 ? (unsigned long long)job->size : 0;
	rc_counter_at(&settings.counter, settings.files, settings.bytes);
}

static void *
engine_new(void)
{
	return rc_file_digest_new();
}

static void
engine_free(void *engine)
{
	rc_file_digest_free(engine);
}

/* ---- options ---- */

static int
compare_paths(const void *a, const void *b)
{
	return rc_walk_compare(*(const char *const *)a, *(const char *const *)b);
}

/* The paths to begin at; one below another is left out, and stands behind them. */
static void
take_paths(int count, char *const paths[], bool all)
{
	size_t kept = 0;

	settings.paths = rc_alloc(rc_size_mul((size_t)count + 1, sizeof *settings.paths));
	for (int i = 0; i < count; i++) {
		size_t length = strlen(paths[i]);

		while (length > 1 && paths[i][length - 1] == '/')
			length--;
		settings.paths[i] = rc_strndup(paths[i], length);
		if (strcmp(settings.paths[i], ".") == 0)
			settings.paths[i] = "";
		else if (!rc_walk_is_plain(settings.paths[i]))
			rc_usage_word("a path is relative to --root and has no part that is empty, '.' or '..', unlike ", paths[i], "'");
	}
	if (count == 0 && all)
		settings.paths[count++] = "";
	qsort(settings.paths, (size_t)count, sizeof *settings.paths, compare_paths);
	for (int i = 0; i < count; i++) {
		const char *path = settings.paths[i];

		if (kept > 0 && rc_walk_is_below(path, settings.paths[kept - 1]))
			continue;
		settings.paths[i] = settings.paths[kept];
		settings.paths[kept++] = path;
	}
	settings.path_count = kept;
}

/* The paths of the records in FILE are added to the operands. */
static char **
add_paths(char *const operands[], int *count, char *file)
{
	char **paths = rc_alloc(rc_size_mul((size_t)*count + 1, sizeof *paths));
	struct rc_record record = {0};
	struct rc_input in;

	memcpy(paths, operands, (size_t)*count * sizeof *paths);
	rc_input_open(&in, 1, &file);
	while (rc_input_next(&in, &record)) {
		const char *path = rc_input_need_string(&in, &record, "path");

		if (!rc_walk_is_plain(path))
			rc_input_fail(&in, "a path is relative to --root and has no part that is empty, '.' or '..'");
		if (*count == INT_MAX - 1)
			rc_input_fail(&in, "more than %d paths", INT_MAX - 1);
		paths = rc_realloc(paths, rc_size_mul((size_t)*count + 2, sizeof *paths));
		paths[(*count)++] = rc_strndup(path, strlen(path));
	}
	rc_record_free(&record);
	rc_buf_free(&in.buffer);
	return paths;
}

static void
free_paths(char **paths, int first, int count)
{
	for (int i = first; i < count; i++)
		free(paths[i]);
	free(paths);
}

static void
exclude(const struct stat *status)
{
	if (S_ISREG(status->st_mode)) {
		settings.excluded[settings.excluded_count].device = status->st_dev;
		settings.excluded[settings.excluded_count++].inode = status->st_ino;
	}
}

int
main(int argc, char *argv[])
{
	struct rc_pool_work pool_work = { .job_size = sizeof(struct job), .result_size = RESULT_SIZE, .jobs_per_thread = JOBS_PER_THREAD,
	    .next = next_to_list, .work = work, .finish = finish, .engine_new = engine_new, .engine_free = engine_free };
	const char *output = NULL;
	char *manifest = NULL, *paths_of = NULL, **paths;
	int jobs = rc_pool_cores(), opt, path_count;
	struct stat status;

	settings.root_name = ".";
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_ROOT: settings.root_name = optarg; break;
		case OPT_PATHS: paths_of = optarg; break;
		case OPT_CHECK: manifest = optarg; break;
		case 'q': settings.quiet = true; break;
		case 'o': output = optarg; break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, RC_POOL_THREADS_MAX); break;
		}
	}
	if (settings.quiet && manifest == NULL)
		rc_usage("--quiet is for --check");
	paths = argv + optind;
	path_count = argc - optind;
	if (paths_of != NULL)
		paths = add_paths(paths, &path_count, paths_of);
	take_paths(path_count, paths, paths_of == NULL);
	if (paths_of != NULL)
		free_paths(paths, argc - optind, path_count);
	settings.root = rc_path_root(settings.root_name);
	if (manifest != NULL) {
		settings.check = true;
		pool_work.next = next_to_check;
		rc_input_open(&settings.in, 1, &manifest);
		settings.in.digest = rc_digest_new();
		if (stat(manifest, &status) == 0)
			exclude(&status);
	}
	if (output == NULL ? fstat(STDOUT_FILENO, &status) == 0 : stat(output, &status) == 0)
		exclude(&status);
	rc_output_open(&settings.out, output);
	if (output != NULL && fstat(settings.out.fd, &status) == 0)
		exclude(&status);
	settings.out.digest = rc_digest_new();
	if (rc_counter_fits(settings.out.fd))
		rc_counter_start(&settings.counter, "files");

	rc_pool_run(&pool_work, rc_pool_fit(jobs, DESCRIPTORS), NULL, &settings.out);
	rc_counter_end(&settings.counter, settings.files, settings.bytes);
	rc_walk_free(&settings.walk);
	if (!settings.check && settings.out.answer != RC_OK)	/* without an end record it is not taken for a manifest */
		rc_die(RC_NO, "not all could be read: %s%s", output == NULL ? "this is no manifest" : "nothing was written to ", output == NULL ? "" : output);
	rc_output_end_record(&settings.out);
	return rc_finish(settings.check ? &settings.in : NULL, &settings.out);
}
