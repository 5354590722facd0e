/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind { PATTERN, SIZE, U32, U64, PID, REAL, TEXT } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;
    double least;
    double most;
    const char *text;
} option;

/* Bounds stop what is surely a slip; they are far above what makes sense. */
static const option options[] = {
    {"pattern", PATTERN, offsetof(bench_spec, pattern), 0, 0, "what is done, see below"},
    {"bytes", SIZE, offsetof(bench_spec, bytes), 1, 64 << 20, "payload of one message"},
    {"in-flight", U32, offsetof(bench_spec, in_flight), 1, 100000, "calls, connects or streams at once"},
    {"connections", U32, offsetof(bench_spec, connections), 1, 100000, "connections"},
    {"idle-streams", U32, offsetof(bench_spec, idle_streams), 0, 1000000, "streams that stand open beside the calls"},
    {"idle-connections", U32, offsetof(bench_spec, idle_connections), 0, 100000,
     "connections that stand beside those in use"},
    {"rate", REAL, offsetof(bench_spec, rate), 0.001, 1e8, "calls per second of an open loop"},
    {"seconds", REAL, offsetof(bench_spec, seconds), 0, 86400, "measured time; 0: --count tells the end"},
    {"count", U64, offsetof(bench_spec, count), 0, 1e12, "measured calls or messages; 0: the time tells the end"},
    {"warm-up-ms", U32, offsetof(bench_spec, warm_up_ms), 0, 600000,
     "before that; with a count a tenth of it; 0: none"},
    {"to", TEXT, offsetof(bench_spec, address), 1, sizeof((bench_spec *)0)->address - 1, "address of the server"},
    {"folder", TEXT, offsetof(bench_spec, folder), 1, sizeof((bench_spec *)0)->folder - 1, "identities and policies"},
    {"counters", TEXT, offsetof(bench_spec, counters), 1, sizeof((bench_spec *)0)->counters - 1,
     "file that both ends map, for counts of heap calls"},
    {"server-pid", PID, offsetof(bench_spec, server_pid), 1, 1 << 22, "process whose CPU and memory are the server's"},
    {"spin-us", U32, offsetof(bench_spec, spin_us), 0, 1000000, "polling before sleep, of rows that can"},
    {"loops", U32, offsetof(bench_spec, loops), 1, 64, "the server's loop threads"},
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

static const char *const pattern_words[BENCH_PATTERN_COUNT] = {
#define X(identifier, word, text) word,
    BENCH_PATTERN_MAP(X)
#undef X
};
static const char *const pattern_texts[BENCH_PATTERN_COUNT] = {
#define X(identifier, word, text) text,
    BENCH_PATTERN_MAP(X)
#undef X
};

bench_spec bench_spec_default(void) {
    return (bench_spec){.pattern = BENCH_PING_PONG,
                        .bytes = 64,
                        .in_flight = 1,
                        .connections = 1,
                        .seconds = 1,
                        .warm_up_ms = 200,
                        .spin_us = 50,
                        .loops = 1};
}

const char *bench_pattern_word(bench_pattern pattern) {
    return (unsigned)pattern < BENCH_PATTERN_COUNT ? pattern_words[pattern] : "unknown";
}

bool bench_pattern_of(const char *word, bench_pattern *pattern) {
    for (unsigned i = 0; i < BENCH_PATTERN_COUNT; i++) {
        if (strcmp(word, pattern_words[i]) != 0) continue;
        *pattern = (bench_pattern)i;
        return true;
    }
    return false;
}

void bench_spec_help(FILE *out) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        (void)fprintf(out, "  --%-16s %s\n", options[i].name, options[i].text);
    (void)fprintf(out, "Sizes take Ki and Mi. Patterns:\n");
    for (size_t i = 0; i < BENCH_PATTERN_COUNT; i++)
        (void)fprintf(out, "  %-16s   %s\n", pattern_words[i], pattern_texts[i]);
}

/* Digits alone, and for sizes Ki or Mi behind them. */
static bool read_whole(const char *text, bool is_size, double *value) {
    char *end = NULL;
    unsigned long long number = 0;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0) return false;
    *value = (double)number;
    if (is_size && strcmp(end, "Ki") == 0) *value *= 1024;
    if (is_size && strcmp(end, "Mi") == 0) *value *= 1048576;
    return *end == 0 || (is_size && (strcmp(end, "Ki") == 0 || strcmp(end, "Mi") == 0));
}

static bool read_real(const char *text, double *value) {
    char *end = NULL;
    if (*text < '0' || *text > '9') return false;
    if (strspn(text, "0123456789.e+-") != strlen(text)) return false;
    *value = strtod(text, &end);
    return *end == 0 && isfinite(*value);
}

/* The bounds as the option's own values would be written. */
static bool out_of_bounds(const option *about, const char *value, char why[512]) {
    (void)snprintf(why, 512, "--%s: \"%.64s\": expected %s from %.15g to %.15g%s", about->name, value,
                   about->kind == REAL ? "a number" : "a whole number", about->least, about->most,
                   about->kind == SIZE ? ", Ki or Mi may follow" : "");
    return false;
}

static bool set_text(const option *about, char *field, const char *value, char why[512]) {
    const size_t len = strlen(value);
    if (len < (size_t)about->least || len > (size_t)about->most) {
        (void)snprintf(why, 512, "--%s: %zu bytes: expected a text of 1 to %.0f bytes", about->name, len, about->most);
        return false;
    }
    memcpy(field, value, len + 1);
    return true;
}

static bool set_pattern(bench_pattern *pattern, const char *value, char why[512]) {
    size_t used = 0;
    if (bench_pattern_of(value, pattern)) return true;
    used = (size_t)snprintf(why, 512, "--pattern: \"%.64s\" is none of", value);
    for (size_t i = 0; i < BENCH_PATTERN_COUNT; i++)
        used += (size_t)snprintf(why + used, 512 - used, " %s", pattern_words[i]);
    return false;
}

bool bench_spec_option(bench_spec *spec, const char *name, const char *value, char why[512]) {
    const option *about = NULL;
    char *field = NULL;
    double number = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(name, options[i].name) == 0) about = &options[i];
    }
    if (about == NULL) {
        (void)snprintf(why, 512, "--%.64s: there is no such option", name);
        return false;
    }
    field = (char *)spec + about->offset;
    if (about->kind == PATTERN) return set_pattern(&spec->pattern, value, why);
    if (about->kind == TEXT) return set_text(about, field, value, why);
    if (!(about->kind == REAL ? read_real(value, &number) : read_whole(value, about->kind == SIZE, &number)) ||
        number < about->least || number > about->most) {
        return out_of_bounds(about, value, why);
    }
    if (about->kind == SIZE) *(size_t *)(void *)field = (size_t)number;
    if (about->kind == U32) *(uint32_t *)(void *)field = (uint32_t)number;
    if (about->kind == U64) *(uint64_t *)(void *)field = (uint64_t)number;
    if (about->kind == PID) *(int *)(void *)field = (int)number;
    if (about->kind == REAL) *(double *)(void *)field = number;
    return true;
}

bool bench_spec_check(const bench_spec *spec, char why[512]) {
    const char *wrong = NULL;
    if (spec->address[0] == 0) wrong = "--to is missing: the server's address";
    if (spec->count == 0 && spec->seconds <= 0) wrong = "--seconds 0 and --count 0: nothing tells the end";
    if (spec->pattern == BENCH_OPEN_LOOP && spec->rate <= 0) wrong = "--pattern open-loop: --rate is missing";
    if (spec->pattern != BENCH_OPEN_LOOP && spec->rate > 0) wrong = "--rate: only open-loop has one";
    if (spec->idle_connections > 0 && (spec->pattern == BENCH_CONNECT || spec->pattern == BENCH_IDLE))
        wrong = "--idle-connections: connect and idle open their own";
    if (wrong != NULL) (void)snprintf(why, 512, "%s", wrong);
    return wrong == NULL;
}

/* Empty: left out. */
static void format(const bench_spec *spec, const option *about, char text[256]) {
    const char *field = (const char *)spec + about->offset;
    text[0] = 0;
    switch (about->kind) {
    case PATTERN:
        (void)snprintf(text, 256, "%s", bench_pattern_word(spec->pattern));
        break;
    case TEXT:
        (void)snprintf(text, 256, "%s", field);
        break;
    case SIZE:
        (void)snprintf(text, 256, "%zu", *(const size_t *)(const void *)field);
        break;
    case U32:
        (void)snprintf(text, 256, "%" PRIu32, *(const uint32_t *)(const void *)field);
        break;
    case U64:
        (void)snprintf(text, 256, "%" PRIu64, *(const uint64_t *)(const void *)field);
        break;
    case PID:
        if (spec->server_pid > 0) (void)snprintf(text, 256, "%d", spec->server_pid);
        break;
    case REAL:
        if (*(const double *)(const void *)field >= about->least) {
            (void)snprintf(text, 256, "%.17g", *(const double *)(const void *)field);
        }
        break;
    }
}

static bool append(bench_words *words, const char *prefix, const char *text) {
    const size_t len = strlen(prefix) + strlen(text) + 1;
    if (len > sizeof words->text - words->used) return false;
    if ((size_t)words->argc + 1 >= sizeof words->argv / sizeof *words->argv) return false;
    words->argv[words->argc] = words->text + words->used;
    (void)snprintf(words->argv[words->argc], len, "%s%s", prefix, text);
    words->used += len;
    words->argc++;
    words->argv[words->argc] = NULL;
    return true;
}

bool bench_spec_words(const bench_spec *spec, bench_words *words) {
    char text[256];
    words->argc = 0;
    words->used = 0;
    words->argv[0] = NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        format(spec, &options[i], text);
        if (text[0] == 0) continue;
        if (!append(words, "--", options[i].name) || !append(words, "", text)) return false;
    }
    return true;
}
