/*
 * rc_image - SQL for rows that stand as JSON in a temporary table, beside the table that they are of
 *
 * The JSON is that of rc_capture.h: an object of all columns, or of the key's.
 * A value is taken as text and made into the column's type, which gives it back
 * as it was.  `t` is the table, `u` what has the JSON.  All is added to SQL.
 */
#ifndef RC_IMAGE_H
#define RC_IMAGE_H

#include <stdbool.h>

#include "rc_session.h"
#include "rc_str.h"
#include "rc_table.h"

/* Settings in which the texts are read and made as they are logged, as SQL for the transaction. */
#define RC_IMAGE_SETTINGS "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local bytea_output = 'hex';" \
	" set local extra_float_digits = '1'; set local lc_monetary = 'C'"

struct rc_image {
	struct rc_session *session;
	const struct rc_table *table;	/* with a primary key */
};

/* Of the columns, which ones. */
enum rc_image_columns { RC_IMAGE_ALL, RC_IMAGE_KEY, RC_IMAGE_INSERTED, RC_IMAGE_UPDATED };

/* Ends the process where the table has no primary key. */
void rc_image_need_key(const struct rc_table *table, const char *name);

/* ` cross join lateral json_to_record(u.SOURCE) as ALIAS (...)`: its columns, all or the key's, as text. */
void rc_image_add_record(const struct rc_image *image, struct rc_buf *sql, const char *source, const char *alias, bool key_only);

/* `t.k = ALIAS.k and ...` */
void rc_image_add_same_key(const struct rc_image *image, struct rc_buf *sql, const char *alias);

/* Whether `t` is the row of ALIAS, byte for byte. */
void rc_image_add_same_row(const struct rc_image *image, struct rc_buf *sql, const char *alias);

/* `a, b ...`, `ALIAS.a::type, ALIAS.b::type ...`, and `a = ALIAS.a::type, ...`; false where there is none of that sort. */
bool rc_image_add_names(const struct rc_image *image, struct rc_buf *sql, enum rc_image_columns columns);
void rc_image_add_values(const struct rc_image *image, struct rc_buf *sql, enum rc_image_columns columns, const char *alias);
bool rc_image_add_assignments(const struct rc_image *image, struct rc_buf *sql, const char *alias);

#endif
