/*
 * rc_opt_contract - what a program says of itself
 *
 * For rc_opt.c.
 */
#ifndef RC_OPT_CONTRACT_H
#define RC_OPT_CONTRACT_H

#include "rc_opt.h"
#include "rc_str.h"

/* Calls VISIT with each option of the program, and then with those that all have (rc_opt.c). */
void rc_opt_each(void (*visit)(const struct rc_option *option, struct rc_buf *out), struct rc_buf *out);

/* Add the text of --help, what the Makefile puts for @SYNOPSIS@ and, after the line `@OPTIONS@`, for that, and that of --describe. */
void rc_opt_help(const struct rc_program *program, struct rc_buf *out);
void rc_opt_mdoc(const struct rc_program *program, struct rc_buf *out);
void rc_opt_describe(const struct rc_program *program, struct rc_buf *out);

#endif
