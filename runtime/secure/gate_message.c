/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/gate_message.h"

#include <string.h>

#include "base/bytes.h"

typedef struct gate_type_row {
    const char *name;
    size_t payload_max;
} gate_type_row;

static const gate_type_row types[] = {
    [GRILLE_GATE_HELLO] = {"HELLO", GRILLE_LIMIT_HELLO_BYTES},
    [GRILLE_GATE_EVIDENCE] = {"EVIDENCE", GRILLE_LIMIT_EVIDENCE_BYTES},
    [GRILLE_GATE_CONFIRM] = {"CONFIRM", 1 + GRILLE_GATE_CONFIRM_BYTES},
    [GRILLE_GATE_REFUSED] = {"REFUSED", 1},
    [GRILLE_GATE_REQUEST] = {"REQUEST", 1},
};

static bool known(uint8_t type) {
    return type < sizeof types / sizeof types[0] && types[type].name != NULL;
}

const char *grille_gate_type_name(uint8_t type) {
    return known(type) ? types[type].name : "UNKNOWN";
}

size_t grille_gate_payload_max(uint8_t type) {
    return known(type) ? types[type].payload_max : 0;
}

static void expect_type(grille_reader *reader, grille_gate_type type) {
    if (grille_read_u8(reader) != type) grille_reader_fail(reader, GRILLE_REASON_GATE_BAD_MESSAGE);
}

/* The cursor's own findings are all one reason here. */
static grille_reason end(const grille_reader *reader) {
    const grille_reason reason = grille_reader_end(reader);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_GATE_VERSION) return reason;
    return GRILLE_REASON_GATE_BAD_MESSAGE;
}

static bool has_duplicate(grille_bytes kinds) {
    for (size_t i = 0; i < kinds.len; i++)
        if (memchr(kinds.data + i + 1, kinds.data[i], kinds.len - i - 1) != NULL) return true;
    return false;
}

static void check_hello(grille_reader *reader, const grille_gate_hello *hello, grille_bytes kinds) {
    const bool bad = (hello->flags & ~GRILLE_GATE_INITIATOR_FIRST) != 0 || kinds.len == 0 ||
                     kinds.len > GRILLE_LIMIT_HELLO_KINDS || has_duplicate(kinds);
    if (bad) grille_reader_fail(reader, GRILLE_REASON_GATE_BAD_MESSAGE);
}

grille_reason grille_gate_hello_decode(grille_bytes payload, grille_gate_hello *out) {
    grille_reader reader = grille_reader_of(payload);
    grille_gate_hello hello = {0};
    grille_bytes nonce;
    grille_bytes kinds;
    grille_reason reason = GRILLE_REASON_OK;
    if (payload.len > GRILLE_LIMIT_HELLO_BYTES) return GRILLE_REASON_GATE_BAD_MESSAGE;
    expect_type(&reader, GRILLE_GATE_HELLO);
    if (grille_read_u8(&reader) != GRILLE_GATE_VERSION) grille_reader_fail(&reader, GRILLE_REASON_GATE_VERSION);
    hello.flags = grille_read_u8(&reader);
    hello.epoch = grille_read_u32(&reader);
    nonce = grille_read_bytes(&reader, GRILLE_GATE_NONCE_BYTES);
    kinds = grille_read_bytes(&reader, grille_read_u8(&reader));
    check_hello(&reader, &hello, kinds);
    reason = end(&reader);
    if (reason != GRILLE_REASON_OK) return reason;
    memcpy(hello.nonce, nonce.data, nonce.len);
    hello.kind_count = (uint8_t)kinds.len;
    memcpy(hello.kinds, kinds.data, kinds.len);
    *out = hello;
    return GRILLE_REASON_OK;
}

grille_reason grille_gate_evidence_decode(grille_bytes payload, grille_gate_evidence *out) {
    grille_reader reader = grille_reader_of(payload);
    grille_gate_evidence evidence = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (payload.len > GRILLE_LIMIT_EVIDENCE_BYTES) return GRILLE_REASON_GATE_BAD_MESSAGE;
    expect_type(&reader, GRILLE_GATE_EVIDENCE);
    evidence.kind = grille_read_u8(&reader);
    evidence.claims = grille_read_block_u16(&reader);
    evidence.body = grille_read_block_u16(&reader);
    if (evidence.claims.len > GRILLE_LIMIT_CLAIMS_BYTES) grille_reader_fail(&reader, GRILLE_REASON_GATE_BAD_MESSAGE);
    reason = end(&reader);
    if (reason == GRILLE_REASON_OK) *out = evidence;
    return reason;
}

grille_reason grille_gate_confirm_decode(grille_bytes payload, grille_bytes *mac) {
    grille_reader reader = grille_reader_of(payload);
    grille_bytes read;
    grille_reason reason = GRILLE_REASON_OK;
    expect_type(&reader, GRILLE_GATE_CONFIRM);
    read = grille_read_bytes(&reader, GRILLE_GATE_CONFIRM_BYTES);
    reason = end(&reader);
    if (reason == GRILLE_REASON_OK) *mac = read;
    return reason;
}

grille_reason grille_gate_empty_decode(grille_bytes payload, grille_gate_type type) {
    grille_reader reader = grille_reader_of(payload);
    expect_type(&reader, type);
    return end(&reader);
}

void grille_gate_hello_write(grille_writer *writer, const grille_gate_hello *hello) {
    grille_write_u8(writer, GRILLE_GATE_HELLO);
    grille_write_u8(writer, GRILLE_GATE_VERSION);
    grille_write_u8(writer, hello->flags);
    grille_write_u32(writer, hello->epoch);
    grille_write_bytes(writer, grille_bytes_of(hello->nonce, sizeof hello->nonce));
    grille_write_u8(writer, hello->kind_count);
    grille_write_bytes(writer, grille_bytes_of(hello->kinds, hello->kind_count));
}

void grille_gate_evidence_write(grille_writer *writer, const grille_gate_evidence *evidence) {
    grille_write_u8(writer, GRILLE_GATE_EVIDENCE);
    grille_write_u8(writer, evidence->kind);
    grille_write_block_u16(writer, evidence->claims);
    grille_write_block_u16(writer, evidence->body);
}

void grille_gate_confirm_write(grille_writer *writer, const uint8_t mac[GRILLE_GATE_CONFIRM_BYTES]) {
    grille_write_u8(writer, GRILLE_GATE_CONFIRM);
    grille_write_bytes(writer, grille_bytes_of(mac, GRILLE_GATE_CONFIRM_BYTES));
}

void grille_gate_empty_write(grille_writer *writer, grille_gate_type type) {
    grille_write_u8(writer, (uint8_t)type);
}

bool grille_gate_hello_offers(const grille_gate_hello *hello, uint8_t kind) {
    return memchr(hello->kinds, kind, hello->kind_count) != NULL;
}
