/*
 * rc-provenance - say where what a run made comes from, in forms that others read
 *
 * One pass over the history and the events; in memory are the names of the files of the manifests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_base64.h"
#include "rc_clock.h"
#include "rc_digest.h"
#include "rc_dsse.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_provenance.h"
#include "rc_stream.h"

enum { OPT_FORMAT = RC_OPT_LONG, OPT_INPUT, OPT_OUTPUT, OPT_CONFIG, OPT_SIGN, OPT_VERIFY, OPT_CHECK };

static const struct rc_option options[] = {
	{ OPT_FORMAT, "format", "FORMAT", "run (the default), in-toto, openlineage, prov, stac or dcat" },
	{ OPT_INPUT, "input", "MANIFEST", "what the run read, as rc-manifest lists it; may be repeated" },
	{ OPT_OUTPUT, "output", "MANIFEST", "what it made; may be repeated" },
	{ OPT_CONFIG, "config", "FILE", "a file of settings that the run had; may be repeated" },
	{ OPT_SIGN, "sign", "KEY", "put it into an envelope, signed with this private key (Ed25519, PEM)" },
	{ OPT_VERIFY, "verify", "KEY", "verify the envelopes in the files with this public key, and print what is in them" },
	{ OPT_CHECK, "check", "ARTIFACT", "end with 1 unless ARTIFACT.provenance is of this file, and with --verify signed with that key; may be repeated" },
	RC_OPTION_END
};

static const char *const example[] = { "--format", "openlineage", NULL };

static const struct rc_program program = {
	.name = "rc-provenance",
	.synopsis = "[--format FORMAT] [--input MANIFEST] ... [--output MANIFEST] ... [--config FILE] ... [--sign KEY] [RUN_ID] | "
	    "--verify KEY [FILE ...] | --check ARTIFACT ... [--verify KEY]",
	.summary = "say where what a run made comes from, in forms that others read",
	.options = options,
	.writes = "the document, or envelopes: {\"payloadType\",\"payload\",\"signatures\"}, or what is in them, or artifacts: {\"path\",\"status\"}",
	.example = example,
};

struct work {
	struct rc_run_facts facts;
	const char *format, *sign, *verify;
	const char **artifacts;
	size_t artifact_count;
	struct rc_dsse_key *key;
	struct rc_output out;
};

/* ---- envelopes ---- */

static void
put_envelope(struct work *work, const char *type, const char *payload, size_t length)
{
	struct rc_buf line = {0}, text = {0}, signature = {0}, signatures = {0};

	rc_dsse_sign(work->key, type, payload, length, &signature);
	rc_base64_write(payload, length, &text);
	rc_json_open(&signatures);
	rc_json_add_text(&signatures, "keyid", rc_dsse_key_id(work->key));
	rc_json_add_text(&signatures, "sig", rc_buf_text(&signature));
	rc_json_close(&signatures);
	rc_json_open(&line);
	rc_json_add_text(&line, "payloadType", type);
	rc_json_add_text(&line, "payload", rc_buf_text(&text));
	text.length = 0;
	rc_buf_printf(&text, "[%s]", rc_buf_text(&signatures));
	rc_json_add_value(&line, "signatures", rc_buf_text(&text));
	rc_json_close(&line);
	rc_output_line(&work->out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_buf_free(&text);
	rc_buf_free(&signature);
	rc_buf_free(&signatures);
}

/*
 * Takes the payload out of an envelope, and says in REASON why it can't be
 * trusted, or NULL where the key signed it.  Without a key any signature will do.
 */
static void
open_envelope(const struct work *work, const struct rc_input *in, struct rc_record *record, struct rc_buf *payload, const char **reason)
{
	const char *type = rc_input_need_string(in, record, "payloadType"), *text = rc_input_need_string(in, record, "payload"), *at, *end, *item;
	struct rc_json_object signature = {0};
	struct rc_json_error error;
	size_t length;

	*reason = "no signature is by this key";
	if (!rc_base64_read(text, strlen(text), payload))
		rc_input_fail(in, "the payload is not base64");
	at = rc_record_value(record, "signatures", &length);
	end = at == NULL ? NULL : at + length;
	if (at == NULL || *at++ != '[')
		rc_input_fail(in, "expected a list in the field 'signatures'");
	while ((item = rc_json_next_item(&at, end, &length)) != NULL) {
		const struct rc_json_field *sig;

		if (*item != '{' || !rc_json_read_object(&signature, item, length, &record->arena, &error) ||
		    (sig = rc_json_find(&signature, "sig")) == NULL || rc_json_type(sig->value) != RC_JSON_STRING)
			rc_input_fail(in, "expected a signature with a field 'sig'");
		if (work->key == NULL || rc_dsse_verify(work->key, type, payload->bytes, payload->length,
		    rc_json_decode(&record->arena, sig->value, sig->value_length, &length)))
			*reason = NULL;
	}
	rc_json_object_free(&signature);
}

static void
verify(struct work *work, int count, char *files[])
{
	struct rc_record record = {0};
	struct rc_input in;

	rc_input_open(&in, count, files);
	while (rc_input_next(&in, &record)) {
		struct rc_buf payload = {0};
		const char *reason;

		open_envelope(work, &in, &record, &payload, &reason);
		if (reason != NULL) {
			rc_warn("%s:%lu: %s", in.name, in.line, reason);
			work->out.answer = RC_NO;
		} else {
			rc_output_text(&work->out, payload.bytes, payload.length);
		}
		rc_buf_free(&payload);
	}
	if (in.records == 0)
		rc_die(RC_FATAL, "%s: there is no envelope", in.name);
	rc_record_free(&record);
	rc_buf_free(&in.buffer);
}

/* ---- artifacts ---- */

static bool
is_type(struct rc_record *record, const char *field, const char *type)
{
	const char *text = rc_record_string(record, field, NULL);

	return text != NULL && strcmp(text, type) == 0;
}

/* Whether it is a statement of in-toto, and a subject of it has that digest: no other document that a key has signed tells where a file comes from. */
static bool
has_subject(struct rc_record *statement, const char *sha256)
{
	size_t length;
	const char *subjects = rc_record_value(statement, "subject", &length), *at = subjects, *end = subjects == NULL ? NULL : subjects + length, *item;
	bool found = false;

	if (!is_type(statement, "_type", "https://in-toto.io/Statement/v1") || at == NULL || *at++ != '[')
		return false;
	while (!found && (item = rc_json_next_item(&at, end, &length)) != NULL) {
		struct rc_record one = {0};
		struct rc_json_error error;
		const char *digest;

		if (*item != '{' || !rc_json_read_object(&one.object, item, length, &one.arena, &error))
			return false;
		one.text = item;
		one.length = length;
		digest = rc_record_value(&one, "digest.sha256", &length);
		found = digest != NULL && length == RC_DIGEST_HEX + 2 && memcmp(digest + 1, sha256, RC_DIGEST_HEX) == 0;
		rc_record_free(&one);
	}
	return found;
}

/* Why the artifact is not to be published, or NULL. */
static const char *
check_artifact(struct work *work, const char *path)
{
	struct rc_run_files files = {0};
	struct rc_record record = {0};
	struct rc_buf name = {0}, payload = {0};
	const char *reason = "its provenance is not of this file: it was changed, or is another one";
	struct rc_input in;
	char *names[1];

	rc_run_facts_add_file(&work->facts, &files, path);
	rc_buf_printf(&name, "%s.provenance", path);
	names[0] = rc_buf_text(&name);
	if (access(names[0], F_OK) != 0 && errno == ENOENT)
		return "there is no provenance beside it";
	rc_input_open(&in, 1, names);
	while (reason != NULL && rc_input_next(&in, &record)) {
		const char *untrusted = work->key == NULL ? NULL : "its provenance is not signed";

		payload.length = 0;
		if (rc_record_find(&record, "payloadType") != NULL) {
			struct rc_record statement = {0};
			struct rc_json_error error;

			open_envelope(work, &in, &record, &payload, &untrusted);
			while (payload.length > 0 && payload.bytes[payload.length - 1] == '\n')
				payload.length--;
			statement.text = rc_json_pad(&statement.arena, payload.bytes, payload.length);
			statement.length = payload.length;
			if (!rc_json_read_object(&statement.object, statement.text, statement.length, &statement.arena, &error))
				rc_input_fail(&in, "the payload is no statement");
			if (is_type(&record, "payloadType", rc_provenance_media_type(RC_PROVENANCE_IN_TOTO)) && has_subject(&statement, files.files[0].sha256))
				reason = untrusted;
			rc_record_free(&statement);
		} else if (has_subject(&record, files.files[0].sha256)) {
			reason = untrusted;
		}
	}
	rc_record_free(&record);
	rc_buf_free(&in.buffer);
	rc_buf_free(&name);
	rc_buf_free(&payload);
	free(files.files);
	return reason;
}

static void
check_artifacts(struct work *work)
{
	for (size_t i = 0; i < work->artifact_count; i++) {
		const char *reason = check_artifact(work, work->artifacts[i]);
		struct rc_record result = {0};
		struct rc_buf error = {0};

		rc_record_clear(&result);
		rc_record_set_text(&result, "path", work->artifacts[i]);
		rc_record_set_text(&result, "status", reason == NULL ? "known" : "error");
		if (reason != NULL) {
			rc_json_open_error(&error, "no_provenance", reason);
			rc_json_close(&error);
			rc_record_set_json(&result, "error", error.bytes, error.length);
			work->out.answer = RC_NO;
		}
		rc_output_put(&work->out, &result);
		rc_record_free(&result);
		rc_buf_free(&error);
	}
}

/* ---- documents ---- */

static enum rc_provenance_form
form_of(const char *name)
{
	for (int i = 0; rc_provenance_names[i] != NULL; i++)
		if (strcmp(rc_provenance_names[i], name) == 0)
			return (enum rc_provenance_form)i;
	rc_usage("--format takes no '%s'", name);
}

static void
write_document(struct work *work, const char *id)
{
	enum rc_provenance_form form = form_of(work->format == NULL ? "run" : work->format);
	struct rc_buf lines = {0};
	const char *missing, *command = getenv("RC_COMMAND");
	char now[RC_CLOCK_SIZE];

	rc_clock_text(now);
	if (!rc_run_facts_find(&work->facts, id == NULL ? rc_run_id() : id) && id == NULL) {	/* our own run, of which no trace is kept */
		work->facts.name = command != NULL && *command != '\0' ? command : program.name;
		work->facts.start = rc_arena_copy(&work->facts.arena, now, strlen(now));
	}
	if (work->facts.start == NULL)
		rc_die(RC_NO, "neither the history nor the events know a run %s", id);
	if ((missing = rc_provenance_write(form, &work->facts, RC_VERSION, &lines)) != NULL)
		rc_die(RC_FATAL, "%s", missing);
	for (size_t at = 0; at < lines.length;) {
		size_t length = strcspn(rc_buf_text(&lines) + at, "\n");

		if (work->key != NULL)
			put_envelope(work, rc_provenance_media_type(form), lines.bytes + at, length + 1);
		else
			rc_output_line(&work->out, lines.bytes + at, length);
		at += length + 1;
	}
	rc_buf_free(&lines);
}

int
main(int argc, char *argv[])
{
	static struct work work;
	int opt;

	work.artifacts = rc_alloc(rc_size_mul((size_t)argc, sizeof *work.artifacts));
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_FORMAT: work.format = optarg; form_of(optarg); break;
		case OPT_INPUT: rc_run_facts_read_manifest(&work.facts, &work.facts.inputs, optarg); break;
		case OPT_OUTPUT: rc_run_facts_read_manifest(&work.facts, &work.facts.outputs, optarg); break;
		case OPT_CONFIG: rc_run_facts_add_file(&work.facts, &work.facts.config, optarg); break;
		case OPT_SIGN: work.sign = optarg; break;
		case OPT_VERIFY: work.verify = optarg; break;
		case OPT_CHECK: work.artifacts[work.artifact_count++] = optarg; break;
		}
	}
	if (work.sign != NULL && (work.verify != NULL || work.artifact_count > 0))
		rc_usage("--sign goes neither with --verify nor with --check");
	if (work.verify == NULL && work.artifact_count == 0 && argc - optind > 1)
		rc_usage("one run at a time");
	if (work.sign != NULL)
		work.key = rc_dsse_read_private(work.sign);
	else if (work.verify != NULL)
		work.key = rc_dsse_read_public(work.verify);
	rc_output_open(&work.out, NULL);
	if (work.artifact_count > 0)
		check_artifacts(&work);
	else if (work.verify != NULL)
		verify(&work, argc - optind, argv + optind);
	else
		write_document(&work, argc > optind ? argv[optind] : NULL);
	rc_dsse_free(work.key);
	rc_run_facts_free(&work.facts);
	free(work.artifacts);
	return rc_finish(NULL, &work.out);
}
