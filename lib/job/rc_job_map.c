#include "rc_job_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_json.h"
#include "rc_str.h"
#include "rc_tree.h"

enum { FILE_MAX = 1 << 20, CHANNEL_MAX = 63 };

enum entry { TABLE, COLUMN, OPTIONAL_COLUMN, STATUS, TYPE };

static const struct { const char *name; enum entry entry; } entries[] = {
	{ "table", TABLE }, { "id", COLUMN }, { "id_type", TYPE }, { "job_type", COLUMN }, { "dedup_key", OPTIONAL_COLUMN },
	{ "payload", COLUMN }, { "status", COLUMN }, { "attempts", COLUMN }, { "run_after", COLUMN },
	{ "last_error", OPTIONAL_COLUMN }, { "created_at", OPTIONAL_COLUMN }, { "updated_at", OPTIONAL_COLUMN },
	{ "pending", STATUS }, { "running", STATUS }, { "done", STATUS }, { "failed", STATUS },
};

enum { ENTRIES = sizeof entries / sizeof *entries };

/* ---- files ---- */

/* Reads a file of share/rc/FOLDER, or where NAME has a slash that one. */
static void
read_file(struct rc_buf *text, struct rc_buf *path, const char *folder, const char *name, const char *ending)
{
	ssize_t n;
	int fd;

	if (strchr(name, '/') != NULL)
		rc_buf_add_text(path, name);
	else
		rc_buf_printf(path, "%s/%s/%s%s", rc_tree_share(), folder, name, ending);
	if ((fd = open(rc_buf_text(path), O_RDONLY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path->bytes, strerror(errno));
	while ((n = read(fd, rc_buf_reserve(text, 4096), 4096)) > 0) {
		text->length += (size_t)n;
		if (text->length > FILE_MAX)
			rc_die(RC_FATAL, "%s: more than %d bytes", path->bytes, FILE_MAX);
	}
	if (n < 0)
		rc_die(rc_err_class(errno), "cannot read %s: %s", path->bytes, strerror(errno));
	close(fd);
	if (text->length == 0 || memchr(text->bytes, '\0', text->length) != NULL)
		rc_die(RC_FATAL, "%s: empty, or with a NUL in it", path->bytes);
	rc_buf_text(text);
}

/* ---- the map ---- */

/* A word that can be a type's name, for it goes into a statement as it is. */
static bool
is_type(const char *text)
{
	return *text != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_ ") == strlen(text);
}

static void
check(struct rc_job_map *map)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		const char *text = rc_job_map_text(map, entries[i].name);

		if (text == NULL && entries[i].entry != OPTIONAL_COLUMN)
			rc_die(RC_FATAL, "%s: expected a text in '%s'", map->file, entries[i].name);
	}
	if (!is_type(rc_job_map_text(map, "id_type")))
		rc_die(RC_FATAL, "%s: '%s' is not the name of a type", map->file, rc_job_map_text(map, "id_type"));
}

void
rc_job_map_read(struct rc_job_map *map, const char *name)
{
	struct rc_buf text = {0}, path = {0};
	struct rc_json_error error;
	const char *type;

	*map = (struct rc_job_map){0};
	read_file(&text, &path, "maps", name, ".json");
	map->file = path.bytes;
	for (char *newline = text.bytes; (newline = strchr(newline, '\n')) != NULL;)
		*newline = ' ';		/* none can stand inside a string */
	while (text.length > 0 && text.bytes[text.length - 1] == ' ')
		text.length--;
	map->record.text = rc_json_pad(&map->record.arena, text.bytes, text.length);
	map->record.length = text.length;
	if (!rc_json_read_object(&map->record.object, map->record.text, text.length, &map->record.arena, &error))
		rc_die(RC_FATAL, "%s: not a JSON object: %s", map->file, error.reason);
	rc_buf_free(&text);
	if (rc_record_find(&map->record, "id_type") == NULL)
		rc_record_set_text(&map->record, "id_type", "bigint");
	check(map);
	type = rc_job_map_text(map, "id_type");
	map->numeric = strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0 || strcmp(type, "smallint") == 0;
}

void
rc_job_map_free(struct rc_job_map *map)
{
	rc_record_free(&map->record);
	free(map->file);
}

const char *
rc_job_map_text(struct rc_job_map *map, const char *name)
{
	size_t length;
	const char *text = rc_record_string(&map->record, name, &length);

	if (text != NULL && (length == 0 || strlen(text) != length))
		rc_die(RC_FATAL, "%s: '%s' is empty or has a NUL in it", map->file, name);
	return text;
}

bool
rc_job_map_has(struct rc_job_map *map, const char *name)
{
	return rc_job_map_text(map, name) != NULL;
}

/* ---- statements ---- */

/* Adds TEXT between QUOTEs, each of which in it is doubled. */
static void
add_quoted(struct rc_buf *sql, char quote, const char *text)
{
	rc_buf_add(sql, &quote, 1);
	for (; *text != '\0'; text++) {
		if (*text == quote)
			rc_buf_add(sql, &quote, 1);
		rc_buf_add(sql, text, 1);
	}
	rc_buf_add(sql, &quote, 1);
}

static void
add_table(struct rc_job_map *map, struct rc_buf *sql)
{
	const char *schema = rc_job_map_text(map, "schema");

	if (schema != NULL) {
		add_quoted(sql, '"', schema);
		rc_buf_add_text(sql, ".");
	}
	add_quoted(sql, '"', rc_job_map_text(map, "table"));
}

/* Adds what {NAME} stands for; false where the table has no such column. */
static bool
add_entry(struct rc_job_map *map, struct rc_buf *sql, const char *file, const char *name)
{
	struct rc_buf channel = {0};

	if (strcmp(name, "channel") == 0 || strcmp(name, "channel_name") == 0) {	/* what LISTEN and NOTIFY call the table */
		rc_buf_printf(&channel, "rc_job %s", rc_job_map_text(map, "table"));
		if (channel.length > CHANNEL_MAX)	/* NOTIFY refuses a longer one, and with it the INSERT */
			for (channel.length = CHANNEL_MAX; ((unsigned char)channel.bytes[channel.length] & 0xc0) == 0x80; channel.length--)
				continue;
		add_quoted(sql, name[7] == '\0' ? '"' : '\'', rc_buf_text(&channel));
		rc_buf_free(&channel);
		return true;
	}
	if (strcmp(name, "table_path") == 0) {	/* for to_regclass() */
		struct rc_buf path = {0};

		add_table(map, &path);
		add_quoted(sql, '\'', rc_buf_text(&path));
		rc_buf_free(&path);
		return true;
	}
	for (size_t i = 0; i < ENTRIES; i++) {
		size_t length = strlen(entries[i].name);
		bool as_name = strncmp(entries[i].name, name, length) == 0 && strcmp(name + length, "_name") == 0;
		const char *text;

		if (!as_name && strcmp(entries[i].name, name) != 0)
			continue;
		if ((text = rc_job_map_text(map, entries[i].name)) == NULL)
			return false;
		if (as_name) {
			add_quoted(sql, '\'', text);
			return true;
		}
		switch (entries[i].entry) {
		case TABLE: add_table(map, sql); break;
		case STATUS: add_quoted(sql, '\'', text); break;
		case TYPE: rc_buf_add_text(sql, text); break;
		default: add_quoted(sql, '"', text);
		}
		return true;
	}
	rc_die(RC_FATAL, "%s: a map has no '%s'", file, name);
}

/* Adds a line with its newline, unless it names a column that the table has not. */
static void
add_line(struct rc_job_map *map, struct rc_buf *sql, const char *file, const char *line, size_t length)
{
	const char *end = line + length;
	size_t before = sql->length;

	while (line < end) {
		const char *open = memchr(line, '{', (size_t)(end - line)), *close = NULL;
		char *name;
		bool there;

		if (open != NULL)
			close = memchr(open, '}', (size_t)(end - open));
		if (close == NULL)
			break;
		rc_buf_add(sql, line, (size_t)(open - line));
		name = rc_strndup(open + 1, (size_t)(close - open - 1));
		there = add_entry(map, sql, file, name);
		free(name);
		if (!there) {
			sql->length = before;
			return;
		}
		line = close + 1;
	}
	rc_buf_add(sql, line, (size_t)(end - line));
}

char *
rc_job_map_statement(struct rc_job_map *map, const char *file)
{
	struct rc_buf text = {0}, path = {0}, sql = {0};
	size_t length;

	read_file(&text, &path, "sql/job", file, "");
	for (const char *line = text.bytes; *line != '\0'; line += length) {
		length = strcspn(line, "\n");
		length += line[length] == '\n';
		if (strncmp(line, "--", 2) != 0)
			add_line(map, &sql, path.bytes, line, length);
	}
	rc_buf_free(&text);
	rc_buf_free(&path);
	while (sql.length > 0 && memchr("; \t\r\n", sql.bytes[sql.length - 1], 5) != NULL)
		sql.length--;
	return rc_buf_text(&sql);
}
