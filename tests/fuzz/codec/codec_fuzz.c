/* SPDX-License-Identifier: Apache-2.0
 * Both codecs on any bytes: they accept the same messages and see the same in them, but for the list of
 * docs/generated-code.md; what they write again, either of them reads as the same. The first byte chooses the type. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pb_common.h>

#include "base/bytes.h"
#include "codec/prescan.h"
#include "dump.h"
#include "types.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

enum { MEMORY_BYTES = 1 << 22, DEEPEST = 8 };

typedef struct one_side {
    const grille_message_type *type;
    grille_budget budget;
    grille_arena arena;
    void *message;
    grille_reason reason;
    dump_text dump;
} one_side;

static void write_dump(dump_text *text, const grille_message_type *type, const void *message) {
    if (type->codec == &grille_codec_nanopb)
        dump_nanopb(text, type, message);
    else
        dump_protobuf_c(text, message);
}

static void decode(one_side *side, const grille_message_type *type, grille_bytes encoded) {
    grille_error error = {.code = GRILLE_OK};
    *side = (one_side){.type = type};
    grille_budget_init(&side->budget, MEMORY_BYTES);
    grille_arena_init(&side->arena, NULL, 0, &side->budget);
    side->reason = type->codec->decode(type, encoded, &side->arena, &side->message, &error);
    CHECK((side->reason == GRILLE_REASON_OK) == (error.text[0] == 0));
    if (side->reason == GRILLE_REASON_OK) write_dump(&side->dump, type, side->message);
}

static void end(one_side *side) {
    dump_free(&side->dump);
    grille_arena_reset(&side->arena);
    CHECK(side->budget.used_bytes == 0);
}

/* What the schema says of a field; nanopb's descriptors tell presence. */
static bool find(const void *descriptor, uint32_t number, pb_field_iter_t *field) {
    return pb_field_iter_begin(field, descriptor, NULL) && pb_field_iter_find(field, number);
}

static uint64_t take_varint(grille_bytes *rest) {
    uint64_t value = 0;
    for (unsigned shift = 0; rest->len > 0; shift += 7) {
        uint8_t byte = *rest->data;
        *rest = grille_bytes_of(rest->data + 1, rest->len - 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) break;
    }
    return value;
}

static grille_bytes take(grille_bytes *rest, size_t len) {
    grille_bytes taken = grille_bytes_of(rest->data, len);
    CHECK(len <= rest->len);
    *rest = grille_bytes_of(rest->data + len, rest->len - len);
    return taken;
}

/* Is something in a message that passed the scan which they are known to see differently? That is a message that comes
 * twice (protobuf-c replaces it in a oneof, and can't merge one with a oneof that is not set), and text with a zero
 * byte. */
static bool is_listed(grille_bytes rest, const pb_msgdesc_t *descriptor, unsigned depth) {
    uint32_t messages[64];
    size_t count = 0;
    while (rest.len > 0) {
        pb_field_iter_t field;
        uint64_t tag = take_varint(&rest);
        grille_bytes block = {NULL, 0};
        bool known = find(descriptor, (uint32_t)(tag >> 3), &field);
        switch (tag & 7) {
        case 0:
            (void)take_varint(&rest);
            continue;
        case 1:
            (void)take(&rest, 8);
            continue;
        case 5:
            (void)take(&rest, 4);
            continue;
        default:
            block = take(&rest, (size_t)take_varint(&rest));
        }
        if (!known) continue;
        if (PB_LTYPE(field.type) == PB_LTYPE_STRING && block.len > 0 && memchr(block.data, 0, block.len)) return true;
        if (!field.submsg_desc) continue;
        bool repeated = PB_HTYPE(field.type) == PB_HTYPE_REPEATED;
        for (size_t i = 0; i < count && !repeated; i++)
            if (messages[i] == field.tag) return true;
        if (!repeated && count < sizeof(messages) / sizeof(*messages)) messages[count++] = field.tag;
        if (depth < DEEPEST && is_listed(block, field.submsg_desc, depth + 1)) return true;
    }
    return false;
}

/* What `side` writes, both read as what it was; text, which may have lost a part, aside. */
static void write_and_read(const one_side *side, const codec_pair *pair) {
    grille_error error;
    size_t len = 0;
    const grille_codec *codec = side->type->codec;
    CHECK(codec->measure(side->type, side->message, &len, &error) == GRILLE_REASON_OK);
    uint8_t *out = malloc(len ? len : 1);
    CHECK(out);
    CHECK(codec->encode(side->type, side->message, out, len, &error) == GRILLE_REASON_OK);
    const grille_message_type *readers[] = {&pair->protobuf_c, &pair->nanopb};
    for (size_t i = 0; i < 2; i++) {
        one_side again;
        decode(&again, readers[i], grille_bytes_of(out, len));
        bool listed = is_listed(grille_bytes_of(out, len), pair->nanopb.descriptor, 0);
        bool too_large = readers[i]->codec == &grille_codec_nanopb && again.reason == GRILLE_REASON_CODEC_BOUND;
        CHECK(again.reason == GRILLE_REASON_OK || too_large || listed);
        /* -0.0 of protobuf-c is not written. */
        bool zero = codec == &grille_codec_protobuf_c && strstr(side->dump.text, "9223372036854775808");
        zero |= codec == &grille_codec_protobuf_c && strstr(side->dump.text, "2147483648");
        if (again.reason == GRILLE_REASON_OK && !listed && !zero) CHECK(!strcmp(again.dump.text, side->dump.text));
        end(&again);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    one_side protobuf_c, nanopb;
    if (size < 1) return 0;
    const codec_pair *pair = &codec_pairs[data[0] % CODEC_PAIRS];
    grille_bytes encoded = grille_bytes_of(data + 1, size - 1);
    decode(&protobuf_c, &pair->protobuf_c, encoded);
    decode(&nanopb, &pair->nanopb, encoded);
    bool one_accepts = protobuf_c.reason == GRILLE_REASON_OK || nanopb.reason == GRILLE_REASON_OK;
    if (one_accepts && is_listed(encoded, pair->nanopb.descriptor, 0)) {
        CHECK(nanopb.reason == GRILLE_REASON_OK || nanopb.reason == GRILLE_REASON_CODEC_BOUND);
    } else if (protobuf_c.reason == GRILLE_REASON_OK && nanopb.reason == GRILLE_REASON_OK) {
        CHECK(!strcmp(protobuf_c.dump.text, nanopb.dump.text));
    } else if (protobuf_c.reason != GRILLE_REASON_BUDGET && nanopb.reason != GRILLE_REASON_CODEC_BOUND) {
        CHECK(protobuf_c.reason == nanopb.reason);
    }
    if (protobuf_c.reason == GRILLE_REASON_OK) write_and_read(&protobuf_c, pair);
    if (nanopb.reason == GRILLE_REASON_OK) write_and_read(&nanopb, pair);
    end(&protobuf_c);
    end(&nanopb);
    return 0;
}
