/* SPDX-License-Identifier: Apache-2.0
 * Messages written; message_read.c reads them. */
#include "nsm/message.h"

#include "base/bytes.h"
#include "nsm/cbor.h"
#include "nsm/message_table.h"

const char *const grille_nsm_field_names[GRILLE_NSM_FIELD_COUNT] = {
    "index",         "range",         "lock",      "data",     "user_data",   "nonce",  "public_key", "version_major",
    "version_minor", "version_patch", "module_id", "max_pcrs", "locked_pcrs", "digest", "random",     "document",
};

#define BIT(name) (1u << GRILLE_NSM_FIELD_##name)

const grille_nsm_operation_row grille_nsm_operations[GRILLE_NSM_OPERATION_COUNT] = {
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

const char *grille_nsm_operation_name(grille_nsm_operation operation) {
    return (unsigned)operation < GRILLE_NSM_OPERATION_COUNT ? grille_nsm_operations[operation].name
                                                            : "unknown operation";
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

static void write_field(grille_writer *writer, unsigned which, const grille_nsm_values *said) {
    grille_nsm_cbor_write_text(writer, grille_nsm_field_names[which]);
    switch (which) {
    case GRILLE_NSM_FIELD_INDEX:
    case GRILLE_NSM_FIELD_RANGE:
        write_unsigned(writer, said->index);
        break;
    case GRILLE_NSM_FIELD_LOCK:
        grille_nsm_cbor_write_bool(writer, said->locked);
        break;
    case GRILLE_NSM_FIELD_USER_DATA:
        grille_nsm_cbor_write_optional(writer, said->attestation.user_data);
        break;
    case GRILLE_NSM_FIELD_NONCE:
        grille_nsm_cbor_write_optional(writer, said->attestation.nonce);
        break;
    case GRILLE_NSM_FIELD_PUBLIC_KEY:
        grille_nsm_cbor_write_optional(writer, said->attestation.public_key);
        break;
    case GRILLE_NSM_FIELD_VERSION_MAJOR:
        write_unsigned(writer, said->description.version_major);
        break;
    case GRILLE_NSM_FIELD_VERSION_MINOR:
        write_unsigned(writer, said->description.version_minor);
        break;
    case GRILLE_NSM_FIELD_VERSION_PATCH:
        write_unsigned(writer, said->description.version_patch);
        break;
    case GRILLE_NSM_FIELD_MODULE_ID:
        grille_nsm_cbor_write_text(writer, said->description.module_id);
        break;
    case GRILLE_NSM_FIELD_MAX_PCRS:
        write_unsigned(writer, said->description.max_pcrs);
        break;
    case GRILLE_NSM_FIELD_LOCKED_PCRS:
        write_locked_pcrs(writer, said->description.locked_pcrs);
        break;
    case GRILLE_NSM_FIELD_DIGEST:
        grille_nsm_cbor_write_text(writer, GRILLE_NSM_DIGEST_NAME);
        break;
    default:
        grille_nsm_cbor_write_bytes(writer, said->data);
        break; /* data, random, document */
    }
}

static void write_message(grille_writer *writer, const char *name, uint32_t fields, const grille_nsm_values *said) {
    unsigned count = 0;
    if (fields == 0) {
        grille_nsm_cbor_write_text(writer, name);
        return;
    }
    for (unsigned i = 0; i < GRILLE_NSM_FIELD_COUNT; i++)
        count += fields >> i & 1;
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, 1);
    grille_nsm_cbor_write_text(writer, name);
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, count);
    for (unsigned i = 0; i < GRILLE_NSM_FIELD_COUNT; i++)
        if ((fields >> i & 1) != 0) write_field(writer, i, said);
}

static void write_error(grille_writer *writer, grille_bytes name) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, 1);
    grille_nsm_cbor_write_text(writer, GRILLE_NSM_ERROR_KEY);
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
    grille_nsm_values said = {.index = command->index, .data = command->data};
    if ((unsigned)command->operation >= GRILLE_NSM_OPERATION_COUNT) return GRILLE_REASON_BAD_ARGUMENT;
    said.attestation.user_data = none_when_empty(command->attestation.user_data);
    said.attestation.nonce = none_when_empty(command->attestation.nonce);
    said.attestation.public_key = none_when_empty(command->attestation.public_key);
    write_message(&writer, grille_nsm_operations[command->operation].name,
                  grille_nsm_operations[command->operation].command_fields, &said);
    return finish(&writer, len);
}

grille_reason grille_nsm_answer_encode(const grille_nsm_answer *answer, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    grille_nsm_values said = {.locked = answer->locked, .data = answer->data, .description = answer->description};
    if ((unsigned)answer->operation >= GRILLE_NSM_OPERATION_COUNT) return GRILLE_REASON_BAD_ARGUMENT;
    if (answer->error_name.data != NULL)
        write_error(&writer, answer->error_name);
    else
        write_message(&writer, grille_nsm_operations[answer->operation].name,
                      grille_nsm_operations[answer->operation].answer_fields, &said);
    return finish(&writer, len);
}
