/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "nsm/cbor.h"
#include "nsm/message.h"
#include "nsm/message_table.h"

static bool text_is(grille_bytes text, const char *expected) {
    return grille_bytes_equal(text, grille_bytes_of_text(expected));
}

static bool is_printable(grille_bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~') return false;
    return text.len > 0;
}

static void malformed(grille_reader *reader) {
    grille_reader_fail(reader, GRILLE_REASON_NSM_MALFORMED);
}

static void read_module_id(grille_reader *reader, grille_nsm_description *description) {
    grille_bytes id = grille_nsm_cbor_read_text(reader);
    if (is_printable(id) && id.len < sizeof description->module_id)
        memcpy(description->module_id, id.data, id.len);
    else
        malformed(reader);
}

static void read_locked_pcrs(grille_reader *reader, grille_nsm_description *description) {
    grille_nsm_cbor_items items = grille_nsm_cbor_begin(reader, GRILLE_NSM_CBOR_ARRAY);
    while (grille_nsm_cbor_next(&items, reader))
        description->locked_pcrs |= UINT32_C(1) << grille_nsm_cbor_read_unsigned(reader, GRILLE_NSM_PCR_COUNT - 1);
}

static void read_field(grille_reader *reader, unsigned which, grille_nsm_values *said) {
    grille_nsm_description *description = &said->description;
    switch (which) {
    case GRILLE_NSM_FIELD_INDEX:
    case GRILLE_NSM_FIELD_RANGE:
        said->index = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case GRILLE_NSM_FIELD_LOCK:
        said->locked = grille_nsm_cbor_read_bool(reader);
        break;
    case GRILLE_NSM_FIELD_USER_DATA:
        said->attestation.user_data = grille_nsm_cbor_read_optional(reader);
        break;
    case GRILLE_NSM_FIELD_NONCE:
        said->attestation.nonce = grille_nsm_cbor_read_optional(reader);
        break;
    case GRILLE_NSM_FIELD_PUBLIC_KEY:
        said->attestation.public_key = grille_nsm_cbor_read_optional(reader);
        break;
    case GRILLE_NSM_FIELD_VERSION_MAJOR:
        description->version_major = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case GRILLE_NSM_FIELD_VERSION_MINOR:
        description->version_minor = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case GRILLE_NSM_FIELD_VERSION_PATCH:
        description->version_patch = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case GRILLE_NSM_FIELD_MODULE_ID:
        read_module_id(reader, description);
        break;
    case GRILLE_NSM_FIELD_MAX_PCRS:
        description->max_pcrs = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case GRILLE_NSM_FIELD_LOCKED_PCRS:
        read_locked_pcrs(reader, description);
        break;
    case GRILLE_NSM_FIELD_DIGEST:
        if (!text_is(grille_nsm_cbor_read_text(reader), GRILLE_NSM_DIGEST_NAME)) malformed(reader);
        break;
    default:
        said->data = grille_nsm_cbor_read_bytes(reader);
        break; /* data, random, document */
    }
}

/* Which of the wanted fields has this name; GRILLE_NSM_FIELD_COUNT for none. */
static unsigned find_field(uint32_t wanted, grille_bytes name) {
    unsigned i = 0;
    while (i < GRILLE_NSM_FIELD_COUNT && ((wanted >> i & 1) == 0 || !text_is(name, grille_nsm_field_names[i])))
        i++;
    return i;
}

static void read_fields(grille_reader *reader, uint32_t wanted, grille_nsm_values *said) {
    grille_nsm_cbor_items items = grille_nsm_cbor_begin(reader, GRILLE_NSM_CBOR_MAP);
    uint32_t seen = 0;
    while (grille_nsm_cbor_next(&items, reader)) {
        unsigned which = find_field(wanted, grille_nsm_cbor_read_text(reader));
        if (which == GRILLE_NSM_FIELD_COUNT) {
            grille_nsm_cbor_skip(reader);
            continue;
        }
        if ((seen >> which & 1) != 0) malformed(reader);
        seen |= UINT32_C(1) << which;
        read_field(reader, which, said);
    }
    if (seen != wanted) malformed(reader);
}

static grille_nsm_operation operation_of(grille_bytes name, grille_reader *reader) {
    for (unsigned i = 0; i < GRILLE_NSM_OPERATION_COUNT; i++)
        if (text_is(name, grille_nsm_operations[i].name)) return (grille_nsm_operation)i;
    malformed(reader);
    return GRILLE_NSM_DESCRIBE_NSM;
}

/* The map of one entry around a message with fields; its key. */
static grille_bytes read_envelope(grille_reader *reader, grille_nsm_cbor_items *items) {
    *items = grille_nsm_cbor_begin(reader, GRILLE_NSM_CBOR_MAP);
    if (!grille_nsm_cbor_next(items, reader)) malformed(reader);
    return grille_nsm_cbor_read_text(reader);
}

static grille_reason finish_envelope(grille_reader *reader, grille_nsm_cbor_items *items) {
    if (grille_nsm_cbor_next(items, reader)) malformed(reader);
    return grille_reader_end(reader);
}

grille_reason grille_nsm_command_decode(grille_bytes encoded, grille_nsm_command *command) {
    grille_reader reader = grille_reader_of(encoded);
    grille_nsm_cbor_items items = {0};
    grille_nsm_values said = {0};
    bool bare = grille_nsm_cbor_peek(&reader) == GRILLE_NSM_CBOR_TEXT;
    grille_bytes name = bare ? grille_nsm_cbor_read_text(&reader) : read_envelope(&reader, &items);
    grille_nsm_operation operation = operation_of(name, &reader);
    uint32_t fields = grille_nsm_operations[operation].command_fields;
    grille_reason reason;
    if (bare != (fields == 0)) malformed(&reader);
    if (!bare) read_fields(&reader, fields, &said);
    reason = bare ? grille_reader_end(&reader) : finish_envelope(&reader, &items);
    if (reason == GRILLE_REASON_OK) *command = (grille_nsm_command){operation, said.index, said.data, said.attestation};
    return reason;
}

grille_reason grille_nsm_answer_decode(grille_bytes encoded, grille_nsm_answer *answer) {
    grille_reader reader = grille_reader_of(encoded);
    grille_nsm_cbor_items items = {0};
    grille_nsm_values said = {0};
    bool bare = grille_nsm_cbor_peek(&reader) == GRILLE_NSM_CBOR_TEXT;
    grille_bytes name = bare ? grille_nsm_cbor_read_text(&reader) : read_envelope(&reader, &items);
    bool is_error = !bare && text_is(name, GRILLE_NSM_ERROR_KEY);
    grille_bytes error_name = {NULL, 0};
    grille_nsm_operation operation = is_error ? GRILLE_NSM_DESCRIBE_NSM : operation_of(name, &reader);
    grille_reason reason;
    if (is_error) {
        error_name = grille_nsm_cbor_read_text(&reader);
        if (!is_printable(error_name)) malformed(&reader);
    } else {
        if (bare != (grille_nsm_operations[operation].answer_fields == 0)) malformed(&reader);
        if (!bare) read_fields(&reader, grille_nsm_operations[operation].answer_fields, &said);
    }
    reason = bare ? grille_reader_end(&reader) : finish_envelope(&reader, &items);
    if (reason == GRILLE_REASON_OK)
        *answer = (grille_nsm_answer){operation, error_name, said.description, said.data, said.locked};
    return reason;
}
