/* SPDX-License-Identifier: Apache-2.0 */
#include "forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/der.h"
#include "crypto/pem.h"

#define OID_COMMON_NAME "\x55\x04\x03"

/* A 2048-bit RSA key's SubjectPublicKeyInfo begins so; the modulus does not matter here. */
static const uint8_t rsa_spki_head[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                        0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                        0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};

static void must(bool condition) {
    if (!condition) abort();
}

static const grille_crypto *crypto(void) {
    return grille_crypto_wolf();
}

forge_template forge_template_of(const char *subject, grille_curve curve) {
    return (forge_template){.subject = subject,
                            .not_before_ms = FORGE_NOW_MS - FORGE_HOUR_MS,
                            .not_after_ms = FORGE_NOW_MS + FORGE_HOUR_MS,
                            .curve = curve,
                            .hash = curve == GRILLE_P384 ? GRILLE_SHA384 : GRILLE_SHA256,
                            .version = 2};
}

void forge_add(forge_template *t, const char *oid, size_t oid_len, bool critical, const void *value, size_t len) {
    forge_extension *e = &t->extensions[t->extension_count++];
    must(t->extension_count <= FORGE_EXTENSIONS_MAX && oid_len <= sizeof e->oid && len <= sizeof e->value);
    *e = (forge_extension){.oid_len = oid_len, .critical = critical, .len = len};
    memcpy(e->oid, oid, oid_len);
    memcpy(e->value, value, len);
}

static void add_written(forge_template *t, const char *oid, bool critical, const grille_writer *value) {
    grille_bytes written = grille_written(value);
    must(grille_writer_end(value) == GRILLE_REASON_OK);
    forge_add(t, oid, 3, critical, written.data, written.len);
}

void forge_basic_constraints(forge_template *t, bool critical, bool is_ca, int path_len) {
    uint8_t bytes[64];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    size_t mark = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    if (is_ca) grille_der_write_true(&w);
    if (path_len >= 0) grille_der_write_small(&w, (uint8_t)path_len);
    grille_der_end(&w, mark);
    add_written(t, "\x55\x1d\x13", critical, &w);
}

void forge_key_usage(forge_template *t, bool critical, uint8_t bits) {
    uint8_t unused = 0;
    while (unused < 7 && (bits >> unused & 1) == 0)
        unused++;
    forge_add(t, "\x55\x1d\x0f", 3, critical, (const uint8_t[]){0x03, 0x02, unused, bits}, 4);
}

void forge_extended_key_usage(forge_template *t, bool client, bool server) {
    uint8_t bytes[64];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    size_t mark = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    if (client) grille_der_write(&w, GRILLE_DER_OID, grille_bytes_of("\x2b\x06\x01\x05\x05\x07\x03\x02", 8));
    if (server) grille_der_write(&w, GRILLE_DER_OID, grille_bytes_of("\x2b\x06\x01\x05\x05\x07\x03\x01", 8));
    if (!client && !server) {
        grille_der_write(&w, GRILLE_DER_OID, grille_bytes_of("\x2b\x06\x01\x05\x05\x07\x03\x03", 8));
    }
    grille_der_end(&w, mark);
    add_written(t, "\x55\x1d\x25", false, &w);
}

void forge_alternative_names(forge_template *t, const char *dns, const char *uri) {
    uint8_t bytes[256];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    size_t mark = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    if (dns != NULL) grille_der_write(&w, GRILLE_DER_CONTEXT(2), grille_bytes_of_text(dns));
    if (uri != NULL) grille_der_write(&w, GRILLE_DER_CONTEXT(6), grille_bytes_of_text(uri));
    grille_der_end(&w, mark);
    add_written(t, "\x55\x1d\x11", false, &w);
}

void forge_name_constraints(forge_template *t, bool critical) {
    /* permittedSubtrees: dNSName "example" */
    static const uint8_t value[] = {0x30, 0x0d, 0xa0, 0x0b, 0x30, 0x09, 0x82, 0x07, 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
    forge_add(t, "\x55\x1d\x1e", 3, critical, value, sizeof value);
}

forge_template forge_ca(const char *subject, grille_curve curve) {
    forge_template t = forge_template_of(subject, curve);
    forge_basic_constraints(&t, true, true, -1);
    forge_key_usage(&t, true, GRILLE_KEY_USAGE_CERT_SIGN | GRILLE_KEY_USAGE_CRL_SIGN);
    return t;
}

forge_template forge_leaf(const char *subject, grille_curve curve, const char *dns, const char *uri) {
    forge_template t = forge_template_of(subject, curve);
    forge_key_usage(&t, true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
    forge_extended_key_usage(&t, true, true);
    if (dns != NULL || uri != NULL) forge_alternative_names(&t, dns, uri);
    return t;
}

static void write_algorithm(grille_writer *w, grille_hash_kind hash, bool rsa) {
    size_t mark = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    if (rsa) {
        grille_der_write(w, GRILLE_DER_OID, grille_bytes_of("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9));
        grille_der_write(w, GRILLE_DER_NULL, grille_bytes_of(NULL, 0));
    } else {
        const char *oid =
            hash == GRILLE_SHA384 ? "\x2a\x86\x48\xce\x3d\x04\x03\x03" : "\x2a\x86\x48\xce\x3d\x04\x03\x02";
        grille_der_write(w, GRILLE_DER_OID, grille_bytes_of(oid, 8));
    }
    grille_der_end(w, mark);
}

/* shaNWithRSAEncryption */
static void write_rsa_algorithm(grille_writer *w, grille_rsa_hash hash) {
    const char *oids[] = {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c",
                          "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"};
    size_t mark = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    grille_der_write(w, GRILLE_DER_OID, grille_bytes_of(oids[hash], 9));
    grille_der_write(w, GRILLE_DER_NULL, grille_bytes_of(NULL, 0));
    grille_der_end(w, mark);
}

static void write_signature_algorithm(grille_writer *w, const forge_template *t, const rsa_forge_key *rsa) {
    if (t->algorithm.len != 0) {
        grille_write_bytes(w, t->algorithm);
    } else if (rsa != NULL) {
        write_rsa_algorithm(w, t->rsa_hash);
    } else {
        write_algorithm(w, t->hash, t->rsa_signature);
    }
}

static void write_common_name(grille_writer *w, const char *name) {
    size_t set = grille_der_begin(w, GRILLE_DER_SET);
    size_t attribute = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    grille_der_write(w, GRILLE_DER_OID, grille_bytes_of_text(OID_COMMON_NAME));
    grille_der_write(w, GRILLE_DER_UTF8_STRING, grille_bytes_of_text(name));
    grille_der_end(w, attribute);
    grille_der_end(w, set);
}

static void write_name(grille_writer *w, const char *name, const char *second) {
    size_t mark = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    if (name != NULL) write_common_name(w, name);
    if (second != NULL) write_common_name(w, second);
    grille_der_end(w, mark);
}

static void write_time(grille_writer *w, grille_wall_ms time_ms, bool general, grille_bytes given) {
    uint8_t bytes[32];
    grille_writer utc = grille_writer_into(bytes, sizeof bytes);
    grille_der_write_time(&utc, time_ms);
    if (given.len != 0) {
        grille_write_bytes(w, given);
    } else if (!general) {
        grille_write_bytes(w, grille_written(&utc));
    } else {
        char text[16] = "20";
        memcpy(&text[2], &bytes[2], 13);
        grille_der_write(w, GRILLE_DER_GENERALIZED_TIME, grille_bytes_of(text, 15));
    }
}

static void write_key(grille_writer *w, const forge_template *t, const grille_private_key *key) {
    uint8_t point[GRILLE_POINT_MAX], spki[GRILLE_SPKI_MAX];
    size_t point_len = 0, len = 0;
    if (t->public_key.len != 0) {
        grille_write_bytes(w, t->public_key);
        return;
    }
    if (t->rsa != NULL) {
        uint8_t rsa_spki[700];
        grille_write_bytes(w, grille_bytes_of(rsa_spki, rsa_forge_spki(t->rsa, rsa_spki, sizeof rsa_spki)));
        return;
    }
    if (t->rsa_key) {
        grille_write_bytes(w, grille_bytes_of(rsa_spki_head, sizeof rsa_spki_head));
        for (int i = 0; i < 256; i++)
            grille_write_u8(w, 0xa5);
        grille_write_bytes(w, grille_bytes_of("\x02\x03\x01\x00\x01", 5));
        return;
    }
    must(crypto()->key_point(key, point, sizeof point, &point_len) == GRILLE_REASON_OK);
    must(grille_spki_write(crypto()->key_curve(key), grille_bytes_of(point, point_len), spki, sizeof spki, &len) ==
         GRILLE_REASON_OK);
    grille_write_bytes(w, grille_bytes_of(spki, len));
}

static void write_extensions(grille_writer *w, const forge_template *t) {
    size_t outer, list;
    if (t->extension_count == 0 && t->extension_list.len == 0) return;
    outer = grille_der_begin(w, GRILLE_DER_CONTEXT_CONSTRUCTED(3));
    list = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    grille_write_bytes(w, t->extension_list);
    for (size_t i = 0; i < t->extension_count && t->extension_list.len == 0; i++) {
        const forge_extension *e = &t->extensions[i];
        size_t mark = grille_der_begin(w, GRILLE_DER_SEQUENCE);
        grille_der_write(w, GRILLE_DER_OID, grille_bytes_of(e->oid, e->oid_len));
        if (e->critical) grille_der_write_true(w);
        if (e->false_encoded) grille_der_write(w, GRILLE_DER_BOOLEAN, grille_bytes_of("\x00", 1));
        grille_der_write(w, GRILLE_DER_OCTET_STRING, grille_bytes_of(e->value, e->len));
        grille_der_end(w, mark);
    }
    grille_der_end(w, list);
    grille_der_end(w, outer);
}

static void write_to_be_signed(grille_writer *w, const forge_template *t, const char *issuer,
                               const grille_private_key *key, const rsa_forge_key *rsa_signer) {
    size_t tbs = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    size_t version = grille_der_begin(w, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    size_t validity;
    grille_der_write_small(w, t->version);
    grille_der_end(w, version);
    if (t->serial.len != 0) {
        grille_write_bytes(w, t->serial);
    } else {
        grille_der_write_unsigned(w, grille_bytes_of("\x4b\x1d", 2));
    }
    if (t->other_inner_algorithm) {
        write_algorithm(w, t->hash == GRILLE_SHA384 ? GRILLE_SHA256 : GRILLE_SHA384, false);
    } else {
        write_signature_algorithm(w, t, rsa_signer);
    }
    write_name(w, issuer, NULL);
    validity = grille_der_begin(w, GRILLE_DER_SEQUENCE);
    write_time(w, t->not_before_ms, t->general_time, t->not_before);
    write_time(w, t->not_after_ms, t->general_time, t->not_after);
    grille_der_end(w, validity);
    write_name(w, t->subject, t->second_subject);
    write_key(w, t, key);
    if (t->unique_id) grille_der_write(w, GRILLE_DER_CONTEXT(1), grille_bytes_of("\x00\x01", 2));
    write_extensions(w, t);
    grille_der_end(w, tbs);
}

static void write_ecdsa_signature(grille_writer *w, const forge_template *t, grille_bytes tbs,
                                  const grille_private_key *key) {
    uint8_t digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX], der[128];
    size_t raw_len = 0, len = 0;
    size_t mark;
    must(crypto()->hash(t->hash, &tbs, 1, digest) == GRILLE_REASON_OK);
    must(crypto()->key_sign(key, grille_bytes_of(digest, grille_hash_len(t->hash)), raw, sizeof raw, &raw_len) ==
         GRILLE_REASON_OK);
    must(grille_signature_to_der(grille_bytes_of(raw, raw_len), der, sizeof der, &len) == GRILLE_REASON_OK);
    mark = grille_der_begin(w, GRILLE_DER_BIT_STRING);
    grille_write_u8(w, 0);
    grille_write_bytes(w, grille_bytes_of(der, len));
    grille_der_end(w, mark);
}

static void write_rsa_signature(grille_writer *w, const forge_template *t, grille_bytes tbs, const rsa_forge_key *key) {
    uint8_t signature[RSA_FORGE_MAX];
    size_t mark = grille_der_begin(w, GRILLE_DER_BIT_STRING);
    rsa_forge_sign(key, t->rsa_hash, t->rsa_padding, tbs, signature);
    grille_write_u8(w, 0);
    grille_write_bytes(w, grille_bytes_of(signature, key->len));
    grille_der_end(w, mark);
}

void forge_certificate_over(const forge_template *t, const forge_identity *issuer, grille_private_key *key,
                            forge_identity *out) {
    const char *issuer_name = t->issuer != NULL ? t->issuer : issuer != NULL ? issuer->subject : t->subject;
    const grille_private_key *signer = t->signer != NULL ? t->signer : issuer != NULL ? issuer->key : key;
    const rsa_forge_key *rsa_signer = t->signer != NULL ? NULL : issuer != NULL ? issuer->rsa : t->rsa;
    uint8_t tbs_bytes[3072];
    grille_writer tbs = grille_writer_into(tbs_bytes, sizeof tbs_bytes);
    grille_writer w = grille_writer_into(out->der, sizeof out->der);
    size_t mark;
    out->key = key;
    out->rsa = t->rsa;
    out->curve = key != NULL ? crypto()->key_curve(key) : t->curve;
    (void)snprintf(out->subject, sizeof out->subject, "%s", t->subject != NULL ? t->subject : "");
    write_to_be_signed(&tbs, t, issuer_name, key, rsa_signer);
    must(grille_writer_end(&tbs) == GRILLE_REASON_OK);
    mark = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    grille_write_bytes(&w, grille_written(&tbs));
    write_signature_algorithm(&w, t, rsa_signer);
    if (rsa_signer != NULL)
        write_rsa_signature(&w, t, grille_written(&tbs), rsa_signer);
    else
        write_ecdsa_signature(&w, t, grille_written(&tbs), signer);
    grille_der_end(&w, mark);
    grille_write_zeros(&w, t->trailing_bytes);
    must(grille_writer_end(&w) == GRILLE_REASON_OK);
    out->len = grille_written(&w).len;
    if (t->long_length) { /* 30 82 hh ll becomes 30 83 00 hh ll */
        memmove(&out->der[3], &out->der[2], out->len - 2);
        out->der[1] = 0x83;
        out->der[2] = 0;
        out->len++;
    }
}

void forge_certificate(const forge_template *t, const forge_identity *issuer, forge_identity *out) {
    grille_private_key *key = NULL;
    if (t->rsa == NULL) must(crypto()->key_generate(t->curve, &key) == GRILLE_REASON_OK);
    forge_certificate_over(t, issuer, key, out);
}

void forge_free(forge_identity *identity) {
    if (identity->key != NULL) crypto()->key_free(identity->key);
    identity->key = NULL;
}

grille_bytes forge_der(const forge_identity *identity) {
    return grille_bytes_of(identity->der, identity->len);
}

const char *forge_file(const char *name, grille_bytes content) {
    static char paths[4][512];
    static int next;
    const char *folder = getenv("TEST_TMPDIR");
    char *path = paths[next++ % 4];
    FILE *file;
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder != NULL ? folder : "/tmp", name);
    file = fopen(path, "wb");
    must(file != NULL);
    must(fwrite(content.data, 1, content.len, file) == content.len || content.len == 0);
    must(fclose(file) == 0);
    return path;
}

const char *forge_pem(const forge_identity *identity) {
    static char text[8192];
    size_t len = 0;
    must(grille_pem_write(GRILLE_PEM_CERTIFICATE, forge_der(identity), text, sizeof text - 1, &len) ==
         GRILLE_REASON_OK);
    text[len] = '\0';
    return text;
}

const char *forge_chain_file(const forge_identity *const *certificates, size_t count) {
    static int number;
    static char text[65536];
    char name[32];
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, forge_pem(certificates[i]));
    (void)snprintf(name, sizeof name, "chain%d.pem", number++);
    return forge_file(name, grille_bytes_of_text(text));
}

const char *forge_key_file(const forge_identity *identity) {
    static int number;
    uint8_t der[256];
    char text[512], name[32];
    size_t der_len = 0, len = 0;
    must(crypto()->key_export(identity->key, der, sizeof der, &der_len) == GRILLE_REASON_OK);
    must(grille_pem_write(GRILLE_PEM_EC_PRIVATE_KEY, grille_bytes_of(der, der_len), text, sizeof text, &len) ==
         GRILLE_REASON_OK);
    (void)snprintf(name, sizeof name, "key%d.pem", number++);
    return forge_file(name, grille_bytes_of(text, len));
}
