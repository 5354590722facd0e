/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

enum { WORD_MAX = 63, WORDS_MAX = 48 };

int usage_error(const char *usage, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n%s", usage);
    return EXIT_USAGE;
}

static size_t least_of(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Letters to insert, delete or replace (Levenshtein), row by row. */
static size_t distance(const char *from, const char *to) {
    size_t row[WORD_MAX + 1];
    size_t to_len = strlen(to);
    for (size_t j = 0; j <= to_len; j++)
        row[j] = j;
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= to_len; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (from[i] != to[j - 1]));
            diagonal = above;
        }
    }
    return row[to_len];
}

const char *nearest_word(const char *text, const char *const *words, size_t count) {
    const char *nearest = NULL;
    size_t best = 0;
    if (strlen(text) > WORD_MAX) return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(words[i]);
        size_t wrong;
        if (len > WORD_MAX) continue;
        wrong = distance(text, words[i]);
        if (wrong > len / 3 + 1 || wrong >= len || (nearest != NULL && wrong >= best)) continue;
        nearest = words[i];
        best = wrong;
    }
    return nearest;
}

int unknown_word(const char *usage, const char *prefix, const char *what, const char *text, const char *const *words,
                 size_t count) {
    const char *near = nearest_word(text, words, count);
    if (near == NULL) return usage_error(usage, "%s: there is no %s\"%s\"", prefix, what, text);
    return usage_error(usage, "%s: there is no %s\"%s\"; the nearest is %s", prefix, what, text, near);
}

static int unknown_option(const command_line *line, const char *text) {
    const char *names[WORDS_MAX];
    size_t count = 0;
    char word[WORD_MAX + 1];
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(text, "="), text);
    while (count < line->option_count && count < WORDS_MAX) {
        names[count] = line->options[count].name;
        count++;
    }
    for (size_t i = 0; i < line->list_option_count && count < WORDS_MAX; i++)
        names[count++] = line->list_options[i].name;
    return unknown_word(line->usage, line->command, "option ", word, names, count);
}

/* Whether `text` names this option; *attached is what follows its '=', or NULL. */
static bool is_named(const char *text, const char *name, const char **attached) {
    size_t len = strcspn(text, "=");
    *attached = text[len] == '=' ? &text[len + 1] : NULL;
    return strlen(name) == len && strncmp(name, text, len) == 0;
}

static const command_option *find(const command_line *line, const char *text, const char **attached) {
    for (size_t i = 0; i < line->option_count; i++) {
        if (is_named(text, line->options[i].name, attached)) return &line->options[i];
    }
    return NULL;
}

/* The value of an option: attached to it, or the next argument, past which *at moves. */
static int take_value(const command_line *line, const char *name, const char *attached, int argc, char **argv, int *at,
                      const char **value) {
    if (attached == NULL && ++*at < argc) attached = argv[*at];
    if (attached == NULL || attached[0] == '\0') {
        return usage_error(line->usage, "%s: %s needs a value", line->command, name);
    }
    *value = attached;
    return EXIT_DONE;
}

static const command_list_option *find_list(const command_line *line, const char *text, const char **attached) {
    for (size_t i = 0; i < line->list_option_count; i++) {
        if (is_named(text, line->list_options[i].name, attached)) return &line->list_options[i];
    }
    return NULL;
}

static int take_list_option(const command_line *line, const command_list_option *option, const char *attached, int argc,
                            char **argv, int *at) {
    if (*option->count == option->most) {
        return usage_error(line->usage, "%s: %s more than %zu times", line->command, option->name, option->most);
    }
    return take_value(line, option->name, attached, argc, argv, at, &option->values[(*option->count)++]);
}

/* Takes one option and moves *at past its value. */
static int take_option(const command_line *line, int argc, char **argv, int *at) {
    const char *attached = NULL;
    const command_option *option = NULL;
    const command_list_option *list = find_list(line, argv[*at], &attached);
    if (list != NULL) return take_list_option(line, list, attached, argc, argv, at);
    option = find(line, argv[*at], &attached);
    if (option == NULL) return unknown_option(line, argv[*at]);
    if (option->value == NULL) {
        if (attached != NULL) return usage_error(line->usage, "%s: %s takes no value", line->command, option->name);
        if (*option->flag) return usage_error(line->usage, "%s: %s twice", line->command, option->name);
        *option->flag = true;
        return EXIT_DONE;
    }
    if (*option->value != NULL) return usage_error(line->usage, "%s: %s twice", line->command, option->name);
    return take_value(line, option->name, attached, argc, argv, at, option->value);
}

static int take_operand(const command_line *line, const char *text, size_t *taken) {
    if (*taken == line->most) return usage_error(line->usage, "%s: \"%s\" is one too many", line->command, text);
    if (text[0] == '\0') return usage_error(line->usage, "%s: %s is empty", line->command, line->operand_name);
    line->operands[(*taken)++] = text;
    return EXIT_DONE;
}

static bool wants_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) return true;
    }
    return false;
}

bool command_line_parse(const command_line *line, int argc, char **argv, int *status) {
    bool only_operands = false;
    size_t taken = 0;
    *status = EXIT_DONE;
    if (wants_help(argc, argv)) {
        fputs(line->usage, stdout);
        return false;
    }
    for (int at = 0; at < argc && *status == EXIT_DONE; at++) {
        if (!only_operands && strcmp(argv[at], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[at][0] == '-' && argv[at][1] != '\0') {
            *status = take_option(line, argc, argv, &at);
        } else {
            *status = take_operand(line, argv[at], &taken);
        }
    }
    if (*status == EXIT_DONE && taken < line->least) {
        *status = usage_error(line->usage, "%s: %s is missing", line->command, line->operand_name);
    }
    return *status == EXIT_DONE;
}

int command_verb_run(const char *usage, const command_verb *verbs, size_t count, int argc, char **argv) {
    const char *names[WORDS_MAX];
    if (argc < 2) return usage_error(usage, "%s: what to do?", argv[0]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < count && i < WORDS_MAX; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 2, argv + 2);
        names[i] = verbs[i].name;
    }
    return unknown_word(usage, argv[0], "", argv[1], names, count);
}
