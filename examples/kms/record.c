/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <stdio.h>
#include <string.h>

/* What a seal is for: a kind, the data set, and a record's place. The name has no blank, so that no two read alike. */
typedef struct purpose {
    char text[RECORD_DATASET_MAX + 64];
    grille_bytes bytes;
} purpose;

static bool make_purpose(purpose *made, const char *kind, grille_bytes dataset, uint32_t number, bool last) {
    if (!record_dataset_valid(dataset)) return false;
    const int len = snprintf(made->text, sizeof made->text, "acme records 1 %s %.*s %u %s", kind, (int)dataset.len,
                             (const char *)dataset.data, (unsigned)number, last ? "last" : "more");
    made->bytes = (grille_bytes){(const uint8_t *)made->text, (size_t)len};
    return len > 0 && (size_t)len < sizeof made->text;
}

static grille_code refuse(grille_error *error, grille_code code, const char *text) {
    error->code = code;
    (void)snprintf(error->name, sizeof error->name, "%s", grille_code_name(code));
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    return code;
}

bool record_dataset_valid(grille_bytes name) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (name.len == 0 || name.len > RECORD_DATASET_MAX) return false;
    for (size_t at = 0; at < name.len; at++) {
        if (memchr(allowed, name.data[at], sizeof allowed - 1) == NULL) return false;
    }
    return true;
}

grille_code record_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], const record_place *place, grille_bytes plain,
                        uint8_t sealed[RECORD_SEALED_MAX], size_t *len, grille_error *error) {
    purpose made;
    if (plain.len > RECORD_MAX) return refuse(error, GRILLE_INVALID_ARGUMENT, "a record has more than 1,024 bytes");
    if (!make_purpose(&made, "record", place->dataset, place->number, place->last))
        return refuse(error, GRILLE_INVALID_ARGUMENT, "no data set may be called so");
    return grille_data_seal(key, made.bytes, plain, sealed, RECORD_SEALED_MAX, len, error);
}

grille_code record_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], const record_place *place, grille_bytes sealed,
                        uint8_t plain[RECORD_MAX], size_t *len, grille_error *error) {
    purpose made;
    if (sealed.len > RECORD_SEALED_MAX || !make_purpose(&made, "record", place->dataset, place->number, place->last))
        return refuse(error, GRILLE_UNAUTHENTICATED, "no such record was sealed");
    return grille_data_open(key, made.bytes, sealed, plain, RECORD_MAX, len, error);
}

grille_code record_report_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes dataset, grille_bytes report,
                               uint8_t *sealed, size_t capacity, size_t *len, grille_error *error) {
    purpose made;
    if (!make_purpose(&made, "report", dataset, 0, true))
        return refuse(error, GRILLE_INVALID_ARGUMENT, "no data set may be called so");
    return grille_data_seal(key, made.bytes, report, sealed, capacity, len, error);
}

grille_code record_report_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes dataset, grille_bytes sealed,
                               uint8_t *report, size_t capacity, size_t *len, grille_error *error) {
    purpose made;
    if (!make_purpose(&made, "report", dataset, 0, true))
        return refuse(error, GRILLE_UNAUTHENTICATED, "no such report was sealed");
    return grille_data_open(key, made.bytes, sealed, report, capacity, len, error);
}
