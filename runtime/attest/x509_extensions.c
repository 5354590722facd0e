/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/x509_extensions.h"

#include "attest/der.h"
#include "base/bytes.h"
#include "wire/limits.h"

#define REFUSED GRILLE_REASON_ATTEST_CERT_FORMAT

/* Tags of GeneralName (RFC 5280 4.2.1.6). */
#define NAME_DNS 0x82u
#define NAME_URI 0x86u

typedef struct extension {
    grille_bytes oid;
    bool critical;
    grille_bytes value;
} extension;

static void read_basic_constraints(grille_reader *value, const extension *e, grille_x509 *certificate) {
    grille_reader fields = grille_reader_of(grille_der_take(value, GRILLE_DER_SEQUENCE));
    certificate->has_basic_constraints = true;
    certificate->basic_constraints_critical = e->critical;
    certificate->is_ca = grille_der_take_default_false(&fields);
    if (certificate->is_ca && fields.left > 0) certificate->path_len = grille_der_take_small(&fields);
    grille_der_leave(&fields, value);
}

static void read_key_usage(grille_reader *value, const extension *e, grille_x509 *certificate) {
    (void)e;
    certificate->has_key_usage = true;
    certificate->key_usage = grille_der_take_named_bits(value);
}

static void read_extended_key_usage(grille_reader *value, const extension *e, grille_x509 *certificate) {
    static const char server_auth[] = "\x2b\x06\x01\x05\x05\x07\x03\x01";
    static const char client_auth[] = "\x2b\x06\x01\x05\x05\x07\x03\x02";
    grille_reader purposes = grille_reader_of(grille_der_take(value, GRILLE_DER_SEQUENCE));
    (void)e;
    certificate->has_extended_key_usage = true;
    do {
        grille_bytes purpose = grille_der_take_oid(&purposes);
        if (grille_bytes_equal(purpose, grille_bytes_of_text(server_auth))) certificate->allows_server_auth = true;
        if (grille_bytes_equal(purpose, grille_bytes_of_text(client_auth))) certificate->allows_client_auth = true;
    } while (!purposes.failed && purposes.left > 0);
    grille_der_leave(&purposes, value);
}

static void read_alternative_names(grille_reader *value, const extension *e, grille_x509 *certificate) {
    grille_reader names;
    (void)e;
    certificate->alternative_names = grille_der_take(value, GRILLE_DER_SEQUENCE);
    names = grille_reader_of(certificate->alternative_names);
    do {
        grille_bytes name;
        unsigned tag = grille_der_take_any(&names, &name);
        if ((tag & 0xc0u) != 0x80u) grille_reader_fail(&names, REFUSED);
    } while (!names.failed && names.left > 0);
    grille_der_leave(&names, value);
}

static void read_name_constraints(grille_reader *value, const extension *e, grille_x509 *certificate) {
    (void)e;
    (void)grille_der_take(value, GRILLE_DER_SEQUENCE);
    certificate->has_name_constraints = true;
}

/* Extensions whose content is of no use here and whose being critical would change nothing that is checked are not in
 * this table: critical, they are refused, as RFC 5280 4.2 wants. */
static const struct {
    const char *oid; /* content after 55 1d, id-ce */
    void (*read)(grille_reader *value, const extension *e, grille_x509 *certificate);
} known[] = {
    {"\x13", read_basic_constraints}, {"\x0f", read_key_usage},        {"\x25", read_extended_key_usage},
    {"\x11", read_alternative_names}, {"\x1e", read_name_constraints},
};

static void read_value(grille_reader *reader, const extension *e, grille_x509 *certificate) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint8_t oid[] = {0x55, 0x1d, (uint8_t)known[i].oid[0]};
        grille_reader value = grille_reader_of(e->value);
        if (!grille_bytes_equal(e->oid, grille_bytes_of(oid, sizeof oid))) continue;
        known[i].read(&value, e, certificate);
        grille_der_leave(&value, reader);
        return;
    }
    if (e->critical) certificate->has_unknown_critical_extension = true;
}

static extension read_extension(grille_reader *reader) {
    grille_reader fields = grille_reader_of(grille_der_take(reader, GRILLE_DER_SEQUENCE));
    extension e;
    e.oid = grille_der_take_oid(&fields);
    e.critical = grille_der_take_default_false(&fields);
    e.value = grille_der_take(&fields, GRILLE_DER_OCTET_STRING);
    grille_der_leave(&fields, reader);
    return e;
}

void grille_x509_read_extensions(grille_reader *reader, grille_x509 *certificate) {
    grille_reader outer = grille_reader_of(grille_der_take(reader, GRILLE_DER_CONTEXT_CONSTRUCTED(3)));
    grille_reader list = grille_reader_of(grille_der_take(&outer, GRILLE_DER_SEQUENCE));
    grille_bytes seen[GRILLE_LIMIT_CERTIFICATE_EXTENSIONS];
    size_t count = 0;
    grille_der_leave(&outer, reader);
    do {
        extension e = read_extension(&list);
        for (size_t i = 0; i < count; i++) {
            if (grille_bytes_equal(seen[i], e.oid)) {
                grille_reader_fail(&list, GRILLE_REASON_ATTEST_CERT_DUPLICATE_EXTENSION);
            }
        }
        if (count == GRILLE_LIMIT_CERTIFICATE_EXTENSIONS) grille_reader_fail(&list, REFUSED);
        if (!list.failed) {
            seen[count++] = e.oid;
            read_value(&list, &e, certificate);
        }
    } while (!list.failed && list.left > 0);
    grille_der_leave(&list, reader);
}

bool grille_x509_has_name(const grille_x509 *certificate, grille_x509_name_kind kind, grille_bytes name) {
    grille_reader names = grille_reader_of(certificate->alternative_names);
    unsigned wanted = kind == GRILLE_X509_DNS ? NAME_DNS : NAME_URI;
    while (!names.failed && names.left > 0) {
        grille_bytes held;
        unsigned tag = grille_der_take_any(&names, &held);
        if (tag == wanted && name.len != 0 && grille_bytes_equal(held, name)) return true;
    }
    return false;
}

grille_bytes grille_x509_first_name(const grille_x509 *certificate) {
    grille_reader names = grille_reader_of(certificate->alternative_names);
    while (!names.failed && names.left > 0) {
        grille_bytes held;
        unsigned tag = grille_der_take_any(&names, &held);
        if (tag == NAME_DNS || tag == NAME_URI) return held;
    }
    return grille_bytes_of(NULL, 0);
}
