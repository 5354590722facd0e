/* SPDX-License-Identifier: Apache-2.0
 * What the enclave does with a file: CSV of `card number,merchant,amount` in, masked numbers, tokens, totals by
 * merchant and a list of bad lines out. Pure; knows nothing of channels. */
#ifndef ACME_TRANSACTIONS_H
#define ACME_TRANSACTIONS_H

#include <stdbool.h>

#include "grille/bytes.h"

enum {
    TOKEN_BYTES = 16,
    TOKEN_KEY_BYTES = 32,
    LINE_MAX_BYTES = 1024,
    MERCHANTS_MAX = 4096, /* lines of further ones are reported as bad */
    CARD_DIGITS_MIN = 13,
    CARD_DIGITS_MAX = 19
};

/* 16 bytes that stand for a card number; the same number gives the same token under the same key. */
typedef bool make_token_fn(const char *digits, size_t count, uint8_t token[TOKEN_BYTES], void *user);

typedef struct transactions_summary {
    size_t lines; /* that were not empty and no heading */
    size_t good;
    size_t bad;
    size_t merchants;
    bool heading; /* line 1 has no digit: it names the columns */
} transactions_summary;

/* Bytes that the result of a file takes at most. */
size_t transactions_result_bytes(grille_bytes file);

/* Bytes of working memory that transactions_process needs. */
size_t transactions_memory_bytes(void);

/* Writes the result as text into `out`. Every line of the file is either answered or reported by its number. False:
 * `out` is too small or no token could be made. `memory` holds transactions_memory_bytes, zeroed. */
GRILLE_MUST_USE bool transactions_process(grille_bytes file, make_token_fn *make_token, void *user, void *memory,
                                          char *out, size_t capacity, size_t *len, transactions_summary *summary);

/* Luhn's check (ISO/IEC 7812-1, annex B) over ASCII digits. */
bool luhn_valid(const char *digits, size_t count);

#endif
