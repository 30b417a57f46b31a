#include "rc_name_list.h"

#include <string.h>

#include "rc_opt.h"

bool
rc_name_list_next(const char **list, struct rc_buf *name)
{
	const char *p = *list;

	name->length = 0;
	if (*p == '\0')
		return false;
	if (*p == '"') {
		for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
			p += *p == '"';
			rc_buf_add(name, p, 1);
		}
		if (*p++ != '"' || (*p != ',' && *p != '\0'))
			rc_usage("'%s' is no list of columns", *list);
	} else {
		size_t length = strcspn(p, ",");

		rc_buf_add(name, p, length);
		p += length;
	}
	if (name->length == 0)
		rc_usage("'%s' is no list of columns", *list);
	if (*p == ',' && p[1] == '\0')
		rc_usage("'%s' is no list of columns", *list);
	*list = p + (*p == ',');
	return true;
}

bool
rc_name_list_has(const char *list, const char *wanted)
{
	struct rc_buf name = {0};
	bool found = false;

	while (!found && rc_name_list_next(&list, &name))
		found = name.length == strlen(wanted) && memcmp(name.bytes, wanted, name.length) == 0;
	rc_buf_free(&name);
	return found;
}

size_t
rc_name_list_length(const char *list)
{
	struct rc_buf name = {0};
	size_t count = 0;

	while (rc_name_list_next(&list, &name))
		count++;
	rc_buf_free(&name);
	return count;
}

const char *
rc_name_list_check(const char *list)
{
	if (rc_name_list_length(list) == 0)
		rc_usage("'' is no list of columns");
	return list;
}
