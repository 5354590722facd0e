/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

typedef struct sample {
    struct sample *next;
    uint8_t *bytes;
} sample;

static sample *samples;

static uint8_t *new_sample(size_t len) {
    sample *added = malloc(sizeof *added);
    assert_non_null(added);
    added->bytes = malloc(len > 0 ? len : 1);
    assert_non_null(added->bytes);
    added->next = samples;
    samples = added;
    return added->bytes;
}

grille_bytes sample_hex(const char *hex) {
    size_t text_len = strlen(hex);
    char *packed = malloc(text_len + 1);
    uint8_t *decoded = malloc(text_len + 1);
    size_t packed_len = 0;
    size_t len = 0;
    grille_bytes copy = {0};
    assert_non_null(packed);
    assert_non_null(decoded);
    for (size_t i = 0; i < text_len; i++) {
        if (hex[i] != ' ') packed[packed_len++] = hex[i];
    }
    assert_true(grille_hex_decode(packed, packed_len, decoded, text_len + 1, &len));
    copy = sample_copy(grille_bytes_of(decoded, len));
    free(packed);
    free(decoded);
    return copy;
}

grille_bytes sample_copy(grille_bytes bytes) {
    uint8_t *copy = new_sample(bytes.len);
    if (bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    return grille_bytes_of(copy, bytes.len);
}

grille_bytes sample_fill(uint8_t fill, size_t count) {
    uint8_t *filled = new_sample(count);
    memset(filled, fill, count);
    return grille_bytes_of(filled, count);
}

grille_bytes sample_join(const grille_bytes *parts, size_t count) {
    size_t len = 0;
    size_t at = 0;
    uint8_t *joined = NULL;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    joined = new_sample(len);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) memcpy(joined + at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    return grille_bytes_of(joined, len);
}

int samples_free(void **state) {
    (void)state;
    while (samples != NULL) {
        sample *freed = samples;
        samples = freed->next;
        free(freed->bytes);
        free(freed);
    }
    return 0;
}
