/* SPDX-License-Identifier: Apache-2.0 */
#include "cms_forge.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/der.h"

typedef struct output {
    grille_writer writer;
    const cms_forge *forge;
} output;

/* An element that is open: of indefinite length, or with a mark. */
typedef struct element {
    bool indefinite;
    size_t mark;
} element;

static const uint8_t zeros[512];

static bool has(const output *out, cms_forge_defect defect) {
    return out->forge->defect == defect;
}

static element begin_as(output *out, unsigned tag, bool indefinite) {
    element opened = {.indefinite = indefinite};
    if (indefinite) {
        grille_write_u8(&out->writer, (uint8_t)tag);
        grille_write_u8(&out->writer, 0x80);
    } else {
        opened.mark = grille_der_begin(&out->writer, tag);
    }
    return opened;
}

static element begin(output *out, unsigned tag) {
    return begin_as(out, tag, out->forge->all_indefinite);
}

static element begin_outside(output *out, unsigned tag) {
    return begin_as(out, tag, out->forge->all_indefinite || out->forge->indefinite);
}

static void end(output *out, element opened) {
    if (opened.indefinite)
        grille_write_zeros(&out->writer, 2);
    else
        grille_der_end(&out->writer, opened.mark);
}

static void write_bytes(output *out, unsigned tag, const void *bytes, size_t len) {
    grille_der_write(&out->writer, tag, grille_bytes_of(bytes, len));
}

/* 1.2.840.113549.1.<section>.<last> */
static void write_rsadsi(output *out, uint8_t section, uint8_t last) {
    const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, section, last};
    write_bytes(out, GRILLE_DER_OID, oid, sizeof oid);
}

/* 2.16.840.1.101.3.4.<section>.<last> */
static void write_nist(output *out, uint8_t section, uint8_t last) {
    const uint8_t oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, section, last};
    write_bytes(out, GRILLE_DER_OID, oid, sizeof oid);
}

static void write_hash(output *out, bool other) {
    const element algorithm = begin(out, GRILLE_DER_SEQUENCE);
    write_nist(out, 2, other ? 2 : 1);
    if (has(out, CMS_FORGE_HASH_PARAMETERS))
        grille_der_write_small(&out->writer, 0);
    else if (!out->forge->no_null)
        write_bytes(out, GRILLE_DER_NULL, NULL, 0);
    end(out, algorithm);
}

static void write_mask(output *out) {
    const element mask = begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(1));
    const element algorithm = begin(out, GRILLE_DER_SEQUENCE);
    if (has(out, CMS_FORGE_OTHER_MASK))
        write_nist(out, 2, 1);
    else
        write_rsadsi(out, 1, 8);
    write_hash(out, has(out, CMS_FORGE_OTHER_MASK_HASH));
    end(out, algorithm);
    end(out, mask);
}

static void write_oaep_parameters(output *out) {
    const element parameters = begin(out, GRILLE_DER_SEQUENCE);
    if (!has(out, CMS_FORGE_EMPTY_OAEP_PARAMETERS)) {
        const element hash = begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
        write_hash(out, has(out, CMS_FORGE_OTHER_HASH));
        end(out, hash);
        if (!has(out, CMS_FORGE_NO_MASK)) write_mask(out);
    }
    if (has(out, CMS_FORGE_LABEL)) {
        const element label = begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(2));
        const element algorithm = begin(out, GRILLE_DER_SEQUENCE);
        write_rsadsi(out, 1, 9);
        write_bytes(out, GRILLE_DER_OCTET_STRING, NULL, 0);
        end(out, algorithm);
        end(out, label);
    }
    end(out, parameters);
}

static void write_recipient_name(output *out) {
    const grille_bytes name = out->forge->recipient;
    if (has(out, CMS_FORGE_ISSUER_AND_SERIAL)) {
        const element issuer = begin(out, GRILLE_DER_SEQUENCE);
        const element names = begin(out, GRILLE_DER_SEQUENCE);
        end(out, names);
        grille_der_write_small(&out->writer, 1);
        end(out, issuer);
    } else if (has(out, CMS_FORGE_CONSTRUCTED_IDENTIFIER)) {
        const element outer = begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
        write_bytes(out, GRILLE_DER_OCTET_STRING, name.data, name.len);
        end(out, outer);
    } else {
        write_bytes(out, GRILLE_DER_CONTEXT(0), name.data, has(out, CMS_FORGE_SHORT_IDENTIFIER) ? 20 : name.len);
    }
}

static void write_encrypted_key(output *out) {
    const grille_bytes key = out->forge->encrypted_key;
    if (has(out, CMS_FORGE_RSA_3072))
        write_bytes(out, GRILLE_DER_OCTET_STRING, zeros, 384);
    else
        write_bytes(out, GRILLE_DER_OCTET_STRING, key.data, has(out, CMS_FORGE_RSA_1024) ? 128 : key.len);
}

static void write_recipient(output *out) {
    const element recipient = begin(out, GRILLE_DER_SEQUENCE);
    element algorithm;
    grille_der_write_small(&out->writer, has(out, CMS_FORGE_RECIPIENT_VERSION) ? 0 : 2);
    write_recipient_name(out);
    algorithm = begin(out, GRILLE_DER_SEQUENCE);
    write_rsadsi(out, 1, has(out, CMS_FORGE_PKCS1_PADDING) ? 1 : 7);
    if (!has(out, CMS_FORGE_NO_OAEP_PARAMETERS)) write_oaep_parameters(out);
    end(out, algorithm);
    write_encrypted_key(out);
    if (has(out, CMS_FORGE_RECIPIENT_TAIL)) write_bytes(out, GRILLE_DER_NULL, NULL, 0);
    end(out, recipient);
}

static void write_segments(output *out) {
    grille_reader left = grille_reader_of(out->forge->content);
    const size_t most = out->forge->segment_len;
    if (has(out, CMS_FORGE_CONTENT_IS_TEXT)) write_bytes(out, GRILLE_DER_UTF8_STRING, zeros, 16);
    while (left.left > 0 && !has(out, CMS_FORGE_EMPTY_CONTENT)) {
        const size_t len = most == 0 || most > left.left ? left.left : most;
        grille_der_write(&out->writer, GRILLE_DER_OCTET_STRING, grille_read_bytes(&left, len));
    }
    if (has(out, CMS_FORGE_HALF_BLOCK)) write_bytes(out, GRILLE_DER_OCTET_STRING, zeros, 8);
}

static void write_nested(output *out, unsigned depth) {
    const element opened = begin_outside(out, GRILLE_DER_OCTET_STRING | GRILLE_BER_CONSTRUCTED);
    if (depth > 1)
        write_nested(out, depth - 1);
    else
        write_segments(out);
    end(out, opened);
}

static void write_content(output *out) {
    const grille_bytes content = out->forge->content;
    element opened;
    if (has(out, CMS_FORGE_NO_CONTENT)) return;
    if (out->forge->form == CMS_FORGE_PRIMITIVE) {
        write_bytes(out, GRILLE_DER_CONTEXT(0), content.data,
                    has(out, CMS_FORGE_EMPTY_CONTENT) ? 0 : content.len - (has(out, CMS_FORGE_HALF_BLOCK) ? 8 : 0));
        return;
    }
    opened = begin_outside(out, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    if (out->forge->form == CMS_FORGE_NESTED)
        write_nested(out, out->forge->depth);
    else
        write_segments(out);
    end(out, opened);
}

static void write_content_info(output *out) {
    const grille_bytes iv = out->forge->iv;
    const element info = begin_outside(out, GRILLE_DER_SEQUENCE);
    element algorithm;
    write_rsadsi(out, 7, has(out, CMS_FORGE_INNER_CONTENT_TYPE) ? 2 : 1);
    algorithm = begin(out, GRILLE_DER_SEQUENCE);
    write_nist(out, 1, has(out, CMS_FORGE_AES_128) ? 2 : has(out, CMS_FORGE_AES_GCM) ? 46 : 42);
    write_bytes(out, GRILLE_DER_OCTET_STRING, has(out, CMS_FORGE_LONG_IV) ? zeros : iv.data,
                has(out, CMS_FORGE_LONG_IV) ? 32 : iv.len - (has(out, CMS_FORGE_SHORT_IV) ? 1 : 0));
    end(out, algorithm);
    write_content(out);
    if (has(out, CMS_FORGE_CONTENT_TAIL)) write_bytes(out, GRILLE_DER_NULL, NULL, 0);
    end(out, info);
}

static void write_enveloped(output *out) {
    static const uint8_t long_version[] = {0, 2};
    const element enveloped = begin_outside(out, GRILLE_DER_SEQUENCE);
    element recipients;
    if (has(out, CMS_FORGE_LONG_VERSION))
        write_bytes(out, GRILLE_DER_INTEGER, long_version, sizeof long_version);
    else
        grille_der_write_small(&out->writer, has(out, CMS_FORGE_OTHER_VERSION) ? 0 : 2);
    if (has(out, CMS_FORGE_ORIGINATOR)) end(out, begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(0)));
    recipients = begin(out, GRILLE_DER_SET);
    if (!has(out, CMS_FORGE_NO_RECIPIENT)) write_recipient(out);
    if (has(out, CMS_FORGE_TWO_RECIPIENTS)) write_recipient(out);
    end(out, recipients);
    write_content_info(out);
    if (has(out, CMS_FORGE_ATTRIBUTES)) end(out, begin(out, GRILLE_DER_CONTEXT_CONSTRUCTED(1)));
    end(out, enveloped);
}

size_t cms_forge_write(const cms_forge *forge, uint8_t message[CMS_FORGE_MOST]) {
    output out = {.writer = grille_writer_into(message, CMS_FORGE_MOST), .forge = forge};
    const element info = begin_outside(&out, GRILLE_DER_SEQUENCE);
    element content;
    write_rsadsi(&out, 7, has(&out, CMS_FORGE_OTHER_CONTENT_TYPE) ? 2 : 3);
    content = begin_outside(&out, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    write_enveloped(&out);
    end(&out, content);
    end(&out, info);
    if (grille_writer_end(&out.writer) != GRILLE_REASON_OK) abort();
    return out.writer.len;
}
