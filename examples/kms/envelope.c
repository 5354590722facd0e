/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"

#include <string.h>

enum { LENGTH_BYTES = 4 };

/* Takes a field of at most `most` bytes from the front; false: it is cut short or longer. */
static bool take_field(grille_bytes *rest, size_t most, grille_bytes *field) {
    size_t len = 0;
    if (rest->len < LENGTH_BYTES) return false;
    for (size_t at = 0; at < LENGTH_BYTES; at++)
        len = len << 8 | rest->data[at];
    if (len > most || len > rest->len - LENGTH_BYTES) return false;
    *field = (grille_bytes){rest->data + LENGTH_BYTES, len};
    *rest = (grille_bytes){field->data + len, rest->len - LENGTH_BYTES - len};
    return true;
}

const char *envelope_read(grille_bytes file, envelope *into) {
    const size_t magic_len = sizeof ENVELOPE_MAGIC - 1;
    if (file.len < magic_len || memcmp(file.data, ENVELOPE_MAGIC, magic_len) != 0) return "it is no data set";
    into->records = (grille_bytes){file.data + magic_len, file.len - magic_len};
    if (!take_field(&into->records, RECORD_DATASET_MAX, &into->dataset) || !record_dataset_valid(into->dataset))
        return "its name is cut short, or none";
    if (!take_field(&into->records, RECORD_WRAPPED_KEY_MAX, &into->wrapped_key) || into->wrapped_key.len == 0)
        return "its data key is cut short, or none";
    return NULL;
}

bool envelope_next(envelope *from, grille_bytes *sealed, const char **wrong) {
    *wrong = NULL;
    if (from->records.len == 0) return false;
    if (take_field(&from->records, RECORD_SEALED_MAX, sealed)) return true;
    *wrong = "a record is cut short, or too long";
    return false;
}

static bool put_field(FILE *file, grille_bytes field) {
    const uint8_t length[LENGTH_BYTES] = {(uint8_t)(field.len >> 24), (uint8_t)(field.len >> 16),
                                          (uint8_t)(field.len >> 8), (uint8_t)field.len};
    return fwrite(length, 1, sizeof length, file) == sizeof length &&
           fwrite(field.data, 1, field.len, file) == field.len;
}

bool envelope_begin(FILE *file, grille_bytes dataset, grille_bytes wrapped_key) {
    return fputs(ENVELOPE_MAGIC, file) >= 0 && put_field(file, dataset) && put_field(file, wrapped_key);
}

bool envelope_add(FILE *file, grille_bytes sealed) {
    return put_field(file, sealed);
}
