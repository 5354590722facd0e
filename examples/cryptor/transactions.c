/* SPDX-License-Identifier: Apache-2.0 */
#include "transactions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS = 3, MERCHANT_MAX_BYTES = 64, MASKED_LAST = 4, MASKED_FIRST = 6 };

/* Largest amount of one line: sums of 2^31 of them stay within 64 bits. */
#define AMOUNT_MAX_CENTS INT64_C(99999999999)

typedef struct merchant {
    char name[MERCHANT_MAX_BYTES + 1];
    size_t count;
    int64_t total_cents;
} merchant;

typedef struct work {
    merchant merchants[MERCHANTS_MAX];
    size_t merchant_count;
    char text[LINE_MAX_BYTES + 1];
} work;

typedef struct output {
    char *text;
    size_t capacity;
    size_t len;
    bool full;
} output;

typedef struct transaction {
    char digits[CARD_DIGITS_MAX];
    size_t digit_count;
    char merchant[MERCHANT_MAX_BYTES + 1];
    int64_t cents;
} transaction;

size_t transactions_memory_bytes(void) {
    return sizeof(work);
}

/* A line is reported in at most 136 bytes or answered in at most 136 more than it has, and its merchant is named once
 * more, with the total; quotes at most double a name. */
enum { BYTES_PER_LINE = 136, HEADINGS_BYTES = 256 };

size_t transactions_result_bytes(grille_bytes file) {
    size_t lines = 1;
    size_t at = 0;
    for (at = 0; at < file.len; at++)
        lines += file.data[at] == '\n';
    return HEADINGS_BYTES + 4 * file.len + lines * BYTES_PER_LINE;
}

static void put(output *out, const char *format, ...) GRILLE_PRINTF(2, 3);

static void put(output *out, const char *format, ...) {
    va_list arguments;
    int len = 0;
    va_start(arguments, format);
    len = vsnprintf(out->text + out->len, out->capacity - out->len, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= out->capacity - out->len) {
        out->full = true;
        return;
    }
    out->len += (size_t)len;
}

bool luhn_valid(const char *digits, size_t count) {
    unsigned sum = 0;
    size_t at = 0;
    for (at = 0; at < count; at++) {
        unsigned digit = (unsigned)(digits[count - 1 - at] - '0');
        if (at % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return count > 0 && sum % 10 == 0;
}

/* Cuts a line into fields in place (RFC 4180: quotes may hold commas, "" is a quote). Answers how many there are. */
static size_t split(char *line, char *fields[FIELDS]) {
    size_t count = 0;
    char *from = line;
    char *to = line;
    bool quoted = false;
    fields[0] = line;
    for (;; from++) {
        if (quoted && *from == '"' && from[1] == '"') {
            *to++ = *from++;
        } else if (*from == '"') {
            quoted = !quoted;
        } else if (*from == 0 || (*from == ',' && !quoted)) {
            bool end = *from == 0;
            *to++ = 0;
            if (++count >= FIELDS && !end) return count + 1;
            if (end) return quoted ? 0 : count;
            fields[count] = to;
        } else {
            *to++ = *from;
        }
    }
}

static char *trim(char *text) {
    size_t len = 0;
    while (*text == ' ' || *text == '\t')
        text++;
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = 0;
    return text;
}

static const char *read_card(const char *text, transaction *parsed) {
    for (; *text != 0; text++) {
        if (*text == ' ' || *text == '-') continue;
        if (*text < '0' || *text > '9') return "the card number holds something that is no digit";
        if (parsed->digit_count == CARD_DIGITS_MAX) return "the card number has more than 19 digits";
        parsed->digits[parsed->digit_count++] = *text;
    }
    if (parsed->digit_count < CARD_DIGITS_MIN) return "the card number has fewer than 13 digits";
    if (!luhn_valid(parsed->digits, parsed->digit_count)) return "the card number fails the Luhn check";
    return NULL;
}

static const char *read_amount(const char *text, int64_t *cents) {
    static const char wrong[] = "the amount is no decimal number with at most two places";
    bool negative = *text == '-';
    int places = -1;
    int64_t value = 0;
    size_t digits = 0;
    if (negative) text++;
    for (; *text != 0; text++) {
        if (*text == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || places >= 2) return wrong;
        if (places >= 0) places++;
        value = value * 10 + (*text - '0');
        digits++;
        if (value > AMOUNT_MAX_CENTS) return "the amount is too large";
    }
    if (digits == 0 || places == 0) return wrong;
    for (places = places < 0 ? 0 : places; places < 2; places++)
        value *= 10;
    if (value > AMOUNT_MAX_CENTS) return "the amount is too large";
    *cents = negative ? -value : value;
    return NULL;
}

static const char *read_merchant(const char *text, transaction *parsed) {
    size_t at = 0;
    if (*text == 0) return "the merchant is empty";
    for (at = 0; text[at] != 0; at++) {
        if (at == MERCHANT_MAX_BYTES) return "the merchant's name is longer than 64 bytes";
        if ((unsigned char)text[at] < 0x20 || text[at] == 0x7f) return "the merchant's name holds a control character";
        parsed->merchant[at] = text[at];
    }
    parsed->merchant[at] = 0;
    return NULL;
}

/* NULL, or why the line is bad. */
static const char *read_line(char *line, transaction *parsed) {
    char *fields[FIELDS] = {0};
    size_t count = split(line, fields);
    const char *why = NULL;
    memset(parsed, 0, sizeof *parsed);
    if (count == 0) return "a quote is not closed";
    if (count < FIELDS) return "there are fewer than 3 fields: card number,merchant,amount";
    if (count > FIELDS) return "there are more than 3 fields: card number,merchant,amount";
    why = read_card(trim(fields[0]), parsed);
    if (why == NULL) why = read_merchant(trim(fields[1]), parsed);
    if (why == NULL) why = read_amount(trim(fields[2]), &parsed->cents);
    return why;
}

static merchant *merchant_of(work *w, const char *name) {
    size_t at = 0;
    for (at = 0; at < w->merchant_count; at++) {
        if (strcmp(w->merchants[at].name, name) == 0) return &w->merchants[at];
    }
    if (w->merchant_count == MERCHANTS_MAX) return NULL;
    memcpy(w->merchants[at].name, name, strlen(name) + 1);
    w->merchant_count++;
    return &w->merchants[at];
}

/* As RFC 4180 quotes, only where it must. */
static void put_name(output *out, const char *name) {
    if (strpbrk(name, ",\"") == NULL) {
        put(out, "%s", name);
        return;
    }
    put(out, "\"");
    for (; *name != 0; name++)
        put(out, "%s%c", *name == '"' ? "\"" : "", *name);
    put(out, "\"");
}

static void put_amount(output *out, int64_t cents) {
    uint64_t value = cents < 0 ? (uint64_t)-cents : (uint64_t)cents;
    put(out, "%s%" PRIu64 ".%02" PRIu64, cents < 0 ? "-" : "", value / 100, value % 100);
}

/* The first six and the last four digits may be shown (PCI DSS 3.4). */
static void put_masked(output *out, const transaction *parsed) {
    size_t at = 0;
    for (at = 0; at < parsed->digit_count; at++) {
        bool shown = at < MASKED_FIRST || at >= parsed->digit_count - MASKED_LAST;
        put(out, "%c", shown ? parsed->digits[at] : '*');
    }
}

static bool put_transaction(output *out, const transaction *parsed, size_t number, make_token_fn *make_token,
                            void *user) {
    uint8_t token[TOKEN_BYTES];
    size_t at = 0;
    if (!make_token(parsed->digits, parsed->digit_count, token, user)) return false;
    put(out, "%zu,", number);
    put_masked(out, parsed);
    put(out, ",tok_");
    for (at = 0; at < TOKEN_BYTES; at++)
        put(out, "%02x", token[at]);
    put(out, ",");
    put_name(out, parsed->merchant);
    put(out, ",");
    put_amount(out, parsed->cents);
    put(out, "\n");
    return true;
}

static void put_totals(output *out, const work *w) {
    size_t at = 0;
    put(out, "\nmerchant,transactions,total\n");
    for (at = 0; at < w->merchant_count; at++) {
        put_name(out, w->merchants[at].name);
        put(out, ",%zu,", w->merchants[at].count);
        put_amount(out, w->merchants[at].total_cents);
        put(out, "\n");
    }
}

/* Copies the next line without its end into the work's text; false at the end of the file. */
static bool next_line(grille_bytes *rest, work *w, const char **why) {
    const uint8_t *end = NULL;
    size_t len = 0;
    *why = NULL;
    if (rest->len == 0) return false;
    end = memchr(rest->data, '\n', rest->len);
    len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    if (len > LINE_MAX_BYTES) {
        *why = "the line is longer than 1,024 bytes";
        w->text[0] = '?';
        w->text[1] = 0;
    } else {
        memcpy(w->text, rest->data, len);
        if (memchr(w->text, 0, len) != NULL) *why = "the line holds a zero byte";
        w->text[len] = 0;
        if (len > 0 && w->text[len - 1] == '\r') w->text[len - 1] = 0;
    }
    len += end != NULL;
    *rest = (grille_bytes){rest->data + len, rest->len - len};
    return true;
}

/* A first line without a digit names the columns. */
static bool is_heading(const char *line, size_t number) {
    return number == 1 && strpbrk(line, "0123456789") == NULL;
}

/* One line: answered, or a reason why not. */
static const char *take_line(work *w, size_t number, output *out, make_token_fn *make_token, void *user, bool *failed) {
    transaction parsed;
    merchant *of = NULL;
    const char *why = read_line(w->text, &parsed);
    if (why == NULL) {
        of = merchant_of(w, parsed.merchant);
        if (of == NULL) why = "there are more than 4,096 merchants";
    }
    if (why == NULL) {
        of->count++;
        of->total_cents += parsed.cents;
        *failed = !put_transaction(out, &parsed, number, make_token, user);
    }
    explicit_bzero(&parsed, sizeof parsed);
    return why;
}

/* Bad lines are found again in a second pass: no list of them is kept. */
static bool pass(grille_bytes file, work *w, bool reporting, output *out, make_token_fn *make_token, void *user,
                 transactions_summary *summary) {
    const char *why = NULL;
    size_t number = 0;
    bool failed = false;
    while (!failed && next_line(&file, w, &why)) {
        number++;
        if (why == NULL && *trim(w->text) == 0) continue;
        if (why == NULL && is_heading(w->text, number)) {
            summary->heading = true;
            continue;
        }
        if (reporting) {
            transaction parsed = {0};
            if (why == NULL) why = read_line(w->text, &parsed);
            if (why == NULL && merchant_of(w, parsed.merchant) == NULL) why = "there are more than 4,096 merchants";
            if (why != NULL) put(out, "line %zu: %s\n", number, why);
            explicit_bzero(&parsed, sizeof parsed);
            continue;
        }
        if (why == NULL) why = take_line(w, number, out, make_token, user, &failed);
        summary->lines++;
        summary->good += why == NULL;
        summary->bad += why != NULL;
    }
    return !failed;
}

bool transactions_process(grille_bytes file, make_token_fn *make_token, void *user, void *memory, char *text,
                          size_t capacity, size_t *len, transactions_summary *summary) {
    work *w = memory;
    output out = {.text = text, .capacity = capacity};
    bool made = false;
    *summary = (transactions_summary){0};
    put(&out, "line,card,token,merchant,amount\n");
    made = pass(file, w, false, &out, make_token, user, summary);
    if (made) {
        put_totals(&out, w);
        put(&out, "\n%zu lines, %zu answered, %zu bad%s\n", summary->lines, summary->good, summary->bad,
            summary->heading ? "; line 1 names the columns" : "");
        made = pass(file, w, true, &out, make_token, user, summary);
    }
    summary->merchants = w->merchant_count;
    explicit_bzero(w->text, sizeof w->text);
    *len = out.len;
    return made && !out.full;
}
