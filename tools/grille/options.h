/* SPDX-License-Identifier: Apache-2.0
 * Command lines: options with and without a value, operands, verbs. */
#ifndef GRILLE_TOOLS_OPTIONS_H
#define GRILLE_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* One option: with a value exactly when `value` is set. */
typedef struct command_option {
    const char *name; /* "--at" */
    bool *flag;       /* set true */
    const char **value;
} command_option;

/* An option with a value that may come more than once. */
typedef struct command_list_option {
    const char *name;
    const char **values; /* room for `most` */
    size_t *count;
    size_t most;
} command_list_option;

/* What a command line may hold. Everything is borrowed. */
typedef struct command_line {
    const char *command; /* "attest verify", before errors */
    const char *usage;
    const command_option *options;
    size_t option_count;
    const command_list_option *list_options;
    size_t list_option_count;
    const char **operands; /* room for `most`; NULL where there is none */
    size_t least, most;
    const char *operand_name; /* "DOC", in errors */
} command_line;

/* Reads the arguments after the command's own words: "--name VALUE", "--name=VALUE", operands anywhere, "--" before
 * operands that begin with a dash ("-" alone is an operand). True: go on. False: *status is what the process ends with,
 * and everything was said: --help goes to standard output with EXIT_DONE; an unknown option (with the nearest one), one
 * given twice or without its value, too many or too few operands to standard error with EXIT_USAGE. */
bool command_line_parse(const command_line *line, int argc, char **argv, int *status);

/* One verb of a noun. */
typedef struct command_verb {
    const char *name;
    int (*run)(int argc, char **argv); /* the arguments after the verb */
} command_verb;

/* Runs the verb in argv[1]; argv[0] is the noun. Help and errors as above. */
int command_verb_run(const char *usage, const command_verb *verbs, size_t count, int argc, char **argv);

/* The word most like `text`, when at most a third of its letters (and one) are wrong; else NULL. */
const char *nearest_word(const char *text, const char *const *words, size_t count);

/* "PREFIX: there is no WHATtext; the nearest is …", with usage; answers EXIT_USAGE. */
int unknown_word(const char *usage, const char *prefix, const char *what, const char *text, const char *const *words,
                 size_t count);

#endif
