/*
 * rc-s3-get - get objects from an S3 store into files
 *
 * Objects are got by --jobs threads, each into a temporary file that takes its
 * name when it is whole and on the disk; memory does not depend on their size.
 */
/* links: -lcurl -pthread */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_counter.h"
#include "rc_err.h"
#include "rc_file.h"
#include "rc_finding.h"
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
	struct rc_finding finding;
	struct rc_s3_refusal refusal;
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
		rc_finding_set_write(&job->finding, "write", engine->error);
	} else if (outcome != RC_S3_DONE) {
		rc_s3_refusal_find(&job->refusal, client, &job->finding);
		if (strcmp(job->finding.code, "NoSuchKey") == 0)
			job->finding.status = "missing";
	} else if (client->status != 200 || rc_s3_headers_find(&client->headers, "content-length") == NULL) {
		/* with a length libcurl knows a body that was cut; S3 always tells it */
		rc_finding_set(&job->finding, "error", "no_length", "the answer does not say how long the object is", 0);
	} else if (!rc_s3_kept_write(&client->headers, &job->headers)) {
		rc_finding_set(&job->finding, "error", "metadata", "its metadata can't be kept: it is not UTF-8, or not all of it was told", 0);
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
		rc_finding_set_write(&job->finding, error.what, error.number);
		return;
	}
	if (!receive(job, engine)) {
		rc_file_abandon(&engine->file);
	} else if (!rc_file_sync(&engine->file, &error)) {
		rc_file_abandon(&engine->file);
		rc_finding_set_write(&job->finding, error.what, error.number);
	} else if (!rc_file_place(&engine->file, &error)) {
		rc_finding_set_write(&job->finding, error.what, error.number);
	} else {
		job->finding.status = "got";
	}
}

static void
work(struct rc_pool_job *pool_job, void *engine)
{
	struct job *job = (struct job *)pool_job;
	enum rc_path_status status;
	struct rc_path path;

	if (job->path == NULL)
		return;
	status = rc_path_make(settings.root, job->path, &path);
	if (status == RC_PATH_OK) {
		get(job, engine, &path);
		rc_path_close(&path);
	} else if (status == RC_PATH_OUTSIDE) {
		rc_finding_set_path(&job->finding, status, errno);
	} else if (status == RC_PATH_SYMLINK) {
		rc_finding_set(&job->finding, "error", "symbolic_link", "a folder above it is a symbolic link, which is not followed", ELOOP);
	} else {
		rc_finding_set_write(&job->finding, "make its folder", errno);
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
		rc_finding_set(&job->finding, "error", "no_path", "the path is null", 0);
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
finish(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_buf *line = &pool_job->line;

	if (job->key != NULL && *job->key != '\0')
		rc_json_add_text(line, "key", job->key);
	if (job->finding.code == NULL) {
		rc_json_add_integer(line, "size", job->size);
		rc_json_add_text(line, "etag", job->etag.bytes);
		rc_json_add_value(line, "headers", rc_buf_text(&job->headers));
	}
	rc_json_add_text(line, "status", job->finding.status);
	if (job->finding.code != NULL) {
		rc_finding_write(&job->finding, "error", line);
		settings.out.answer = RC_NO;
	}
	settings.objects++;
	settings.bytes += job->size > 0 ? (unsigned long long)job->size : 0;
	rc_counter_at(&settings.counter, settings.objects, settings.bytes);
	free(job->key);
	rc_s3_refusal_free(&job->refusal);
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
	settings.root = rc_path_root(root);
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
