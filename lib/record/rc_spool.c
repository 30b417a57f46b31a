#include "rc_spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_file.h"
#include "rc_json_write.h"

enum { IN_MEMORY = 1 << 20, PART = 65536 };

/* Makes the file without a name. */
static int
make_file(void)
{
	const char *folder = getenv("TMPDIR");
	struct rc_buf path = {0};
	int fd;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	rc_buf_printf(&path, "%s/%s.XXXXXX", folder, rc_err_tool());
	if ((fd = mkstemp(rc_buf_text(&path))) < 0 || unlink(path.bytes) != 0)
		rc_die(RC_RETRY, "cannot make a temporary file in %s: %s", folder, strerror(errno));
	rc_buf_free(&path);
	return fd;
}

static void
move_to_file(struct rc_spool *spool)
{
	if (spool->file == 0)
		spool->file = make_file() + 1;
	rc_write_all(spool->file - 1, "the temporary file", spool->bytes.bytes, spool->bytes.length);
	spool->bytes.length = 0;
}

void
rc_spool_add(struct rc_spool *spool, const char *json, size_t length)
{
	if (spool->bytes.length + length > IN_MEMORY)
		move_to_file(spool);
	rc_json_write_value(&spool->bytes, json, length);	/* a json column keeps the newlines it was stored with */
	rc_buf_add(&spool->bytes, "\n", 1);
	spool->records++;
}

void
rc_spool_write(const struct rc_spool *spool, struct rc_output *output)
{
	char part[PART];
	ssize_t n;

	if (spool->file != 0) {
		if (lseek(spool->file - 1, 0, SEEK_SET) < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
		while ((n = read(spool->file - 1, part, sizeof part)) > 0)
			rc_output_text(output, part, (size_t)n);
		if (n < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
	}
	rc_output_text(output, spool->bytes.bytes, spool->bytes.length);
	output->records += spool->records;
}

void
rc_spool_free(struct rc_spool *spool)
{
	if (spool->file != 0)
		close(spool->file - 1);
	rc_buf_free(&spool->bytes);
	*spool = (struct rc_spool){0};
}
