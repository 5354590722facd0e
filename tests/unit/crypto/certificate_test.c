/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include <stdio.h>
#include <unistd.h>

#include "crypto/certificate.h"
#include "crypto/der.h"
#include "crypto/pem.h"
#include "crypto/wolf.h"

static const char *const scalars[] = {
    [GRILLE_P256] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
    [GRILLE_P384] = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
};

static const uint8_t serial[16] = {0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

typedef struct written_certificate {
    uint8_t der[GRILLE_CERTIFICATE_MAX];
    size_t len;
    grille_reason reason;
} written_certificate;

static grille_private_key *known_key(grille_curve curve) {
    test_bytes scalar = from_hex(scalars[curve]);
    grille_private_key *key = NULL;
    (void)grille_crypto_wolf();
    assert_reason(OK, grille_wolf_key_from_scalar(curve, view(&scalar), &key));
    return key;
}

/* Over the known key of one curve, signed by that of another. */
static written_certificate write_with(const grille_certificate_template *said, grille_curve subject_curve,
                                      grille_curve issuer_curve) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_private_key *subject = known_key(subject_curve), *issuer = known_key(issuer_curve);
    uint8_t point[GRILLE_POINT_MAX];
    size_t point_len = 0;
    written_certificate written = {.len = 0};
    assert_reason(OK, crypto->key_point(subject, point, sizeof point, &point_len));
    written.reason = grille_certificate_write(crypto, said, subject_curve, grille_bytes_of(point, point_len), issuer,
                                              written.der, sizeof written.der, &written.len);
    crypto->key_free(subject);
    crypto->key_free(issuer);
    return written;
}

typedef struct golden_row {
    const char *what;
    grille_curve subject_curve, issuer_curve;
    grille_certificate_template said;
    const char *signed_part; /* TBSCertificate as python3-cryptography writes it */
} golden_row;

static const golden_row golden[] = {
    {"TLS leaf, self-signed",
     GRILLE_P256,
     GRILLE_P256,
     {.subject_common_name = "grille", .not_before_ms = 1732287304000, .not_after_ms = 1732373704999, .path_len = -1},
     "3081c5a003020102021100800102030405060708090a0b0c0d0e0f300a06082a8648ce3d0403023011310f300d06035504030c066772"
     "696c6c65301e170d3234313132323134353530345a170d3234313132333134353530345a3011310f300d06035504030c066772696c6c"
     "653059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669"
     "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"development CA",
     GRILLE_P384,
     GRILLE_P384,
     {.subject_common_name = "Ein Prüfer",
      .not_before_ms = 0,
      .not_after_ms = 2524608000000,
      .is_ca = true,
      .path_len = -1,
      .with_basic_constraints = true,
      .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_CERT_SIGN | GRILLE_KEY_USAGE_CRL_SIGN},
     "30820113a003020102021100800102030405060708090a0b0c0d0e0f300a06082a8648ce3d04030330163114301206035504030c0b45"
     "696e205072c3bc6665723020170d3730303130313030303030305a180f32303530303130313030303030305a30163114301206035504"
     "030c0b45696e205072c3bc6665723076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5"
     "da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9"
     "dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720a3233021300f0603551d130101ff040530030101ff300e0603551d0f"
     "0101ff040403020186"},
    {"intermediate",
     GRILLE_P384,
     GRILLE_P384,
     {.subject_common_name = "intermediate",
      .issuer_common_name = "root",
      .not_before_ms = 951782400000,
      .not_after_ms = 2524607999000,
      .is_ca = true,
      .path_len = 0,
      .with_basic_constraints = true,
      .key_usage = GRILLE_KEY_USAGE_CERT_SIGN},
     "3082010ea003020102021100800102030405060708090a0b0c0d0e0f300a06082a8648ce3d040303300f310d300b06035504030c0472"
     "6f6f74301e170d3030303232393030303030305a170d3439313233313233353935395a30173115301306035504030c0c696e7465726d"
     "6564696174653076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e"
     "06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c"
     "9db1288b231c3ae0d4fe7344fd2533264720a326302430120603551d130101ff040830060101ff020100300e0603551d0f0101ff0404"
     "03020204"},
    {"peer with everything",
     GRILLE_P256,
     GRILLE_P384,
     {.subject_common_name = "peer",
      .issuer_common_name = "ca",
      .not_before_ms = 1732287304000,
      .not_after_ms = 4107542400000,
      .path_len = 0,
      .with_basic_constraints = true,
      .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_NON_REPUDIATION,
      .server_auth = true,
      .client_auth = true,
      .san_dns = "peer.example",
      .san_uri = "spiffe://example/peer"},
     "3082012fa003020102021100800102030405060708090a0b0c0d0e0f300a06082a8648ce3d040303300d310b300906035504030c0263"
     "613020170d3234313132323134353530345a180f32313030303330313030303030305a300f310d300b06035504030c04706565723059"
     "301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60"
     "f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299a36c306a300c0603551d130101ff0402300030"
     "0b0603551d0f0404030206c0301d0603551d250416301406082b0601050507030106082b06010505070302302e0603551d1104273025"
     "820c706565722e6578616d706c6586157370696666653a2f2f6578616d706c652f70656572"},
    {"client with a URI",
     GRILLE_P384,
     GRILLE_P256,
     {.subject_common_name = "client",
      .issuer_common_name = "ca",
      .not_before_ms = 1732287304000,
      .not_after_ms = 1732287304000,
      .path_len = -1,
      .client_auth = true,
      .san_uri = "spiffe://example/client"},
     "3082011ba003020102021100800102030405060708090a0b0c0d0e0f300a06082a8648ce3d040302300d310b300906035504030c0263"
     "61301e170d3234313132323134353530345a170d3234313132323134353530345a3011310f300d06035504030c06636c69656e743076"
     "301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
     "def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0"
     "d4fe7344fd2533264720a33b303930130603551d25040c300a06082b0601050507030230220603551d11041b30198617737069666665"
     "3a2f2f6578616d706c652f636c69656e74"},
};
enum { golden_count = sizeof golden / sizeof *golden };

/* Splits certificate into TBSCertificate, algorithm and signature as r ‖ s. */
static void split(const written_certificate *written, grille_curve issuer_curve, grille_bytes *signed_part,
                  grille_bytes *algorithm, uint8_t raw[GRILLE_RAW_SIGNATURE_MAX], size_t *raw_len) {
    const grille_reason bad = GRILLE_REASON_INTERNAL;
    grille_reader outer = grille_reader_of(grille_bytes_of(written->der, written->len));
    grille_reader body = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, bad));
    const uint8_t *start = body.at;
    (void)grille_der_read(&body, GRILLE_DER_SEQUENCE, bad);
    *signed_part = grille_bytes_of(start, (size_t)(body.at - start));
    *algorithm = grille_der_read(&body, GRILLE_DER_SEQUENCE, bad);
    assert_reason(OK, grille_signature_from_der(issuer_curve, grille_der_read_bit_string(&body, bad), raw, raw_len));
    assert_reason(OK, grille_reader_end(&body));
    assert_reason(OK, grille_reader_end(&outer));
}

static void certificates_equal_those_of_another_writer_and_verify(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        grille_certificate_template said = golden[i].said;
        grille_curve curve = golden[i].issuer_curve;
        grille_hash_kind kind = curve == GRILLE_P256 ? GRILLE_SHA256 : GRILLE_SHA384;
        grille_private_key *issuer = known_key(curve);
        uint8_t raw[GRILLE_RAW_SIGNATURE_MAX], digest[GRILLE_HASH_MAX_BYTES], point[GRILLE_POINT_MAX];
        size_t raw_len = 0, point_len = 0;
        grille_bytes signed_part, algorithm;
        written_certificate written;
        memcpy(said.serial, serial, sizeof serial);
        written = write_with(&said, golden[i].subject_curve, curve);
        assert_reason(OK, written.reason);
        split(&written, curve, &signed_part, &algorithm, raw, &raw_len);
        assert_bytes(golden[i].signed_part, signed_part.data, signed_part.len);
        assert_bytes(curve == GRILLE_P256 ? "06082a8648ce3d040302" : "06082a8648ce3d040303", algorithm.data,
                     algorithm.len);
        assert_reason(OK, crypto->hash(kind, &signed_part, 1, digest));
        assert_reason(OK, crypto->key_point(issuer, point, sizeof point, &point_len));
        assert_reason(OK, crypto->ecdsa_verify(curve, grille_bytes_of(point, point_len),
                                               grille_bytes_of(digest, grille_hash_len(kind)),
                                               grille_bytes_of(raw, raw_len)));
        crypto->key_free(issuer);
    }
}

static grille_certificate_template good_template(void) {
    grille_certificate_template said = golden[3].said;
    memcpy(said.serial, serial, sizeof serial);
    return said;
}

static void every_capacity_below_the_length_is_no_space(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_certificate_template said = good_template();
    grille_private_key *key = known_key(GRILLE_P256);
    uint8_t point[GRILLE_POINT_MAX], out[GRILLE_CERTIFICATE_MAX];
    size_t point_len = 0, whole = 0;
    (void)state;
    assert_reason(OK, crypto->key_point(key, point, sizeof point, &point_len));
    assert_reason(OK, grille_certificate_write(crypto, &said, GRILLE_P256, grille_bytes_of(point, point_len), key, out,
                                               sizeof out, &whole));
    whole -= 6; /* a signature's DER is now and then some bytes shorter */
    for (size_t capacity = 0; capacity < whole; capacity++) {
        size_t len = 12345;
        assert_reason(NO_SPACE, grille_certificate_write(crypto, &said, GRILLE_P256, grille_bytes_of(point, point_len),
                                                         key, out, capacity, &len));
        assert_int_equal(12345, len);
    }
    crypto->key_free(key);
}

static char long_text[300];

static void serial_zero(grille_certificate_template *said) {
    memset(said->serial, 0, sizeof said->serial);
}
static void no_subject(grille_certificate_template *said) {
    said->subject_common_name = NULL;
}
static void empty_subject(grille_certificate_template *said) {
    said->subject_common_name = "";
}
static void long_subject(grille_certificate_template *said) {
    said->subject_common_name = long_text + sizeof long_text - 1 - 65;
}
static void empty_issuer(grille_certificate_template *said) {
    said->issuer_common_name = "";
}
static void long_issuer(grille_certificate_template *said) {
    said->issuer_common_name = long_text + sizeof long_text - 1 - 65;
}
static void ends_before_it_starts(grille_certificate_template *said) {
    said->not_after_ms = said->not_before_ms - 1;
}
static void before_1970(grille_certificate_template *said) {
    said->not_before_ms = -1;
}
static void after_9999(grille_certificate_template *said) {
    said->not_after_ms = 253402300800000;
}
static void ca_without_constraints(grille_certificate_template *said) {
    said->is_ca = true;
    said->with_basic_constraints = false;
}
static void path_without_ca(grille_certificate_template *said) {
    said->path_len = 1;
}
static void path_below_none(grille_certificate_template *said) {
    said->is_ca = true;
    said->path_len = -2;
}
static void path_over_a_byte(grille_certificate_template *said) {
    said->is_ca = true;
    said->path_len = 256;
}
static void empty_dns(grille_certificate_template *said) {
    said->san_dns = "";
}
static void long_uri(grille_certificate_template *said) {
    said->san_uri = long_text + sizeof long_text - 1 - 256;
}

static void bad_templates_are_refused(void **state) {
    static const struct {
        const char *what;
        void (*spoil)(grille_certificate_template *said);
    } rows[] = {
        {"serial 0", serial_zero},
        {"no subject", no_subject},
        {"empty subject", empty_subject},
        {"subject of 65 bytes", long_subject},
        {"empty issuer", empty_issuer},
        {"issuer of 65 bytes", long_issuer},
        {"ends before it starts", ends_before_it_starts},
        {"before 1970", before_1970},
        {"after 9999", after_9999},
        {"CA without basic constraints", ca_without_constraints},
        {"path length without a CA", path_without_ca},
        {"path length -2", path_below_none},
        {"path length 256", path_over_a_byte},
        {"empty DNS name", empty_dns},
        {"URI of 256 bytes", long_uri},
    };
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_certificate_template said = good_template();
        rows[i].spoil(&said);
        if (write_with(&said, GRILLE_P256, GRILLE_P256).reason != GRILLE_REASON_BAD_ARGUMENT)
            fail_msg("%s was taken", rows[i].what);
    }
}

static void the_longest_allowed_texts_are_taken(void **state) {
    grille_certificate_template said = good_template();
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    said.subject_common_name = said.issuer_common_name = long_text + sizeof long_text - 1 - 64;
    said.san_dns = long_text + sizeof long_text - 1 - 255;
    assert_reason(OK, write_with(&said, GRILLE_P256, GRILLE_P256).reason);
    /* all of them at once are over GRILLE_CERTIFICATE_MAX */
    said.san_uri = said.san_dns;
    assert_reason(NO_SPACE, write_with(&said, GRILLE_P384, GRILLE_P384).reason);
}

static void points_of_another_width_are_refused(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_certificate_template said = good_template();
    grille_private_key *key = known_key(GRILLE_P256);
    uint8_t point[GRILLE_POINT_MAX], out[GRILLE_CERTIFICATE_MAX];
    size_t point_len = 0, len = 0;
    (void)state;
    assert_reason(OK, crypto->key_point(key, point, sizeof point, &point_len));
    assert_reason(BAD_ARGUMENT, grille_certificate_write(crypto, &said, GRILLE_P384, grille_bytes_of(point, point_len),
                                                         key, out, sizeof out, &len));
    crypto->key_free(key);
}

static void write_pem(const written_certificate *written, char *path) {
    char text[2 * GRILLE_CERTIFICATE_MAX];
    size_t len = 0;
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_reason(OK, grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_bytes_of(written->der, written->len), text,
                                       sizeof text, &len));
    assert_int_equal(len, write(file, text, len));
    assert_int_equal(0, close(file));
}

/* OpenSSL's command, where there is one, reads each of them and verifies the signatures of the self-signed ones. */
static void openssl_reads_them(void **state) {
    static const char openssl[] = "/usr/bin/openssl";
    (void)state;
    if (access(openssl, X_OK) != 0) {
        print_message("no %s here: the comparison with another writer has to do\n", openssl);
        return;
    }
    for (size_t i = 0; i < golden_count; i++) {
        char path[] = "/tmp/certificate-XXXXXX", command[200];
        grille_certificate_template said = golden[i].said;
        written_certificate written;
        memcpy(said.serial, serial, sizeof serial);
        written = write_with(&said, golden[i].subject_curve, golden[i].issuer_curve);
        assert_reason(OK, written.reason);
        write_pem(&written, path);
        (void)snprintf(command, sizeof command, "%s x509 -in %s -noout -text >/dev/null", openssl, path);
        assert_int_equal(0, system(command));
        (void)snprintf(command, sizeof command,
                       "%s verify -no_check_time -partial_chain -check_ss_sig -trusted %s %s >/dev/null", openssl, path,
                       path);
        if (said.issuer_common_name == NULL) assert_int_equal(0, system(command));
        assert_int_equal(0, unlink(path));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_equal_those_of_another_writer_and_verify),
        cmocka_unit_test(every_capacity_below_the_length_is_no_space),
        cmocka_unit_test(bad_templates_are_refused),
        cmocka_unit_test(the_longest_allowed_texts_are_taken),
        cmocka_unit_test(points_of_another_width_are_refused),
        cmocka_unit_test(openssl_reads_them),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
