/*
 * rc-s3-get - get objects from an S3 store into files
 *
 * Objects are got by --jobs threads, each into a temporary file that takes its
 * name when it is whole and on the disk; memory does not depend on their size.
 */
/* links: -lcurl -pthread */
/* needs: curl/curl.h libcurl4-openssl-dev */
#define _GNU_SOURCE	/* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_counter.h"
#include "rc_err.h"
#include "rc_file.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_path.h"
#include "rc_pool.h"
#include "rc_s3.h"
#include "rc_s3_kept.h"
#include "rc_stream.h"
#include "rc_writeback.h"

enum { OPT_ROOT = RC_OPT_LONG, OPT_JOBS, RESULT_SIZE = 4096, DESCRIPTORS = 8 };

static const struct rc_option options[] = {
	RC_S3_OPTIONS,
	{ OPT_ROOT, "root", "DIR", "the folder that paths are relative to (default: .)" },
	{ OPT_JOBS, "jobs", "N", "get N objects at a time (default: 4)" },
	RC_OPTION_END
};

static const char *const example[] = { "--bucket", "example", NULL };

static const struct rc_program program = {
	.name = "rc-s3-get",
	.synopsis = "--bucket NAME [--prefix TEXT] [--endpoint URL] [--region NAME] [--addressing path|host] [--root DIR] [--jobs N] "
	    "[--connect-timeout DURATION] [--timeout DURATION] [--patience DURATION] [--pause DURATION] [--cacert FILE] [FILE ...]",
	.summary = "get objects from an S3 store into files",
	.options = options,
	.reads = "objects: {\"path\"}, {\"key\"} or both",
	.writes = "the same with \"status\" (got, missing, outside_root, error), \"key\", \"size\", \"etag\" and \"headers\", or \"error\"",
	.changes = "adds",
	.example = example,
	.example_input = "{\"rc_end\":{\"v\":1,\"records\":0}}\n",
};

static struct {
	struct rc_s3 s3;
	int root;
	struct rc_input in;
	struct rc_output out;
	struct rc_counter counter;
	unsigned long long objects, bytes;
} settings;

/* One object. */
struct job {
	struct rc_pool_job pool;
	const char *path;		/* NULL: there is none, and CODE says why */
	char *key;			/* without the prefix */
	const char *status, *code, *message;	/* the last two: of an error, or NULL */
	int error;			/* the errno that goes with it, or 0 */
	const char *request;		/* the method of the request that was not answered well, or NULL */
	struct rc_buf store_code, store_message;	/* what the store said */
	struct rc_buf etag, headers;
	long long size;
};

/* What a thread works with: its client, and the file of the object that is got. */
struct engine {
	struct rc_s3_client *client;
	struct rc_file file;
	off_t size, begun;
	int error;			/* the errno of a write that failed */
};

static void
set_error(struct job *job, const char *status, const char *code, const char *message, int error)
{
	job->status = status;
	job->code = code;
	job->message = message;
	job->error = error;
}

static void
set_file_error(struct job *job, const char *what, int error)
{
	set_error(job, "error", error == ENOSPC || error == EDQUOT ? "no_space" : "cannot_write", what, error);
}

/* ---- one object, in a worker ---- */

static bool
begin(void *context)
{
	struct engine *engine = context;

	engine->size = engine->begun = 0;
	if (ftruncate(engine->file.fd, 0) == 0 && lseek(engine->file.fd, 0, SEEK_SET) == 0)
		return true;
	engine->error = errno;
	return false;
}

static bool
take(void *context, const char *bytes, size_t length)
{
	struct engine *engine = context;

	if (!rc_write_full(engine->file.fd, bytes, length)) {
		engine->error = errno;
		return false;
	}
	engine->size += (off_t)length;
	rc_writeback(engine->file.fd, &engine->begun, engine->size);
	return true;
}

/* Asks for the object; whether all of it is in the file. */
static bool
receive(struct job *job, struct engine *engine)
{
	struct rc_s3_client *client = engine->client;
	char *key = rc_s3_key(&settings.s3, job->key);
	struct rc_s3_request request = { .method = "GET", .key = key, .begin = begin, .take = take, .context = engine };
	enum rc_s3_outcome outcome = rc_s3_ask(client, &request);
	const char *etag = rc_s3_headers_find(&client->headers, "etag");

	free(key);
	if (outcome == RC_S3_STOPPED) {
		set_file_error(job, "write", engine->error);
	} else if (outcome != RC_S3_DONE) {
		job->request = client->method;
		rc_buf_add_text(&job->store_code, client->code.bytes);
		rc_buf_add_text(&job->store_message, client->message.bytes);
		set_error(job, strcmp(client->code.bytes, "NoSuchKey") == 0 ? "missing" : "error", rc_buf_text(&job->store_code),
		    rc_buf_text(&job->store_message), 0);
	} else if (client->status != 200 || rc_s3_headers_find(&client->headers, "content-length") == NULL) {
		/* with a length libcurl knows a body that was cut; S3 always tells it */
		set_error(job, "error", "no_length", "the answer does not say how long the object is", 0);
	} else if (!rc_s3_kept_write(&client->headers, &job->headers)) {
		set_error(job, "error", "metadata", "its metadata can't be kept: it is not UTF-8, or not all of it was told", 0);
	} else {
		rc_buf_add_text(&job->etag, etag == NULL ? "" : etag);
		rc_buf_text(&job->etag);
		job->size = engine->size;
		return true;
	}
	return false;
}

static void
get(struct job *job, struct engine *engine, const struct rc_path *path)
{
	struct rc_file_error error;

	engine->error = 0;
	if (!rc_file_begin(&engine->file, path->folder, path->name, NULL, 0666, &error)) {
		set_file_error(job, error.what, error.number);
		return;
	}
	if (!receive(job, engine)) {
		rc_file_abandon(&engine->file);
	} else if (!rc_file_sync(&engine->file, &error)) {
		rc_file_abandon(&engine->file);
		set_file_error(job, error.what, error.number);
	} else if (!rc_file_place(&engine->file, &error)) {
		set_file_error(job, error.what, error.number);
	} else {
		job->status = "got";
	}
}

static void
work(struct rc_pool_job *pool_job, void *engine)
{
	struct job *job = (struct job *)pool_job;
	struct rc_path path;

	if (job->path == NULL)
		return;
	switch (rc_path_make(settings.root, job->path, &path)) {
	case RC_PATH_OK:
		get(job, engine, &path);
		rc_path_close(&path);
		break;
	case RC_PATH_OUTSIDE:
		set_error(job, "outside_root", "outside_root", "the path is absolute or leads out of the root", 0);
		break;
	case RC_PATH_SYMLINK:
		set_error(job, "error", "symbolic_link", "a folder above it is a symbolic link, which is not followed", ELOOP);
		break;
	case RC_PATH_MISSING:
	case RC_PATH_NOT_A_FILE:
	case RC_PATH_FAILED:
		set_file_error(job, "make its folder", errno);
		break;
	}
}

/* ---- records ---- */

static void
prepare(struct rc_pool_job *pool_job)
{
	static const char *const ours[] = { "key", "size", "etag", "headers", "status", "error", "warning" };
	struct job *job = (struct job *)pool_job;
	struct rc_record *record = &pool_job->record;
	const struct rc_json_field *path = rc_record_find(record, "path");
	const char *key = rc_record_find(record, "key") == NULL ? NULL : rc_input_need_string(&settings.in, record, "key");

	*job = (struct job){ .pool = *pool_job, .size = -1 };
	if (path != NULL && rc_json_type(path->value) == RC_JSON_NULL)
		set_error(job, "error", "no_path", "the path is null", 0);
	else
		job->path = path == NULL && key != NULL ? key : rc_input_need_string(&settings.in, record, "path");
	if (key != NULL && *key == '\0')
		rc_input_fail(&settings.in, "the key is empty");
	if (key != NULL)
		job->key = rc_strndup(key, strlen(key));
	else if (job->path != NULL && (job->key = rc_path_plain(job->path)) == NULL)
		job->key = rc_strndup("", 0);	/* it is outside, as the worker finds, too */
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		rc_record_remove(record, ours[i]);
}

static void
add_error(struct rc_buf *line, const struct job *job)
{
	struct rc_buf message = {0}, error = {0};

	rc_buf_printf(&message, job->error == 0 || job->error == ELOOP ? "%s" : "cannot %s: %s", job->message, strerror(job->error));
	rc_json_open_error(&error, job->code, rc_buf_text(&message));
	if (job->request != NULL)
		rc_json_add_text(&error, "request", job->request);
	if (job->error != 0) {
		rc_json_add_integer(&error, "errno", job->error);
		rc_json_add_text(&error, "reason", strerror(job->error));
	}
	rc_json_close(&error);
	rc_json_add_value(line, "error", rc_buf_text(&error));
	rc_buf_free(&message);
	rc_buf_free(&error);
}

static void
finish(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_buf *line = &pool_job->line;

	if (job->key != NULL && *job->key != '\0')
		rc_json_add_text(line, "key", job->key);
	if (job->code == NULL) {
		rc_json_add_integer(line, "size", job->size);
		rc_json_add_text(line, "etag", job->etag.bytes);
		rc_json_add_value(line, "headers", rc_buf_text(&job->headers));
	}
	rc_json_add_text(line, "status", job->status);
	if (job->code != NULL) {
		add_error(line, job);
		settings.out.answer = RC_NO;
	}
	settings.objects++;
	settings.bytes += job->size > 0 ? (unsigned long long)job->size : 0;
	rc_counter_at(&settings.counter, settings.objects, settings.bytes);
	free(job->key);
	rc_buf_free(&job->store_code);
	rc_buf_free(&job->store_message);
	rc_buf_free(&job->etag);
	rc_buf_free(&job->headers);
}

static void *
engine_new(void)
{
	struct engine *engine = rc_alloc(sizeof *engine);

	*engine = (struct engine){ .client = rc_s3_client_new(&settings.s3) };
	return engine;
}

static void
engine_free(void *engine)
{
	rc_s3_client_free(((struct engine *)engine)->client);
	free(engine);
}

static const struct rc_pool_work pool_work = {
	.job_size = sizeof(struct job),
	.result_size = RESULT_SIZE,
	.prepare = prepare,
	.work = work,
	.finish = finish,
	.engine_new = engine_new,
	.engine_free = engine_free,
};

int
main(int argc, char *argv[])
{
	const char *root = ".";
	int jobs = 4, opt;

	rc_s3_begin(&settings.s3);
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (rc_s3_option(&settings.s3, opt))
			continue;
		switch (opt) {
		case OPT_ROOT: root = optarg; break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, RC_POOL_THREADS_MAX); break;
		}
	}
	rc_s3_open(&settings.s3);
	if ((settings.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "cannot open the folder %s: %s", root, strerror(errno));
	rc_input_open(&settings.in, argc - optind, argv + optind);
	rc_output_open(&settings.out, NULL);
	rc_file_start();

	if (rc_counter_fits(settings.out.fd))
		rc_counter_start(&settings.counter, "objects");
	rc_pool_run(&pool_work, rc_pool_fit(jobs, DESCRIPTORS), &settings.in, &settings.out);
	rc_counter_end(&settings.counter, settings.objects, settings.bytes);
	close(settings.root);
	rc_s3_close(&settings.s3);
	rc_output_pass_end(&settings.out, &settings.in);
	return rc_finish(&settings.in, &settings.out);
}
