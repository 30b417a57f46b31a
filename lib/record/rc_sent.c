#include "rc_sent.h"

#include <string.h>

#include "rc_json_write.h"
#include "rc_nul.h"
#include "rc_opt.h"
#include "rc_utf8.h"

void
rc_sent_add_local(struct rc_sent *sent, const char *field)
{
	if (!rc_utf8_valid(field, strlen(field)))
		rc_usage("a field's name is not UTF-8");
	if (sent->local_count == RC_SENT_LOCALS_MAX)
		rc_usage("more than %d local fields", RC_SENT_LOCALS_MAX);
	sent->locals[sent->local_count++] = field;
}

void
rc_sent_strip(const struct rc_sent *sent, struct rc_record *record)
{
	for (int i = 0; i < sent->local_count; i++)
		rc_record_remove(record, sent->locals[i]);
}

void
rc_sent_write(const struct rc_sent *sent, const struct rc_record *record, struct rc_buf *text)
{
	size_t start = text->length;

	rc_record_write(record, text);
	if (sent->nul_field == NULL || !rc_nul_replace(text->bytes + start, text->length - start))
		return;
	text->length--;	/* the closing brace */
	rc_json_add_value(text, sent->nul_field, "true");
	rc_json_close(text);
}
