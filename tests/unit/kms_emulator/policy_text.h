/* SPDX-License-Identifier: Apache-2.0
 * Policies in tests are written with ' in place of ". */
#ifndef GRILLE_TESTS_POLICY_TEXT_H
#define GRILLE_TESTS_POLICY_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "kms_emulator/policy.h"

/* Reads a copy of exactly the bytes, so that a sanitizer sees any read past them. */
static inline key_policy *parse_bytes(const char *written, size_t len, grille_error *error) {
    uint8_t *text = malloc(len > 0 ? len : 1);
    key_policy *policy = NULL;
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = written[i] == '\'' ? (uint8_t)'"' : (uint8_t)written[i];
    *error = (grille_error){.code = GRILLE_OK};
    policy = key_policy_parse(grille_bytes_of(text, len), error);
    free(text);
    return policy;
}

static inline key_policy *parse(const char *written, grille_error *error) {
    return parse_bytes(written, strlen(written), error);
}

#endif
