#include "rc_batch.h"

enum { BYTES_MAX = 64 << 20 };

bool
rc_batch_add(struct rc_batch *batch, const struct rc_sent *sent, const struct rc_record *record)
{
	if (batch->count > 0 && batch->array.length + record->length > BYTES_MAX)
		return false;
	rc_buf_add(&batch->array, batch->count++ == 0 ? "[" : ",", 1);
	batch->last = batch->array.length;
	rc_sent_write(sent, record, &batch->array);
	return true;
}

const char *
rc_batch_last(const struct rc_batch *batch, size_t *length)
{
	*length = batch->array.length - batch->last;
	return batch->array.bytes + batch->last;
}

const char *
rc_batch_close(struct rc_batch *batch)
{
	rc_buf_add(&batch->array, "]", 1);
	return rc_buf_text(&batch->array);
}

void
rc_batch_clear(struct rc_batch *batch)
{
	batch->count = 0;
	batch->array.length = 0;
}

void
rc_batch_free(struct rc_batch *batch)
{
	rc_buf_wipe(&batch->array);
}
