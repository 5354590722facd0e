/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/plan_lists.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bench_wrong_say(bench_wrong *wrong, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(wrong->text, sizeof wrong->text, format, arguments);
    va_end(arguments);
    return false;
}

/* The next part of a list into `word`; false at its end. Too long a part is cut, and then fits nothing. */
static bool next_part(const char **at, char word[64]) {
    const char *begin = *at;
    size_t len;
    if (begin == NULL) return false;
    len = strcspn(begin, ",");
    *at = begin[len] == ',' ? &begin[len + 1] : NULL;
    (void)snprintf(word, 64, "%.*s", (int)(len < 63 ? len : 63), begin);
    return true;
}

/* Digits, then nothing, Ki or Mi. */
static bool parse_number(const char *text, uint64_t *number) {
    char *end = NULL;
    unsigned shift = 0;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 12) return false;
    *number = strtoull(text, &end, 10);
    if (strcmp(end, "Ki") == 0) {
        shift = 10;
    } else if (strcmp(end, "Mi") == 0) {
        shift = 20;
    } else if (*end != '\0') {
        return false;
    }
    *number <<= shift;
    return true;
}

static bool list_add(bench_list *list, uint64_t value, const char *option, const char *word, bench_wrong *wrong) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i] == value) return bench_wrong_say(wrong, "%s has %s twice", option, word);
    }
    if (list->count == BENCH_LIST_MAX)
        return bench_wrong_say(wrong, "%s has more than %d parts", option, BENCH_LIST_MAX);
    list->at[list->count++] = value;
    return true;
}

bool bench_list_numbers(const char *option, const char *text, uint64_t least, uint64_t most, bench_list *list,
                        bench_wrong *wrong) {
    char word[64];
    if (text == NULL) return true;
    list->count = 0;
    while (next_part(&text, word)) {
        uint64_t value = 0;
        if (!parse_number(word, &value) || value < least || value > most) {
            return bench_wrong_say(wrong, "%s takes numbers from %llu to %llu, as 64,1Ki, not \"%s\"", option,
                                   (unsigned long long)least, (unsigned long long)most, word);
        }
        if (!list_add(list, value, option, word, wrong)) return false;
    }
    return true;
}

bool bench_list_words(const char *option, const char *text, const char *const *known, size_t known_count,
                      bench_list *list, bench_wrong *wrong) {
    char word[64];
    if (text == NULL) return true;
    list->count = 0;
    while (next_part(&text, word)) {
        size_t which = 0;
        while (which < known_count && strcmp(known[which], word) != 0)
            which++;
        if (which == known_count) {
            wrong->option = option;
            memcpy(wrong->word, word, sizeof wrong->word);
            wrong->known = known;
            wrong->known_count = known_count;
            return bench_wrong_say(wrong, "%s takes no \"%s\"", option, word);
        }
        if (!list_add(list, which, option, word, wrong)) return false;
    }
    return true;
}

bool bench_list_real(const char *option, const char *text, double least, double most, double *value,
                     bench_wrong *wrong) {
    char *end = NULL;
    if (text == NULL) return true;
    /* Digits and a point only: strtod also takes hexadecimal, infinity and signs. */
    if (text[strspn(text, "0123456789.")] == '\0' && text[0] != '\0') *value = strtod(text, &end);
    if (end != NULL && end != text && *end == '\0' && *value >= least && *value <= most) return true;
    return bench_wrong_say(wrong, "%s is a number from %g to %g, not \"%.60s\"", option, least, most, text);
}
