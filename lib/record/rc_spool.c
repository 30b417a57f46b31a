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

/* Gives all bytes to PUT, in their order. */
static void
read_all(const struct rc_spool *spool, void (*put)(void *to, const char *bytes, size_t length), void *to)
{
	char part[PART];
	ssize_t n;

	if (spool->file != 0) {
		if (lseek(spool->file - 1, 0, SEEK_SET) < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
		while ((n = read(spool->file - 1, part, sizeof part)) > 0)
			put(to, part, (size_t)n);
		if (n < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
	}
	put(to, spool->bytes.bytes, spool->bytes.length);
}

static void
put_output(void *to, const char *bytes, size_t length)
{
	rc_output_text(to, bytes, length);
}

void
rc_spool_write(const struct rc_spool *spool, struct rc_output *output)
{
	read_all(spool, put_output, output);
	output->records += spool->records;
}

struct target {
	int fd;
	const char *name;
};

static void
put_target(void *to, const char *bytes, size_t length)
{
	const struct target *target = to;

	rc_write_all(target->fd, target->name, bytes, length);
}

void
rc_spool_copy(const struct rc_spool *spool, int fd, const char *name)
{
	struct target target = { fd, name };

	read_all(spool, put_target, &target);
}

void
rc_spool_free(struct rc_spool *spool)
{
	if (spool->file != 0)
		close(spool->file - 1);
	rc_buf_free(&spool->bytes);
	*spool = (struct rc_spool){0};
}
