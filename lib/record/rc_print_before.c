#include "rc_print_before.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_file.h"
#include "rc_opt.h"

/*
 * What has a brace in it is a template.  What it prints is a secret or it would
 * not be printed before COMMIT, and must be kept from the server; but not all of
 * its fields are, so they are named as local.
 */
void
rc_print_before_open(struct rc_print_before *print, struct rc_sent *sent)
{
	static const struct rc_template_constants none;
	bool names_local = false;

	if (print->what == NULL)
		return;
	rc_buf_reserve(&print->line, RC_WIPED_ROOM);
	rc_buf_reserve(&print->lines, RC_WIPED_ROOM);
	if (strpbrk(print->what, "{}") == NULL) {
		rc_sent_add_local(sent, print->what);
		return;
	}
	print->template = rc_template_new(print->what, &none);
	for (int i = 0; i < sent->local_count; i++)
		names_local |= rc_template_names(print->template, sent->locals[i]);
	if (!names_local)
		rc_usage("the template of --print-before-commit names no field of --local");
}

static void
add_to_buffer(void *to, const char *bytes, size_t length)
{
	rc_buf_add(to, bytes, length);
}

void
rc_print_before_make(struct rc_print_before *print, const struct rc_input *in, struct rc_record *record)
{
	const char *text, *reason;
	size_t length;

	if (print->what == NULL)
		return;
	print->line.length = 0;
	if (print->template != NULL) {
		if ((reason = rc_template_bind(print->template, record)) != NULL)
			rc_input_fail(in, "%s", reason);
		rc_template_write(print->template, add_to_buffer, &print->line);
		return;
	}
	if ((text = rc_record_string(record, print->what, &length)) == NULL)
		rc_input_fail(in, "expected a string in the field '%s'", print->what);
	if (memchr(text, '\n', length) != NULL || memchr(text, '\0', length) != NULL)
		rc_input_fail(in, "the field '%s' is not one line", print->what);
	rc_buf_add(&print->line, text, length);
}

void
rc_print_before_take(struct rc_print_before *print)
{
	if (print->what == NULL)
		return;
	rc_buf_add(&print->lines, print->line.bytes, print->line.length);
	rc_buf_add(&print->lines, "\n", 1);
}

void
rc_print_before_write(const struct rc_print_before *print)
{
	if (print->lines.length == 0)
		return;
	rc_write_all(STDOUT_FILENO, "<stdout>", print->lines.bytes, print->lines.length);
	if (fsync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS)
		rc_die(RC_RETRY, "cannot write <stdout>: %s", strerror(errno));
}

void
rc_print_before_free(struct rc_print_before *print)
{
	rc_buf_wipe(&print->line);
	rc_buf_wipe(&print->lines);
	rc_template_free(print->template);
}
