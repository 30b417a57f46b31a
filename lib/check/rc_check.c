#include "rc_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "rc_clock.h"
#include "rc_json.h"

_Static_assert((int)RC_COPROCESS_PAD >= (int)RC_JSON_PAD, "what a program writes is read where it stands");

enum { OUTPUT_MAX = 64 * 1024, OBSERVED_MAX = 400, LIST_MAX = 64, TRIES_MAX = 100, NOT_TRIED_AGAIN = RC_FATAL };

const char *const rc_check_words[RC_CHECK_STATUSES] = { "ok", "warn", "fail", "skip" };

/* ---- reading ---- */

/* A field that is a list of strings, in the check's arena; none is an empty list. */
static char **
read_list(struct rc_check *check, const struct rc_input *input, struct rc_record *record, const char *name)
{
	size_t length, count = 0;
	const char *p = rc_record_value(record, name, &length), *end;
	char **list = rc_arena_alloc(&check->arena, (LIST_MAX + 1) * sizeof *list);

	list[0] = NULL;
	if (p == NULL)
		return list;
	end = p + length - 1;
	if (rc_json_type(p) != RC_JSON_ARRAY)
		rc_input_fail(input, "'%s' is no list of texts", name);
	for (p++;;) {
		const char *value;

		while (p < end && strchr(" \t\r,", *p) != NULL)
			p++;
		if (p >= end)
			return list;
		value = p;
		p = rc_json_value_end(p, end + 1, true);
		if (p == NULL || *value != '"' || count == LIST_MAX)
			rc_input_fail(input, "'%s' is no list of at most %d texts", name, LIST_MAX);
		list[count] = (char *)(size_t)rc_json_decode(&check->arena, value, (size_t)(p - value), &length);
		if (list[count] == NULL || strlen(list[count]) != length)
			rc_input_fail(input, "'%s' has a text that can't be an argument", name);
		list[++count] = NULL;
	}
}

static const char *
read_text(struct rc_check *check, struct rc_record *record, const char *name)
{
	size_t length;
	const char *text = rc_record_string(record, name, &length);

	return text == NULL ? NULL : rc_arena_copy(&check->arena, text, length);
}

static long
read_duration(const struct rc_input *input, struct rc_record *record, const char *name, long preset)
{
	const char *text;
	long result = preset;

	if (rc_record_find(record, name) == NULL)
		return preset;
	text = rc_record_string(record, name, NULL);
	if (text == NULL || !rc_parse_duration(text, &result))
		rc_input_fail(input, "'%s' is no duration as \"2s\" or \"500ms\"", name);
	return result;
}

/* Where a URL's user and password stand in TEXT: from *BEGIN up to the @ that is returned, or NULL. */
static const char *
find_login(const char *text, const char **begin)
{
	const char *at, *host;

	for (; (text = strstr(text, "://")) != NULL; text = *begin) {
		*begin = text + 3;
		host = *begin + strcspn(*begin, "/?# \t\"'");
		at = NULL;
		for (const char *p = *begin; p < host; p++)
			if (*p == '@')
				at = p;
		if (at != NULL)
			return at;
	}
	return NULL;
}

static int
read_tries(const struct rc_input *input, struct rc_record *record)
{
	size_t length;
	const char *value = rc_record_value(record, "tries", &length);
	char text[8] = "";
	long tries = 1;

	if (value == NULL)
		return 1;
	if (length < sizeof text)
		memcpy(text, value, length);
	if (!rc_parse_long(text, 1, TRIES_MAX, &tries))
		rc_input_fail(input, "'tries' is no number from 1 to %d", TRIES_MAX);
	return (int)tries;
}

static bool
read_flag(const struct rc_input *input, struct rc_record *record, const char *name)
{
	size_t length;
	const char *value = rc_record_value(record, name, &length);

	if (value != NULL && rc_json_type(value) != RC_JSON_BOOL)
		rc_input_fail(input, "'%s' is not true or false", name);
	return value != NULL && *value == 't';
}

void
rc_check_read(struct rc_check *check, const struct rc_input *input, struct rc_record *record)
{
	const char *begin;

	rc_input_need_string(input, record, "id");
	check->id = read_text(check, record, "id");
	check->target = read_text(check, record, "target");
	if (check->target == NULL)
		check->target = "";
	check->expected = read_text(check, record, "expected");
	check->hint = read_text(check, record, "hint");
	check->command = read_list(check, input, record, "run");
	if (check->command[0] == NULL)
		rc_input_fail(input, "'run' names no program");
	for (char **word = check->command; *word != NULL; word++)
		if (find_login(*word, &begin) != NULL)
			rc_input_fail(input, "a URL in 'run' has a password, which other users could see: name a variable instead");
	check->needs = read_list(check, input, record, "needs");
	check->secrets = read_list(check, input, record, "secrets");
	check->limit = read_duration(input, record, "limit", 5000);
	check->pause = read_duration(input, record, "pause", 200);
	check->tries = read_tries(input, record);
	check->answers_record = read_flag(input, record, "answers_record");
	check->only_warns = read_flag(input, record, "only_warns");
}

/* ---- the answer ---- */

/* Puts *** in place of what stands from BEGIN to END of the text. */
static void
hide(struct rc_buf *text, size_t begin, size_t end)
{
	struct rc_buf hidden = {0};

	rc_buf_add(&hidden, text->bytes, begin);
	rc_buf_add_text(&hidden, "***");
	rc_buf_add(&hidden, text->bytes + end, text->length - end);
	rc_buf_wipe(text);
	*text = hidden;
	rc_buf_text(text);
}

/* No password of a URL, and no value of a variable that the check calls a secret, is shown. */
static void
hide_secrets(const struct rc_check *check, struct rc_buf *text)
{
	const char *begin, *end, *found;
	size_t from = 0;

	rc_buf_text(text);
	while ((end = find_login(text->bytes + from, &begin)) != NULL) {
		size_t start = (size_t)(begin - text->bytes);

		hide(text, start, (size_t)(end - text->bytes));
		from = start;
		while (text->bytes[from] == '*')
			from++;
		from++;
	}
	for (char **name = check->secrets; *name != NULL; name++) {
		const char *secret = getenv(*name);

		from = 0;
		while (secret != NULL && *secret != '\0' && (found = strstr(text->bytes + from, secret)) != NULL) {
			from = (size_t)(found - text->bytes);
			hide(text, from, from + strlen(secret));
			from += 3;
		}
	}
}

void
rc_check_end(struct rc_check *check, enum rc_check_status status, const char *observed, long long now)
{
	if (check->running) {
		rc_coprocess_kill(&check->process);
		while (check->process.pid > 0 && waitpid(check->process.pid, &check->process.status, 0) != check->process.pid)
			;
		check->process.pid = 0;
		rc_coprocess_free(&check->process);
	}
	check->running = false;
	check->done = true;
	check->status = status == RC_CHECK_FAIL && check->only_warns ? RC_CHECK_WARN : status;
	check->ms = check->begun == 0 ? 0 : now - check->begun;
	check->observed.length = 0;
	rc_buf_add(&check->observed, observed, strnlen(observed, OBSERVED_MAX));
	hide_secrets(check, &check->observed);
}

/* The last line that is not empty, ended by a NUL, within TEXT. */
static char *
last_line(struct rc_buf *text)
{
	char *line = rc_buf_text(text), *end = line + strlen(line);

	while (end > line && (end[-1] == '\n' || end[-1] == '\r'))
		*--end = '\0';
	while (end > line && end[-1] != '\n')
		end--;
	return end;
}

/* Takes what a program says by a record {"status","observed","expected","hint"}; false where LINE is none. */
static bool
take_record(struct rc_check *check, const char *line, enum rc_check_status *status, const char **observed)
{
	struct rc_record record = {0};
	struct rc_json_error error;
	const char *padded = rc_json_pad(&check->arena, line, strlen(line)), *word, *text;
	bool known = false;

	if (*line == '{' && rc_json_read_object(&record.object, padded, strlen(line), &record.arena, &error) &&
	    (word = rc_record_string(&record, "status", NULL)) != NULL) {
		for (int i = 0; i < RC_CHECK_STATUSES; i++)
			if (strcmp(word, rc_check_words[i]) == 0) {
				*status = (enum rc_check_status)i;
				known = true;
			}
		text = read_text(check, &record, "observed");
		*observed = text != NULL ? text : "";
		if ((text = read_text(check, &record, "expected")) != NULL)
			check->expected = text;
		if ((text = read_text(check, &record, "hint")) != NULL)
			check->hint = text;
	}
	rc_record_free(&record);
	return known;
}

/* What a program that has ended by itself says. */
static void
judge(struct rc_check *check, long long now)
{
	enum rc_check_status status = RC_CHECK_OK;
	const char *observed, *line = last_line(&check->process.from);
	int code = WIFEXITED(check->process.status) ? WEXITSTATUS(check->process.status) : 128;
	struct rc_buf why = {0};
	bool is_record;

	rc_buf_add_text(&why, line);
	if (why.length == 0 && code != 0)
		rc_coprocess_add_end(&check->process, &why);
	observed = rc_buf_text(&why);
	is_record = take_record(check, line, &status, &observed);
	if (code != 0)
		status = RC_CHECK_FAIL;
	else if (!is_record && check->answers_record) {
		status = RC_CHECK_FAIL;
		rc_buf_add_text(&why, " (no record with a status)");
		observed = rc_buf_text(&why);
	}
	check->tried++;
	if (status == RC_CHECK_FAIL && code != NOT_TRIED_AGAIN && check->tried < check->tries) {
		rc_coprocess_free(&check->process);
		check->running = false;
		check->next_try = now + check->pause;
	} else {
		rc_check_end(check, status, observed, now);
	}
	rc_buf_free(&why);
}

/* ---- the run ---- */

void
rc_check_start(struct rc_check *check, long long now)
{
	static char shell[] = "/bin/sh", option[] = "-c", script[] = "exec 2>&1; exec \"$@\"", name[] = "sh";
	char *command[LIST_MAX + 5] = { shell, option, script, name };
	struct rc_buf text = {0};

	for (char **need = check->needs; *need != NULL; need++) {
		const char *value = getenv(*need);

		if (value == NULL || *value == '\0') {
			rc_buf_printf(&text, "%s is not set", *need);
			rc_check_end(check, RC_CHECK_SKIP, rc_buf_text(&text), now);
			rc_buf_free(&text);
			return;
		}
	}
	for (size_t i = 0; check->command[i] != NULL; i++)
		command[4 + i] = check->command[i];
	if (check->begun == 0)
		check->begun = now;
	check->started = now;
	if (!rc_coprocess_start(&check->process, command)) {
		rc_check_end(check, RC_CHECK_FAIL, strerror(check->process.failure), now);
		return;
	}
	rc_coprocess_close_input(&check->process);
	check->running = true;
}

void
rc_check_look(struct rc_check *check, long long now)
{
	struct rc_coprocess *process = &check->process;
	struct rc_buf text = {0};
	bool is_open = rc_coprocess_read(process);

	if (process->from.length > OUTPUT_MAX) {
		rc_check_end(check, RC_CHECK_FAIL, "the program writes without end", now);
	} else if (rc_coprocess_ended(process)) {
		while (is_open && process->from.length <= OUTPUT_MAX) {	/* what came last */
			size_t before = process->from.length;

			is_open = rc_coprocess_read(process) && process->from.length > before;
		}
		judge(check, now);
	} else if (now - check->started >= check->limit) {
		rc_buf_printf(&text, "no answer within %ld ms", check->limit);
		check->tried++;
		if (check->tried < check->tries) {
			rc_check_end(check, RC_CHECK_FAIL, "", now);
			check->done = false;
			check->next_try = now + check->pause;
		} else {
			rc_check_end(check, RC_CHECK_FAIL, rc_buf_text(&text), now);
		}
		rc_buf_free(&text);
	}
}

void
rc_check_free(struct rc_check *check)
{
	rc_buf_wipe(&check->observed);
	rc_arena_free(&check->arena);
}
