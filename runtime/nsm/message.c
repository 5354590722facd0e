/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/message.h"

#include <string.h>

#include "base/bytes.h"
#include "nsm/cbor.h"

/* Fields of all messages, in the order of their messages; the bits of a set say which a message must have. */
typedef enum field {
    FIELD_INDEX,
    FIELD_RANGE,
    FIELD_LOCK,
    FIELD_DATA,
    FIELD_USER_DATA,
    FIELD_NONCE,
    FIELD_PUBLIC_KEY,
    FIELD_VERSION_MAJOR,
    FIELD_VERSION_MINOR,
    FIELD_VERSION_PATCH,
    FIELD_MODULE_ID,
    FIELD_MAX_PCRS,
    FIELD_LOCKED_PCRS,
    FIELD_DIGEST,
    FIELD_RANDOM,
    FIELD_DOCUMENT,
    FIELD_COUNT
} field;

static const char *const field_names[FIELD_COUNT] = {
    "index",         "range",         "lock",      "data",     "user_data",   "nonce",  "public_key", "version_major",
    "version_minor", "version_patch", "module_id", "max_pcrs", "locked_pcrs", "digest", "random",     "document",
};

#define BIT(name) (1u << FIELD_##name)

/* Names, and the fields of request and answer; none means text alone. */
static const struct {
    const char *name;
    uint32_t command_fields, answer_fields;
} operations[GRILLE_NSM_OPERATION_COUNT] = {
    [GRILLE_NSM_DESCRIBE_NSM] = {"DescribeNSM", 0,
                                 BIT(VERSION_MAJOR) | BIT(VERSION_MINOR) | BIT(VERSION_PATCH) | BIT(MODULE_ID) |
                                     BIT(MAX_PCRS) | BIT(LOCKED_PCRS) | BIT(DIGEST)},
    [GRILLE_NSM_GET_RANDOM] = {"GetRandom", 0, BIT(RANDOM)},
    [GRILLE_NSM_DESCRIBE_PCR] = {"DescribePCR", BIT(INDEX), BIT(LOCK) | BIT(DATA)},
    [GRILLE_NSM_EXTEND_PCR] = {"ExtendPCR", BIT(INDEX) | BIT(DATA), BIT(DATA)},
    [GRILLE_NSM_LOCK_PCR] = {"LockPCR", BIT(INDEX), 0},
    [GRILLE_NSM_LOCK_PCRS] = {"LockPCRs", BIT(RANGE), 0},
    [GRILLE_NSM_ATTESTATION] = {"Attestation", BIT(USER_DATA) | BIT(NONCE) | BIT(PUBLIC_KEY), BIT(DOCUMENT)},
};

static const char error_key[] = "Error";
static const char digest_name[] = "SHA384";

/* What the fields of any message say. */
typedef struct values {
    uint16_t index;
    bool locked;
    grille_bytes data;
    grille_nsm_request attestation;
    grille_nsm_description description;
} values;

const char *grille_nsm_operation_name(grille_nsm_operation operation) {
    return (unsigned)operation < GRILLE_NSM_OPERATION_COUNT ? operations[operation].name : "unknown operation";
}

static bool text_is(grille_bytes text, const char *expected) {
    return grille_bytes_equal(text, grille_bytes_of_text(expected));
}

static void write_unsigned(grille_writer *writer, uint64_t value) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, value);
}

static void write_locked_pcrs(grille_writer *writer, uint32_t locked) {
    unsigned count = 0;
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++)
        count += locked >> i & 1;
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_ARRAY, count);
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++)
        if ((locked >> i & 1) != 0) write_unsigned(writer, i);
}

static void write_field(grille_writer *writer, unsigned which, const values *said) {
    grille_nsm_cbor_write_text(writer, field_names[which]);
    switch (which) {
    case FIELD_INDEX:
    case FIELD_RANGE:
        write_unsigned(writer, said->index);
        break;
    case FIELD_LOCK:
        grille_nsm_cbor_write_bool(writer, said->locked);
        break;
    case FIELD_USER_DATA:
        grille_nsm_cbor_write_optional(writer, said->attestation.user_data);
        break;
    case FIELD_NONCE:
        grille_nsm_cbor_write_optional(writer, said->attestation.nonce);
        break;
    case FIELD_PUBLIC_KEY:
        grille_nsm_cbor_write_optional(writer, said->attestation.public_key);
        break;
    case FIELD_VERSION_MAJOR:
        write_unsigned(writer, said->description.version_major);
        break;
    case FIELD_VERSION_MINOR:
        write_unsigned(writer, said->description.version_minor);
        break;
    case FIELD_VERSION_PATCH:
        write_unsigned(writer, said->description.version_patch);
        break;
    case FIELD_MODULE_ID:
        grille_nsm_cbor_write_text(writer, said->description.module_id);
        break;
    case FIELD_MAX_PCRS:
        write_unsigned(writer, said->description.max_pcrs);
        break;
    case FIELD_LOCKED_PCRS:
        write_locked_pcrs(writer, said->description.locked_pcrs);
        break;
    case FIELD_DIGEST:
        grille_nsm_cbor_write_text(writer, digest_name);
        break;
    default:
        grille_nsm_cbor_write_bytes(writer, said->data);
        break; /* data, random, document */
    }
}

static void write_message(grille_writer *writer, const char *name, uint32_t fields, const values *said) {
    unsigned count = 0;
    if (fields == 0) {
        grille_nsm_cbor_write_text(writer, name);
        return;
    }
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        count += fields >> i & 1;
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, 1);
    grille_nsm_cbor_write_text(writer, name);
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, count);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if ((fields >> i & 1) != 0) write_field(writer, i, said);
}

static void write_error(grille_writer *writer, grille_bytes name) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, 1);
    grille_nsm_cbor_write_text(writer, error_key);
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_TEXT, name.len);
    grille_write_bytes(writer, name);
}

static grille_reason finish(const grille_writer *writer, size_t *len) {
    grille_reason reason = grille_writer_end(writer);
    if (reason == GRILLE_REASON_OK) *len = writer->len;
    return reason;
}

/* The seam's users can't tell an empty view from none. */
static grille_bytes none_when_empty(grille_bytes bytes) {
    return bytes.len == 0 ? grille_bytes_of(NULL, 0) : bytes;
}

grille_reason grille_nsm_command_encode(const grille_nsm_command *command, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    values said = {.index = command->index, .data = command->data};
    if ((unsigned)command->operation >= GRILLE_NSM_OPERATION_COUNT) return GRILLE_REASON_BAD_ARGUMENT;
    said.attestation.user_data = none_when_empty(command->attestation.user_data);
    said.attestation.nonce = none_when_empty(command->attestation.nonce);
    said.attestation.public_key = none_when_empty(command->attestation.public_key);
    write_message(&writer, operations[command->operation].name, operations[command->operation].command_fields, &said);
    return finish(&writer, len);
}

grille_reason grille_nsm_answer_encode(const grille_nsm_answer *answer, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    values said = {.locked = answer->locked, .data = answer->data, .description = answer->description};
    if ((unsigned)answer->operation >= GRILLE_NSM_OPERATION_COUNT) return GRILLE_REASON_BAD_ARGUMENT;
    if (answer->error_name.data != NULL)
        write_error(&writer, answer->error_name);
    else
        write_message(&writer, operations[answer->operation].name, operations[answer->operation].answer_fields, &said);
    return finish(&writer, len);
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

static void read_field(grille_reader *reader, unsigned which, values *said) {
    grille_nsm_description *description = &said->description;
    switch (which) {
    case FIELD_INDEX:
    case FIELD_RANGE:
        said->index = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case FIELD_LOCK:
        said->locked = grille_nsm_cbor_read_bool(reader);
        break;
    case FIELD_USER_DATA:
        said->attestation.user_data = grille_nsm_cbor_read_optional(reader);
        break;
    case FIELD_NONCE:
        said->attestation.nonce = grille_nsm_cbor_read_optional(reader);
        break;
    case FIELD_PUBLIC_KEY:
        said->attestation.public_key = grille_nsm_cbor_read_optional(reader);
        break;
    case FIELD_VERSION_MAJOR:
        description->version_major = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case FIELD_VERSION_MINOR:
        description->version_minor = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case FIELD_VERSION_PATCH:
        description->version_patch = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case FIELD_MODULE_ID:
        read_module_id(reader, description);
        break;
    case FIELD_MAX_PCRS:
        description->max_pcrs = (uint16_t)grille_nsm_cbor_read_unsigned(reader, UINT16_MAX);
        break;
    case FIELD_LOCKED_PCRS:
        read_locked_pcrs(reader, description);
        break;
    case FIELD_DIGEST:
        if (!text_is(grille_nsm_cbor_read_text(reader), digest_name)) malformed(reader);
        break;
    default:
        said->data = grille_nsm_cbor_read_bytes(reader);
        break; /* data, random, document */
    }
}

/* Which of the wanted fields has this name; FIELD_COUNT for none. */
static unsigned find_field(uint32_t wanted, grille_bytes name) {
    unsigned i = 0;
    while (i < FIELD_COUNT && ((wanted >> i & 1) == 0 || !text_is(name, field_names[i])))
        i++;
    return i;
}

static void read_fields(grille_reader *reader, uint32_t wanted, values *said) {
    grille_nsm_cbor_items items = grille_nsm_cbor_begin(reader, GRILLE_NSM_CBOR_MAP);
    uint32_t seen = 0;
    while (grille_nsm_cbor_next(&items, reader)) {
        unsigned which = find_field(wanted, grille_nsm_cbor_read_text(reader));
        if (which == FIELD_COUNT) {
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
        if (text_is(name, operations[i].name)) return (grille_nsm_operation)i;
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
    values said = {0};
    bool bare = grille_nsm_cbor_peek(&reader) == GRILLE_NSM_CBOR_TEXT;
    grille_bytes name = bare ? grille_nsm_cbor_read_text(&reader) : read_envelope(&reader, &items);
    grille_nsm_operation operation = operation_of(name, &reader);
    uint32_t fields = operations[operation].command_fields;
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
    values said = {0};
    bool bare = grille_nsm_cbor_peek(&reader) == GRILLE_NSM_CBOR_TEXT;
    grille_bytes name = bare ? grille_nsm_cbor_read_text(&reader) : read_envelope(&reader, &items);
    bool is_error = !bare && text_is(name, error_key);
    grille_bytes error_name = {NULL, 0};
    grille_nsm_operation operation = is_error ? GRILLE_NSM_DESCRIBE_NSM : operation_of(name, &reader);
    grille_reason reason;
    if (is_error) {
        error_name = grille_nsm_cbor_read_text(&reader);
        if (!is_printable(error_name)) malformed(&reader);
    } else {
        if (bare != (operations[operation].answer_fields == 0)) malformed(&reader);
        if (!bare) read_fields(&reader, operations[operation].answer_fields, &said);
    }
    reason = bare ? grille_reader_end(&reader) : finish_envelope(&reader, &items);
    if (reason == GRILLE_REASON_OK)
        *answer = (grille_nsm_answer){operation, error_name, said.description, said.data, said.locked};
    return reason;
}
