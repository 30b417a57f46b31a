/*
 * rc-job-command - run the command that a job asks for, from a list of those that it may ask for
 *
 * For rc-job-run --exec.  Nothing of a job reaches a shell, a path or an option
 * that the list does not name: the command is one of those that stand beside
 * us, and each option one word, --NAME=VALUE.  Messages go to standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_child.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_ALLOW = RC_OPT_LONG };
enum { WORDS_MAX = 1000 };

static const struct rc_option options[] = {
	{ OPT_ALLOW, "allow", "FILE", "the commands that may be asked for: records {\"command\",\"options\":[NAME,...]} (required)" },
	RC_OPTION_END
};

static const char *const example[] = { "--help", NULL };

static const struct rc_program program = {
	.name = "rc-job-command",
	.synopsis = "--allow FILE",
	.summary = "run the command that a job asks for",
	.options = options,
	.writes = "what the command writes",
	.category = "worker",
	.changes = "destroys",
	.risk = "high",
	.not_idempotent = true,
	.example = example,
};

/* What a job asks for: the words, ended by NULL. */
struct call {
	const char *name;	/* as long as the job is read */
	char *words[WORDS_MAX + 2];
	size_t count;
	struct rc_arena arena;
};

static bool
is_name(const char *text)
{
	return *text >= 'a' && *text <= 'z' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text);
}

/* The object or array in the field NAME of a record, as text that the readers can take. */
static const char *
nested(const struct rc_input *in, struct rc_record *record, const char *name, enum rc_json_type type, size_t *length)
{
	const char *value = rc_record_value(record, name, length);

	if (value == NULL || rc_json_type(value) != type)
		rc_input_fail(in, "expected %s in the field '%s'", type == RC_JSON_ARRAY ? "an array" : "an object", name);
	return rc_json_pad(&record->arena, value, *length);
}

/* Calls EACH for the elements of an array, which has been read before. */
static void
for_elements(const char *array, void (*each)(void *context, const char *value, size_t length), void *context)
{
	const char *at = array + 1, *end = array + strlen(array);

	for (;;) {
		const char *behind;

		at += strspn(at, " \t\r\n,");
		if (*at == ']' || (behind = rc_json_value_end(at, end, true)) == NULL)
			return;
		each(context, at, (size_t)(behind - at));
		at = behind;
	}
}

/* ---- the list ---- */

struct wanted {
	const char *name;
	bool found;
	struct rc_arena arena;
};

static void
compare(void *context, const char *value, size_t length)
{
	struct wanted *wanted = context;
	size_t text_length;
	const char *text = rc_json_type(value) == RC_JSON_STRING ? rc_json_decode(&wanted->arena, value, length, &text_length) : NULL;

	wanted->found = wanted->found || (text != NULL && strcmp(text, wanted->name) == 0);
}

/* Whether the entry allows the option. */
static bool
allows(const struct rc_input *in, struct rc_record *entry, const char *option)
{
	struct wanted wanted = { .name = option };
	size_t length;

	for_elements(nested(in, entry, "options", RC_JSON_ARRAY, &length), compare, &wanted);
	rc_arena_free(&wanted.arena);
	return wanted.found;
}

/* Finds the entry of the command; the whole list is read, so that a bad one is refused whatever is asked for. */
static void
find_entry(const char *path, const char *command, struct rc_input *in, struct rc_record *entry)
{
	char *const files[] = { (char *)(uintptr_t)path };
	struct rc_record record = {0};
	bool found = false;
	size_t length;

	rc_input_open(in, 1, files);
	while (rc_input_next(in, &record)) {
		const char *name = rc_input_need_string(in, &record, "command");

		if (!is_name(name))
			rc_input_fail(in, "'%s' is no name of a command", name);
		nested(in, &record, "options", RC_JSON_ARRAY, &length);
		if (strcmp(name, command) != 0)
			continue;
		if (found)
			rc_input_fail(in, "'%s' is there already", name);
		found = true;
		rc_record_copy(entry, &record);
	}
	rc_record_free(&record);
	if (!found)
		rc_die(RC_FATAL, "refused: '%s' is not among the commands that may be asked for", command);
}

/* ---- the job ---- */

struct asked_option {
	struct call *call;
	const char *name;
};

static void
add_word(struct call *call, const char *name, const char *value)
{
	struct rc_buf word = {0};

	if (call->count > WORDS_MAX)
		rc_die(RC_FATAL, "refused: more than %d options", WORDS_MAX);
	rc_buf_printf(&word, "--%s%s", name, value == NULL ? "" : "=");
	if (value != NULL)
		rc_buf_add_text(&word, value);
	call->words[call->count++] = rc_buf_text(&word);
}

/* A string or a number is the option's value, true the option alone; false and null are none of it. */
static void
add_option(void *context, const char *value, size_t length)
{
	struct asked_option *option = context;
	struct rc_buf number = {0};
	const char *text;
	size_t text_length;

	switch (rc_json_type(value)) {
	case RC_JSON_STRING:
		text = rc_json_decode(&option->call->arena, value, length, &text_length);
		if (text == NULL || strlen(text) != text_length)
			rc_die(RC_FATAL, "refused: the value of '%s' holds what no argument can", option->name);
		add_word(option->call, option->name, text);
		break;
	case RC_JSON_NUMBER:
		rc_buf_add(&number, value, length);
		add_word(option->call, option->name, rc_buf_text(&number));
		rc_buf_free(&number);
		break;
	case RC_JSON_BOOL:
		if (*value == 't')
			add_word(option->call, option->name, NULL);
		break;
	case RC_JSON_NULL:
		break;
	default:
		rc_die(RC_FATAL, "refused: the value of '%s' is neither text, a number, true, false nor a list of them", option->name);
	}
}

static void
add_options(struct call *call, const struct rc_input *list, struct rc_record *entry, struct rc_json_object *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct rc_json_field *field = &asked->fields[i];
		char *name = rc_strndup(field->name, field->name_length);
		struct asked_option option = { .call = call, .name = name };

		if (!is_name(name) || !allows(list, entry, name))
			rc_die(RC_FATAL, "refused: %s may not be asked for with the option '%s'", call->name, name);
		if (rc_json_type(field->value) == RC_JSON_ARRAY)
			for_elements(rc_json_pad(&call->arena, field->value, field->value_length), add_option, &option);
		else
			add_option(&option, field->value, field->value_length);
		free(name);
	}
}

/* The command's path: it stands where we do. */
static char *
beside_us(const char *name)
{
	char self[PATH_MAX], *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	struct rc_buf path = {0};

	if (length <= 0)
		rc_die(RC_RETRY, "cannot find where we are: %s", strerror(errno));
	self[length] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	rc_buf_printf(&path, "%s/%s", self, name);
	if (access(rc_buf_text(&path), X_OK) != 0)
		rc_die(RC_FATAL, "refused: there is no command '%s' here", name);
	return path.bytes;
}

/* Reads the one job and makes the call of it. */
static void
read_job(struct call *call, const char *allow)
{
	struct rc_record job = {0}, payload = {0}, entry = {0};
	struct rc_json_object asked = {0};
	struct rc_json_error error;
	struct rc_input in, list;
	const char *text;
	size_t length;

	rc_input_open(&in, 0, NULL);
	if (!rc_input_next(&in, &job))
		rc_die(RC_FATAL, "expected a job");
	text = nested(&in, &job, "payload", RC_JSON_OBJECT, &length);
	if (!rc_json_read_object(&payload.object, text, length, &payload.arena, &error))
		rc_input_fail(&in, "the payload: %s", error.reason);
	payload.changed = true;
	call->name = rc_input_need_string(&in, &payload, "command");
	if (!is_name(call->name))
		rc_die(RC_FATAL, "refused: what is asked for is no name of a command");
	find_entry(allow, call->name, &list, &entry);
	call->words[call->count++] = beside_us(call->name);
	if (rc_record_find(&payload, "options") != NULL) {
		text = nested(&in, &payload, "options", RC_JSON_OBJECT, &length);
		if (!rc_json_read_object(&asked, text, length, &call->arena, &error))
			rc_input_fail(&in, "the options: %s", error.reason);
		add_options(call, &list, &entry, &asked);
	}
	rc_json_object_free(&asked);
	rc_record_free(&entry);
	rc_record_free(&payload);
	rc_record_free(&job);
	rc_buf_free(&list.buffer);
	rc_buf_free(&in.buffer);
}

/* Runs it with nothing on its standard input; a call that is wrong would be so again, and fails the job. */
static int
run(struct call *call)
{
	struct rc_child child = { .ends_with_us = SIGTERM };
	struct pollfd ready = { .events = POLLIN };
	int nothing = open("/dev/null", O_RDONLY), code;

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
		rc_die(RC_RETRY, "cannot open /dev/null: %s", strerror(errno));
	close(nothing);
	rc_child_start(&child, call->words);
	ready.fd = child.signals;
	while (!rc_child_look(&child))
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			rc_die(RC_RETRY, "poll: %s", strerror(errno));
	code = rc_child_code(&child);
	return code == RC_WRONG || code == RC_CHILD_NOT_FOUND || code == RC_CHILD_NOT_RUNNABLE ? RC_FATAL : code;
}

int
main(int argc, char *argv[])
{
	static struct call call;
	const char *allow = NULL;
	int opt, code;

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		if (opt == OPT_ALLOW)
			allow = optarg;
	if (allow == NULL || optind < argc)
		rc_usage("--allow is needed, and nothing else");
	if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)	/* rc-job-run puts into the table what comes there */
		rc_die(RC_RETRY, "standard output is closed");
	read_job(&call, allow);
	code = run(&call);
	for (size_t i = 0; i < call.count; i++)
		free(call.words[i]);
	rc_arena_free(&call.arena);
	return rc_leave(code);
}
