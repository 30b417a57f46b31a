/*
 * rc_page - the contract of a command of bin/, which is its page's head comment
 *
 *   # NAME - SUMMARY
 *   # usage: NAME ...
 *   #   --name METAVAR   help        an option; without METAVAR a flag
 *   #   -r|--realm NAME  help        the same with a letter
 *   #   FILE             help        an operand; one called COMMAND takes all words from there on
 *   #                      more of the help above
 *   # word: value   word: value      facts, see rc_page.c
 *
 * Two blanks part METAVAR from the help.  At METAVAR's end `!` is required,
 * `:=VALUE` the default (`:=$NAME` a variable's value, `:=$NAME,VALUE` that or
 * VALUE), and then ` ...` may be repeated.  METAVAR N takes a whole number as
 * Python reads it, DURATION what rc_parse_duration() reads, PERIOD a number of
 * m, h, d or w, FILE what is not empty, `a|b|c` one of these words, any other
 * one what is given.
 */
#ifndef RC_PAGE_H
#define RC_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_opt.h"
#include "rc_str.h"

/* What the page says of an option or operand, and what was given for it. */
struct rc_page_word {
	const char *name;		/* without the dashes, or as METAVAR of the operand */
	const char *kind;		/* METAVAR without its marks; NULL for a flag */
	const char *preset;		/* the default, or NULL */
	bool required, repeated, secret;
	bool given;
	char **values;			/* COUNT of them, owned */
	size_t count;
};

enum { RC_PAGE_WORDS_MAX = 64, RC_PAGE_OPERANDS_MAX = 8 };

struct rc_page {
	struct rc_program program;	/* for rc_opt */
	struct rc_option options[RC_PAGE_WORDS_MAX + 1];
	struct rc_page_word words[RC_PAGE_WORDS_MAX];	/* of options[i] words[i]; then the operands */
	size_t option_count, word_count;
	struct rc_page_word named[RC_PAGE_OPERANDS_MAX];	/* the operands that the comment names, until they are words */
	size_t named_count;
	char **operands;		/* all, after rc_page_parse(); owned, ended by NULL */
	size_t operand_count;
	const char **secrets;		/* variables of the environment that hold one, ended by NULL */
	const char *rollback;		/* how a change is taken back, or NULL */
	const char **tables;		/* whose rows the command changes, so that an undo log can be written; ended by NULL; NULL: there is none */
	const char **varying;		/* fields of its records that are others each time, ended by NULL, or NULL */
	size_t own_count;		/* so many options are the page's own; the others every page has, or every one of its kind */
	bool is_exempt;			/* it only adds, so no one is asked whether that is meant */
	bool is_toolkit;		/* no product's command */
	bool lists_commands;		/* --help lists those of all products */
	bool has_secret_option;
};

/* Reads the head comment of the page at PATH, which is the command NAME; ends the process where it can't. */
void rc_page_read(struct rc_page *page, const char *path, const char *name);

/*
 * Reads the arguments and the defaults into the page's words; copies, so that
 * ARGV may be wiped.  Ends the process as rc_getopt() does, or where a value
 * does not fit or something that is required is missing.
 */
void rc_page_parse(struct rc_page *page, int argc, char *argv[]);

/*
 * Adds what the page's shell is told, texts ended by a NUL and always three:
 * "set" NAME VALUE for a variable, "list" NAME "" for an array, "add" NAME VALUE
 * for one more of its items, "give" NAME "" for each option that was given.  The
 * array rc_call has the names and values of what was given and makes the change
 * what it is; no secret is in it.
 */
void rc_page_tell(const struct rc_page *page, struct rc_buf *out);
void rc_page_tell_one(struct rc_buf *out, const char *what, const char *name, const char *value);

#endif
