/*
 * rc-s3-put - put files into an S3 store as objects
 *
 * Files are put by --jobs threads.  Each is read once for its digests, without
 * which the store could not tell a body that was cut or changed, and once to be
 * sent; memory does not depend on its size.
 */
/* links: -lcurl -pthread */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_base64.h"
#include "rc_condition.h"
#include "rc_counter.h"
#include "rc_digest.h"
#include "rc_err.h"
#include "rc_finding.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_path.h"
#include "rc_pool.h"
#include "rc_s3.h"
#include "rc_s3_kept.h"
#include "rc_stream.h"

enum { OPT_ROOT = RC_OPT_LONG, OPT_JOBS, OPT_WHEN, OPT_KEEP_STATUS, RESULT_SIZE = 1024, DESCRIPTORS = 6, READ = 256 * 1024, MD5_SIZE = 16 };

static const struct rc_option options[] = {
	RC_S3_OPTIONS,
	{ OPT_ROOT, "root", "DIR", "the folder that paths are relative to (default: .)" },
	{ OPT_WHEN, "when", "FIELD=VALUE", "put only these (see rc-say); the other records pass as they are" },
	{ OPT_KEEP_STATUS, "keep-status", NULL, "leave the field status as it is where all went well" },
	{ OPT_JOBS, "jobs", "N", "put N files at a time (default: 4)" },
	RC_OPTION_END
};

static const char *const example[] = { "--bucket", "example", NULL };

static const struct rc_program program = {
	.name = "rc-s3-put",
	.synopsis = "--bucket NAME [--prefix TEXT] [--endpoint URL] [--region NAME] [--addressing path|host] [--root DIR] [--when FIELD=VALUE] "
	    "[--keep-status] [--jobs N] [--connect-timeout DURATION] [--timeout DURATION] [--patience DURATION] [--pause DURATION] "
	    "[--cacert FILE] [FILE ...]",
	.summary = "put files into an S3 store as objects",
	.options = options,
	.reads = "files: {\"path\"}, and perhaps \"key\", \"etag\" of the object that they replace, and \"headers\"",
	.writes = "the same with \"status\" (put, missing, outside_root, error), \"key\", \"size\" and \"etag\", or \"error\"",
	.changes = "changes",
	.risk = "medium",
	.example = example,
	.example_input = "{\"rc_end\":{\"v\":1,\"records\":0}}\n",
};

static struct {
	struct rc_s3 s3;
	int root;
	bool keep_status;
	struct rc_condition when;	/* its field is NULL: all */
	struct rc_input in;
	struct rc_output out;
	struct rc_counter counter;
	unsigned long long files, bytes;
	unsigned long long unconditional;	/* so many were put without the store's own check that no one else wrote */
} settings;

/* One file. */
struct job {
	struct rc_pool_job pool;
	const char *path;		/* NULL: nothing is to be done */
	const char *key;		/* without the prefix; NULL: the path */
	char *plain;			/* the path, resolved */
	const char *if_match;		/* the tag of the object that is replaced; NULL: whatever is there */
	const char *old_status;		/* as JSON, or NULL */
	struct rc_s3_headers headers;
	struct rc_finding finding;
	struct rc_s3_refusal refusal;
	struct rc_buf etag;
	long long size;
	bool passes, unconditional;
};

/* What an object is that may have been put: the one that is to be replaced, the new one, someone else's. */
enum found { AS_IT_WAS, OURS, OTHER, UNKNOWN };

/* What a thread works with. */
struct engine {
	struct rc_s3_client *client;
	struct rc_digest *digest;
	char *bytes;
	/* Of the object that is put: */
	const char *key, *if_match;	/* with the prefix */
	char sha256[RC_DIGEST_HEX + 1];
	off_t size;
	enum found found;		/* after a try whose answer was lost */
	struct rc_buf etag;		/* of what was put */
};

static void
set_changed(struct job *job)
{
	rc_finding_set(&job->finding, "error", "changed", "the object is another one by now, and was left as it is", 0);
}

/* ---- what the store has ---- */

/* The tag of the object in the answer before; "" where it has none. */
static const char *
tag(const struct rc_s3_client *client)
{
	const char *etag = rc_s3_headers_find(&client->headers, "etag");

	return etag == NULL ? "" : etag;
}

static enum rc_s3_outcome
look(struct engine *engine)
{
	struct rc_s3_request request = { .method = "HEAD", .key = engine->key };

	return rc_s3_ask(engine->client, &request);
}

static bool
begin_digest(void *context)
{
	struct engine *engine = context;

	engine->digest->finish(engine->digest, engine->bytes);	/* whatever a try before has left */
	return true;
}

static bool
add_to_digest(void *context, const char *bytes, size_t length)
{
	struct engine *engine = context;

	engine->digest->add(engine->digest, bytes, length);
	return true;
}

/* Whether the object has the very bytes of the file. */
static enum found
compare(struct engine *engine)
{
	struct rc_s3_request request = { .method = "GET", .key = engine->key, .begin = begin_digest, .take = add_to_digest, .context = engine };
	char hex[RC_DIGEST_HEX + 1];

	if (rc_s3_ask(engine->client, &request) != RC_S3_DONE)
		return UNKNOWN;
	engine->digest->finish(engine->digest, hex);
	return strcmp(hex, engine->sha256) == 0 ? OURS : OTHER;
}

/*
 * Before another try of a PUT that replaces one object: the answer to the one
 * before may have been lost when it had taken place, and then the condition no
 * longer holds.  So the object's tag is looked at, and where that is another
 * one its content.
 */
static bool
put_again(void *context)
{
	struct engine *engine = context;

	engine->found = UNKNOWN;
	if (look(engine) != RC_S3_DONE)
		return false;
	engine->found = AS_IT_WAS;
	if (strcmp(tag(engine->client), engine->if_match) == 0)
		return true;
	engine->etag.length = 0;
	rc_buf_add_text(&engine->etag, tag(engine->client));
	engine->found = compare(engine);
	return false;
}

/* ---- one file, in a worker ---- */

/* Reads the file for SHA-256 and MD5; false with errno. */
static bool
digest_file(struct engine *engine, int fd, struct rc_s3_headers *headers)
{
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	bool has_md5 = md5 != NULL && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1;	/* not in FIPS mode */
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct rc_buf text = {0};
	ssize_t n;

	engine->size = 0;
	while ((n = pread(fd, engine->bytes, READ, engine->size)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		engine->digest->add(engine->digest, engine->bytes, (size_t)n);
		has_md5 = has_md5 && EVP_DigestUpdate(md5, engine->bytes, (size_t)n) == 1;
		engine->size += n;
	}
	engine->digest->finish(engine->digest, engine->sha256);
	if (n == 0 && has_md5 && EVP_DigestFinal_ex(md5, sum, &length) == 1 && length == MD5_SIZE) {
		rc_base64_write((const char *)sum, length, &text);
		rc_s3_headers_add(headers, "content-md5", strlen("content-md5"), text.bytes, text.length);
		rc_buf_free(&text);
	}
	EVP_MD_CTX_free(md5);
	return n == 0;
}

/* Sends it; whether the store has it then. */
static bool
send_file(struct job *job, struct engine *engine, int fd)
{
	struct rc_s3_headers headers = {0};
	struct rc_s3_request request = { .method = "PUT", .key = engine->key, .headers = &headers, .fd = fd, .size = engine->size,
	    .sha256 = engine->sha256, .again = engine->if_match == NULL ? NULL : put_again, .context = engine };
	enum rc_s3_outcome outcome;

	engine->found = AS_IT_WAS;
	for (size_t i = 0; i < job->headers.count; i++)
		rc_s3_headers_add(&headers, job->headers.items[i].name, strlen(job->headers.items[i].name), job->headers.items[i].value,
		    strlen(job->headers.items[i].value));
	if (engine->if_match != NULL && !job->unconditional)
		rc_s3_headers_add(&headers, "if-match", strlen("if-match"), engine->if_match, strlen(engine->if_match));
	outcome = rc_s3_ask(engine->client, &request);
	rc_s3_headers_free(&headers);
	if (outcome == RC_S3_DONE) {
		engine->etag.length = 0;
		rc_buf_add_text(&engine->etag, tag(engine->client));
		return true;
	}
	if (outcome == RC_S3_STOPPED && engine->found == OURS)
		return true;
	if (outcome == RC_S3_STOPPED && engine->found == AS_IT_WAS)
		rc_finding_set(&job->finding, "error", "file_changed", "the file changed while it was read, and nothing was put", 0);
	else if (outcome == RC_S3_STOPPED && engine->found == OTHER)
		set_changed(job);
	else if (engine->if_match != NULL && (engine->client->status == 412 || engine->client->status == 409))
		set_changed(job);
	else
		rc_s3_refusal_find(&job->refusal, engine->client, &job->finding);
	return false;
}

/* Whether the object is still the one that is to be replaced: a store may not know If-Match, and pass over it. */
static bool
is_as_it_was(struct job *job, struct engine *engine)
{
	if (look(engine) != RC_S3_DONE)
		rc_s3_refusal_find(&job->refusal, engine->client, &job->finding);
	else if (strcmp(tag(engine->client), engine->if_match) != 0)
		set_changed(job);
	else
		return true;
	return false;
}

/* Looks at what the store has now: all of what was sent, and nothing else. */
static void
check(struct job *job, struct engine *engine)
{
	const char *length, *now;
	char size[24];

	if (look(engine) != RC_S3_DONE) {
		rc_s3_refusal_find(&job->refusal, engine->client, &job->finding);
		return;
	}
	snprintf(size, sizeof size, "%lld", (long long)engine->size);
	length = rc_s3_headers_find(&engine->client->headers, "content-length");
	now = tag(engine->client);
	rc_buf_text(&engine->etag);
	if (length == NULL || strcmp(length, size) != 0 || (engine->etag.length > 0 && strcmp(now, engine->etag.bytes) != 0)) {
		rc_finding_set(&job->finding, "error", "overwritten", "it was put, but the object is another one by now", 0);
		return;
	}
	rc_buf_add_text(&job->etag, now);
	rc_buf_text(&job->etag);
	job->finding.status = "put";
	job->size = engine->size;
}

static void
put(struct job *job, struct engine *engine, int fd)
{
	bool sent;

	if (!digest_file(engine, fd, &job->headers)) {
		rc_finding_set(&job->finding, "error", "cannot_read", "read", errno);
		return;
	}
	if (engine->if_match != NULL && !is_as_it_was(job, engine))
		return;
	sent = send_file(job, engine, fd);
	if (!sent && engine->if_match != NULL && engine->client->status == 501) {	/* it has no If-Match */
		job->unconditional = true;
		job->finding = (struct rc_finding){0};
		sent = is_as_it_was(job, engine) && send_file(job, engine, fd);
	}
	if (sent)
		check(job, engine);
}

static void
work(struct rc_pool_job *pool_job, void *context)
{
	struct job *job = (struct job *)pool_job;
	struct engine *engine = context;
	enum rc_path_status status;
	struct rc_path path;
	char *key;

	if (job->path == NULL)
		return;
	status = rc_path_open(settings.root, job->path, &path);
	if (status != RC_PATH_OK) {
		rc_finding_set_path(&job->finding, status, errno);
		return;
	}
	key = rc_s3_key(&settings.s3, job->key != NULL ? job->key : job->plain);
	engine->key = key;
	engine->if_match = job->if_match;
	put(job, engine, path.fd);
	rc_path_close(&path);
	free(key);
}

/* ---- records ---- */

/* The object's headers and tag, as rc-s3-get has left them. */
static void
read_object(struct job *job, struct rc_record *record)
{
	const struct rc_json_field *headers = rc_record_find(record, "headers");
	const char *wrong = headers == NULL ? NULL : rc_s3_kept_read(headers->value, headers->value_length, &job->headers);

	if (wrong != NULL)
		rc_input_fail(&settings.in, "%s", wrong);
	if (rc_record_find(record, "etag") == NULL)
		return;
	job->if_match = rc_input_need_string(&settings.in, record, "etag");
	if (*job->if_match == '\0')
		rc_input_fail(&settings.in, "the etag is empty");
	for (const char *p = job->if_match; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 127)
			rc_input_fail(&settings.in, "the etag is none");
}

static void
prepare(struct rc_pool_job *pool_job)
{
	static const char *const ours[] = { "key", "size", "etag", "headers", "status", "error" };
	struct job *job = (struct job *)pool_job;
	struct rc_record *record = &pool_job->record;
	const struct rc_json_field *status;

	*job = (struct job){ .pool = *pool_job, .size = -1 };
	if (settings.when.field != NULL && !rc_condition_fits(&settings.when, record)) {
		job->passes = true;
		return;
	}
	job->path = rc_input_need_string(&settings.in, record, "path");
	if (rc_record_find(record, "key") != NULL)
		job->key = rc_input_need_string(&settings.in, record, "key");
	if (job->key != NULL && *job->key == '\0')
		rc_input_fail(&settings.in, "the key is empty");
	job->plain = rc_path_plain(job->path);
	read_object(job, record);
	if ((status = rc_record_find(record, "status")) != NULL)
		job->old_status = rc_arena_copy(&record->arena, status->value, status->value_length);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		rc_record_remove(record, ours[i]);
}

static void
finish(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_buf *line = &pool_job->line;

	if (!job->passes) {
		if (job->key != NULL || job->plain != NULL)
			rc_json_add_text(line, "key", job->key != NULL ? job->key : job->plain);
		if (job->finding.code == NULL) {
			rc_json_add_integer(line, "size", job->size);
			rc_json_add_text(line, "etag", job->etag.bytes);
		}
		if (job->finding.code == NULL && settings.keep_status && job->old_status != NULL)
			rc_json_add_value(line, "status", job->old_status);
		else
			rc_json_add_text(line, "status", job->finding.status);
	}
	if (job->finding.code != NULL) {
		rc_finding_write(&job->finding, "error", line);
		settings.out.answer = RC_NO;
	}
	settings.files++;
	settings.bytes += job->size > 0 ? (unsigned long long)job->size : 0;
	settings.unconditional += job->unconditional;
	rc_counter_at(&settings.counter, settings.files, settings.bytes);
	free(job->plain);
	rc_s3_headers_free(&job->headers);
	rc_s3_refusal_free(&job->refusal);
	rc_buf_free(&job->etag);
}

static void *
engine_new(void)
{
	struct engine *engine = rc_alloc(sizeof *engine);

	*engine = (struct engine){ .client = rc_s3_client_new(&settings.s3), .digest = rc_digest_new(), .bytes = rc_alloc(READ) };
	return engine;
}

static void
engine_free(void *context)
{
	struct engine *engine = context;

	rc_s3_client_free(engine->client);
	engine->digest->free(engine->digest);
	rc_buf_free(&engine->etag);
	free(engine->bytes);
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
		case OPT_WHEN: rc_condition_option(&settings.when, "when", optarg); break;
		case OPT_KEEP_STATUS: settings.keep_status = true; break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, RC_POOL_THREADS_MAX); break;
		}
	}
	rc_s3_open(&settings.s3);
	settings.root = rc_path_root(root);
	rc_input_open(&settings.in, argc - optind, argv + optind);
	rc_output_open(&settings.out, NULL);

	if (rc_counter_fits(settings.out.fd))
		rc_counter_start(&settings.counter, "files");
	rc_pool_run(&pool_work, rc_pool_fit(jobs, DESCRIPTORS), &settings.in, &settings.out);
	rc_counter_end(&settings.counter, settings.files, settings.bytes);
	if (settings.unconditional > 0)
		rc_warn("the store knows no If-Match: %llu objects were looked at before and after instead, and another writer between would not be seen",
		    settings.unconditional);
	close(settings.root);
	rc_condition_free(&settings.when);
	rc_s3_close(&settings.s3);
	rc_output_pass_end(&settings.out, &settings.in);
	return rc_finish(&settings.in, &settings.out);
}
