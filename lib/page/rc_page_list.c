#include "rc_page_list.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "rc_str.h"
#include "rc_tree.h"

/* A folder of the tree's data in the order of names. */
struct folder {
	struct dirent **entries;
	int count;
};

static struct folder
open_folder(const char *name)
{
	char *path = rc_tree_inside(rc_tree_share(), name);
	struct folder folder = {0};

	if ((folder.count = scandir(path, &folder.entries, NULL, alphasort)) < 0)
		folder.count = 0;
	free(path);
	return folder;
}

static void
close_folder(struct folder *folder)
{
	for (int i = 0; i < folder->count; i++)
		free(folder->entries[i]);
	free(folder->entries);
}

/* Adds the commands of one product. */
static void
add_commands(const struct folder *pages, const char *product, struct rc_buf *text)
{
	size_t length = strlen(product);
	bool found = false;

	for (int i = 0; i < pages->count; i++) {
		const char *name = pages->entries[i]->d_name;

		if (strncmp(name, product, length) != 0 || name[length] != '-')
			continue;
		if (!found)
			rc_buf_printf(text, "\n[%s]\n", product);
		rc_buf_printf(text, "    %s\n", name + length + 1);
		found = true;
	}
}

char *
rc_page_list(const char *before)
{
	struct folder products = open_folder("sql"), pages = open_folder("pages");
	struct rc_buf text = {0};

	rc_buf_add_text(&text, before == NULL ? "" : before);
	for (int i = 0; i < products.count; i++)
		if (products.entries[i]->d_name[0] != '.')
			add_commands(&pages, products.entries[i]->d_name, &text);
	close_folder(&products);
	close_folder(&pages);
	return rc_buf_text(&text);
}
