/*
 * rc_opt - a program's contract in one table: options, help, description
 *
 * The table gives getopt_long(3) its options, --help its text, the man page
 * its SYNOPSIS and OPTIONS (--help-mdoc), and other programs the contract as
 * JSON (--describe).
 */
#ifndef RC_OPT_H
#define RC_OPT_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

struct rc_option {
	int id;			/* the letter, or RC_OPT_LONG + n for an option without one */
	const char *name;	/* without the dashes */
	const char *argument;	/* what the help calls it, or NULL for a flag */
	const char *help;
};

enum { RC_OPT_LONG = 256 };

#define RC_OPTION_END { 0, NULL, NULL, NULL }

struct rc_program {
	const char *name;
	const char *synopsis;		/* what follows the name */
	const char *summary;		/* one line, lower case, no full stop */
	const struct rc_option *options;	/* ended by RC_OPTION_END */
	const char *reads, *writes;	/* the records; NULL is nothing */
	const char *changes;		/* "nothing" (the default), "adds", "changes", "destroys" */
	const char *no_undo;		/* why a change can't be taken back by an undo log, where a command says so */
	const char *gate;		/* of a command: "asks" whether a change is meant, or is "exempt"; "none" unless told */
	const char *category;		/* "plumbing" unless told */
	const char *risk;		/* "low" unless told, "medium", "high" */
	bool not_idempotent, not_ci_safe;
	/*
	 * A call that works against the tests' database: arguments, ended by NULL,
	 * and the text of its standard input (NULL: none).
	 */
	const char *const *example;
	const char *example_input;

	/* A command of bin/: its messages have the form of Python's argparse, its codes are RC_NO and RC_WRONG. */
	bool is_command;
	size_t own_options;	/* an abbreviation that fits one of so many first options is that one, whatever the others are; 0: all are alike */
	bool operand_ends_options;	/* what follows the first operand is never an option */
	const char *hides;	/* what holds this text may be a secret, and no message shows it; NULL: nothing, "": all */
	const char *more;	/* what --help shows below the options, or NULL */
};

/*
 * Like getopt_long(3): the id of the next option with its argument in optarg,
 * or -1 with the first operand at argv[optind].  The first call makes the
 * process ready (rc_opt.c says how); what the user got wrong ends it with
 * RC_FATAL and the usage, --help and its like with RC_OK.
 */
int rc_getopt(const struct rc_program *program, int argc, char *argv[]);	/* another program begins anew */

/* The same for a program that writes no events of its own run. */
int rc_getopt_silent(const struct rc_program *program, int argc, char *argv[]);

/*
 * Before the first rc_getopt(): takes the words after the first `--` off the
 * arguments, for getopt(3) would not tell them from operands before it.  They
 * are a command to run, ended by NULL; NULL where there are none.
 */
char **rc_opt_command(int *argc, char *argv[]);

/* Ends the process with the usage and the message; the code is RC_FATAL, of a command RC_WRONG. */
_Noreturn void rc_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same; the message ends in WORD, in quotes where QUOTE is one, or says that it is not shown (`hides` above). */
_Noreturn void rc_usage_word(const char *message, const char *word, const char *quote);

/* The option's argument as a number from MIN to MAX, or as milliseconds; else rc_usage(). */
long rc_opt_long(const char *name, const char *argument, long min, long max);
long rc_opt_duration(const char *name, const char *argument);

#endif
