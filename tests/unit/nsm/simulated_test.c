/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/der.h"
#include "grille/log.h"
#include "nsm/measure.h"
#include "nsm/message.h"
#include "tests/unit/nsm/document_reader.h"

static const char pcr2_of_one_ramdisk[] =
    "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a";

static struct {
    size_t warnings;
    char last[512];
} logged;

static void keep_log(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)user;
    if (level != GRILLE_LOG_WARNING) return;
    logged.warnings++;
    (void)snprintf(logged.last, sizeof logged.last, "%s", line);
}

static grille_wall_ms virtual_now_ms = 1750000000000;

static grille_wall_ms virtual_now(void *user) {
    assert_ptr_equal(&virtual_now_ms, user);
    return virtual_now_ms;
}

static grille_nsm *open_with(grille_nsm_simulated_options options) {
    grille_nsm *nsm = NULL;
    grille_error error;
    grille_reason reason = grille_nsm_open_simulated_insecure(&options, &nsm, &error);
    if (reason != GRILLE_REASON_OK) fail_msg("%s: %s", error.name, error.text);
    return nsm;
}

static grille_nsm *open_default(void) {
    return open_with(grille_nsm_simulated_options_default());
}

static grille_nsm_simulated_options virtual_time(void) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    options.now = virtual_now;
    options.now_user = &virtual_now_ms;
    return options;
}

typedef struct taken_document {
    uint8_t bytes[GRILLE_NSM_RESPONSE_MAX];
    size_t len;
    read_document read;
} taken_document;

static void take(grille_nsm *nsm, grille_nsm_request request, taken_document *taken) {
    grille_error error;
    taken->len = 0;
    assert_reason(OK, nsm->functions->attest(nsm, &request, taken->bytes, sizeof taken->bytes, &taken->len, &error));
    taken->read = read_document_of(grille_bytes_of(taken->bytes, taken->len));
}

static void assert_pcr(const char *expected_hex, grille_bytes pcr) {
    assert_bytes(expected_hex, pcr.data, pcr.len);
}

static void assert_zero_pcr(grille_bytes pcr) {
    assert_int_equal(48, pcr.len);
    assert_true(grille_bytes_all_zero(pcr));
}

static void a_document_has_what_was_asked_and_verifies_under_its_leaf(void **state) {
    static taken_document taken;
    grille_nsm_request request = {grille_bytes_of_text("user data"), grille_bytes_of_text("nonce"),
                                  grille_bytes_of_text("public key")};
    grille_nsm *nsm = open_with(virtual_time());
    (void)state;
    take(nsm, request, &taken);
    assert_true(grille_bytes_equal(request.user_data, taken.read.user_data));
    assert_true(grille_bytes_equal(request.nonce, taken.read.nonce));
    assert_true(grille_bytes_equal(request.public_key, taken.read.public_key));
    assert_true(grille_bytes_equal(grille_bytes_of_text("SHA384"), taken.read.digest));
    assert_int_equal(virtual_now_ms, taken.read.timestamp_ms);
    assert_int_equal(16, taken.read.pcr_count);
    assert_reason(OK, verify_document(&taken.read, taken.read.certificate));
    for (size_t i = 0; i < cabundle_most; i++)
        assert_reason(CRYPTO_BAD_SIGNATURE, verify_document(&taken.read, taken.read.cabundle[i]));
    assert_true(grille_bytes_equal(grille_nsm_simulated_root(nsm), taken.read.cabundle[0]));
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_null(taken.read.user_data.data);
    assert_null(taken.read.nonce.data);
    assert_null(taken.read.public_key.data);
    nsm->functions->close(nsm);
}

/* TBSCertificate, and the r ‖ s after it. */
static void split_certificate(grille_bytes certificate, grille_bytes *signed_part, uint8_t raw[96]) {
    grille_reader outer = grille_reader_of(certificate);
    grille_reader body = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, GRILLE_REASON_INTERNAL));
    const uint8_t *start = body.at;
    size_t len = 0;
    (void)grille_der_read(&body, GRILLE_DER_SEQUENCE, GRILLE_REASON_INTERNAL);
    *signed_part = grille_bytes_of(start, (size_t)(body.at - start));
    (void)grille_der_read(&body, GRILLE_DER_SEQUENCE, GRILLE_REASON_INTERNAL);
    assert_reason(OK, grille_signature_from_der(GRILLE_P384, grille_der_read_bit_string(&body, GRILLE_REASON_INTERNAL),
                                                raw, &len));
    assert_reason(OK, grille_reader_end(&body));
    assert_reason(OK, grille_reader_end(&outer));
}

static grille_reason signed_by(grille_bytes certificate, grille_bytes issuer) {
    grille_bytes signed_part;
    uint8_t raw[96], digest[GRILLE_SHA384_BYTES];
    split_certificate(certificate, &signed_part, raw);
    assert_reason(OK, grille_crypto_wolf()->hash(GRILLE_SHA384, &signed_part, 1, digest));
    return grille_crypto_wolf()->ecdsa_verify(GRILLE_P384, point_of_certificate(issuer),
                                              grille_bytes_of(digest, sizeof digest), grille_bytes_of(raw, sizeof raw));
}

static bool contains(grille_bytes bytes, grille_bytes part) {
    return memmem(bytes.data, bytes.len, part.data, part.len) != NULL;
}

static void assert_contains_hex(grille_bytes bytes, const char *hex) {
    test_bytes part = from_hex(hex);
    assert_true(contains(bytes, view(&part)));
}

static void the_chain_has_the_shape_of_aws(void **state) {
    static taken_document taken;
    grille_nsm *nsm = open_default();
    const grille_bytes *bundle = taken.read.cabundle;
    grille_nsm_description description;
    grille_error error;
    (void)state;
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
    assert_reason(OK, signed_by(bundle[0], bundle[0]));
    for (size_t i = 1; i < cabundle_most; i++)
        assert_reason(OK, signed_by(bundle[i], bundle[i - 1]));
    assert_reason(OK, signed_by(taken.read.certificate, bundle[3]));
    assert_reason(CRYPTO_BAD_SIGNATURE, signed_by(taken.read.certificate, bundle[2]));
    /* basicConstraints: critical, CA, path length none, 2, 1, 0; leaf: critical, no CA */
    assert_contains_hex(bundle[0], "0603551d130101ff040530030101ff");
    assert_contains_hex(bundle[1], "0603551d130101ff040830060101ff020102");
    assert_contains_hex(bundle[2], "0603551d130101ff040830060101ff020101");
    assert_contains_hex(bundle[3], "0603551d130101ff040830060101ff020100");
    assert_contains_hex(taken.read.certificate, "0603551d130101ff04023000");
    /* keyUsage: critical in a CA; leaf: digitalSignature and nonRepudiation, not critical */
    for (size_t i = 0; i < 3; i++)
        assert_contains_hex(bundle[i], "0603551d0f0101ff040403020186");
    assert_contains_hex(bundle[3], "0603551d0f0101ff040403020204");
    assert_contains_hex(taken.read.certificate, "0603551d0f0404030206c0");
    for (size_t i = 0; i < cabundle_most; i++)
        assert_true(bundle[i].len < GRILLE_CERTIFICATE_MAX);
    assert_true(contains(bundle[2], grille_bytes_of_text(".zonal.insecure-local-1.aws.nitro-enclaves")));
    assert_true(contains(bundle[3], grille_bytes_of(description.module_id, 19)));
    assert_true(contains(taken.read.certificate, grille_bytes_of_text(description.module_id)));
    assert_true(grille_bytes_equal(grille_bytes_of_text(description.module_id), taken.read.module_id));
    nsm->functions->close(nsm);
}

static void two_modules_share_no_key_and_no_name(void **state) {
    static taken_document one, other;
    grille_nsm *first = open_default(), *second = open_default();
    (void)state;
    take(first, (grille_nsm_request){.nonce = {NULL, 0}}, &one);
    take(second, (grille_nsm_request){.nonce = {NULL, 0}}, &other);
    assert_false(grille_bytes_equal(one.read.module_id, other.read.module_id));
    assert_false(grille_bytes_equal(one.read.cabundle[0], other.read.cabundle[0]));
    assert_false(
        grille_bytes_equal(point_of_certificate(one.read.certificate), point_of_certificate(other.read.certificate)));
    assert_reason(CRYPTO_BAD_SIGNATURE, verify_document(&one.read, other.read.certificate));
    first->functions->close(first);
    second->functions->close(second);
}

/* Real NSMs reuse a leaf until about 15 minutes before its end. */
static void a_leaf_is_reused_and_renewed_before_its_end(void **state) {
    static const struct {
        const char *when;
        grille_wall_ms after_ms;
        bool same_leaf, same_instance;
    } rows[] = {
        {"at once", 0, true, true},
        {"after 2 h 44 min", 164 * 60000, true, true},
        {"after 2 h 46 min", 166 * 60000, false, true},
        {"after 20 h 58 min", 1258 * 60000, false, true},
        {"after 21 h", 1260 * 60000, false, false},
        {"after 40 days", 40ll * 1440 * 60000, false, false},
        {"a minute before the first", -60000, false, true},
        {"two minutes before the first", -120000, false, false},
    };
    static taken_document first, later;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_wall_ms start_ms = virtual_now_ms;
        grille_nsm *nsm = open_with(virtual_time());
        take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &first);
        virtual_now_ms += rows[i].after_ms;
        take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &later);
        virtual_now_ms = start_ms;
        if (grille_bytes_equal(first.read.certificate, later.read.certificate) != rows[i].same_leaf ||
            grille_bytes_equal(first.read.cabundle[3], later.read.cabundle[3]) != rows[i].same_instance)
            fail_msg("wrong certificates %s", rows[i].when);
        assert_true(grille_bytes_equal(first.read.cabundle[0], later.read.cabundle[0]));
        assert_reason(OK, verify_document(&later.read, later.read.certificate));
        assert_reason(OK, signed_by(later.read.certificate, later.read.cabundle[3]));
        assert_reason(OK, signed_by(later.read.cabundle[3], later.read.cabundle[2]));
        assert_reason(OK, signed_by(later.read.cabundle[2], later.read.cabundle[1]));
        assert_reason(OK, signed_by(later.read.cabundle[1], later.read.cabundle[0]));
        nsm->functions->close(nsm);
    }
}

static void pcrs_measure_program_role_and_instance(void **state) {
    static taken_document taken;
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    grille_error error;
    grille_nsm *nsm;
    (void)state;
    options.instance_id = "i-0123456789abcdef0";
    options.role_arn = "arn:aws:iam::123456789012:role/Webserver";
    nsm = open_with(options);
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_reason(OK, grille_measure_executable("/proc/self/exe", pcr0, pcr2, &error));
    assert_memory_equal(pcr0, taken.read.pcrs[0].data, sizeof pcr0);
    assert_memory_equal(pcr0, taken.read.pcrs[1].data, sizeof pcr0);
    assert_pcr(pcr2_of_one_ramdisk, taken.read.pcrs[2]);
    /* the documented example of AWS for this role */
    assert_memory_equal("\x78\xfc\xe7\x5d\xb1\x7c\xd4\xe0", taken.read.pcrs[3].data, 8);
    assert_memory_equal("\x69\x21\xe6", taken.read.pcrs[3].data + 45, 3);
    assert_pcr("d6432900ac1c343cb40286898792c55e962aef0cc35c4910c0c286145b51af19e782cb21cc31a042671d7dfbd398251c",
               taken.read.pcrs[4]);
    for (size_t i = 5; i < 16; i++)
        assert_zero_pcr(taken.read.pcrs[i]);
    nsm->functions->close(nsm);
}

static void debug_mode_zeroes_the_image_and_nothing_else(void **state) {
    static taken_document taken;
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm *nsm;
    (void)state;
    options.debug_mode = true;
    options.role_arn = "arn:aws:iam::123456789012:role/Webserver";
    nsm = open_with(options);
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_zero_pcr(taken.read.pcrs[0]);
    assert_zero_pcr(taken.read.pcrs[1]);
    assert_zero_pcr(taken.read.pcrs[2]);
    assert_zero_pcr(taken.read.pcrs[8]);
    assert_false(grille_bytes_all_zero(taken.read.pcrs[3]));
    assert_false(grille_bytes_all_zero(taken.read.pcrs[4]));
    nsm->functions->close(nsm);
}

static void chosen_pcrs_replace_measured_ones(void **state) {
    static taken_document taken;
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_pcr chosen[] = {{.index = 0}, {.index = 8}, {.index = 31}};
    uint8_t value[GRILLE_NSM_PCR_BYTES];
    grille_error error;
    bool locked = true;
    grille_nsm *nsm = NULL;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        memset(chosen[i].value, (int)i + 1, sizeof chosen[i].value);
    options.pcrs = chosen;
    options.pcr_count = 3;
    nsm = open_with(options);
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_memory_equal(chosen[0].value, taken.read.pcrs[0].data, sizeof value);
    assert_memory_equal(chosen[1].value, taken.read.pcrs[8].data, sizeof value);
    assert_int_equal(16, taken.read.pcr_count);
    assert_reason(OK, nsm->functions->describe_pcr(nsm, 31, value, &locked, &error));
    assert_memory_equal(chosen[2].value, value, sizeof value);
    assert_false(locked);
    nsm->functions->close(nsm);
    chosen[2].index = 32;
    assert_reason(BAD_ARGUMENT, grille_nsm_open_simulated_insecure(&options, &nsm, &error));
    assert_null(nsm);
}

typedef enum pcr_action { DESCRIBE, EXTEND, LOCK, LOCK_RANGE } pcr_action;

/* In this order, on one module; NULL is success. */
static const struct {
    pcr_action action;
    uint16_t index;
    const char *error_name;
} pcr_rows[] = {
    {DESCRIBE, 0, NULL},
    {DESCRIBE, 31, NULL},
    {DESCRIBE, 32, "InvalidIndex"},
    {DESCRIBE, 65535, "InvalidIndex"},
    {EXTEND, 0, "ReadOnlyIndex"},
    {EXTEND, 15, "ReadOnlyIndex"},
    {EXTEND, 16, NULL},
    {EXTEND, 16, NULL},
    {EXTEND, 31, NULL},
    {EXTEND, 32, "InvalidIndex"},
    {LOCK, 0, "ReadOnlyIndex"},
    {LOCK, 15, "ReadOnlyIndex"},
    {LOCK, 16, NULL},
    {LOCK, 16, "ReadOnlyIndex"},
    {EXTEND, 16, "ReadOnlyIndex"},
    {LOCK, 32, "InvalidIndex"},
    {LOCK_RANGE, 0, NULL},
    {EXTEND, 17, NULL},
    {LOCK_RANGE, 18, NULL},
    {EXTEND, 17, "ReadOnlyIndex"},
    {EXTEND, 18, NULL},
    {LOCK_RANGE, 33, "InvalidIndex"},
    {EXTEND, 31, NULL},
    {LOCK_RANGE, 32, NULL},
    {EXTEND, 31, "ReadOnlyIndex"},
    {LOCK_RANGE, 32, NULL},
    {LOCK, 31, "ReadOnlyIndex"},
};

static grille_reason act(grille_nsm *nsm, pcr_action action, uint16_t index, grille_error *error) {
    uint8_t value[GRILLE_NSM_PCR_BYTES];
    bool locked;
    switch (action) {
    case DESCRIBE:
        return nsm->functions->describe_pcr(nsm, index, value, &locked, error);
    case EXTEND:
        return nsm->functions->extend_pcr(nsm, index, grille_bytes_of_text("x"), value, error);
    case LOCK:
        return nsm->functions->lock_pcr(nsm, index, error);
    default:
        return nsm->functions->lock_pcrs(nsm, index, error);
    }
}

static void pcrs_lock_and_extend_by_the_rules(void **state) {
    grille_nsm *nsm = open_default();
    (void)state;
    for (size_t i = 0; i < sizeof pcr_rows / sizeof *pcr_rows; i++) {
        grille_error error;
        grille_reason reason = act(nsm, pcr_rows[i].action, pcr_rows[i].index, &error);
        if ((reason == GRILLE_REASON_OK) != (pcr_rows[i].error_name == NULL)) fail_msg("row %zu: %s", i, error.text);
        if (pcr_rows[i].error_name != NULL) assert_non_null(strstr(error.text, pcr_rows[i].error_name));
    }
    nsm->functions->close(nsm);
}

static void an_extended_pcr_is_in_documents_once_locked(void **state) {
    static const char after_010203[] =
        "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d949a650694e";
    static taken_document taken;
    static const uint8_t data[] = {1, 2, 3};
    uint8_t value[GRILLE_NSM_PCR_BYTES], again[GRILLE_NSM_PCR_BYTES], expected[GRILLE_NSM_PCR_BYTES];
    grille_nsm *nsm = open_default();
    grille_nsm_description description;
    grille_error error;
    grille_bytes parts[2] = {grille_bytes_of(value, sizeof value), grille_bytes_of(data, sizeof data)};
    bool locked = true;
    (void)state;
    assert_reason(OK, nsm->functions->extend_pcr(nsm, 20, grille_bytes_of(data, sizeof data), value, &error));
    assert_bytes(after_010203, value, sizeof value);
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_int_equal(16, taken.read.pcr_count);
    assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
    assert_int_equal(0xffff, description.locked_pcrs);
    assert_int_equal(32, description.max_pcrs);
    assert_reason(OK, nsm->functions->describe_pcr(nsm, 20, again, &locked, &error));
    assert_memory_equal(value, again, sizeof value);
    assert_false(locked);

    assert_reason(OK, grille_crypto_wolf()->hash(GRILLE_SHA384, parts, 2, expected));
    assert_reason(OK, nsm->functions->extend_pcr(nsm, 20, grille_bytes_of(data, sizeof data), value, &error));
    assert_memory_equal(expected, value, sizeof value);
    assert_reason(OK, nsm->functions->lock_pcr(nsm, 20, &error));
    take(nsm, (grille_nsm_request){.nonce = {NULL, 0}}, &taken);
    assert_int_equal(17, taken.read.pcr_count);
    assert_memory_equal(value, taken.read.pcrs[20].data, sizeof value);
    assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
    assert_int_equal(0x10ffff, description.locked_pcrs);
    nsm->functions->close(nsm);
}

static void the_largest_document_fits(void **state) {
    static taken_document taken;
    static const uint8_t most[GRILLE_NSM_FIELD_MAX];
    grille_bytes field = grille_bytes_of(most, sizeof most);
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_error error;
    grille_nsm *nsm;
    (void)state;
    options.region = "abcdefghijklmnopqrst";
    nsm = open_with(options);
    assert_reason(OK, nsm->functions->lock_pcrs(nsm, 32, &error));
    take(nsm, (grille_nsm_request){field, field, field}, &taken);
    assert_int_equal(32, taken.read.pcr_count);
    assert_reason(OK, verify_document(&taken.read, taken.read.certificate));
    nsm->functions->close(nsm);
}

static void random_bytes_come_in_any_number(void **state) {
    uint8_t one[600] = {0}, other[600] = {0};
    grille_nsm *nsm = open_default();
    grille_error error;
    (void)state;
    assert_reason(OK, nsm->functions->random(nsm, one, sizeof one, &error));
    assert_reason(OK, nsm->functions->random(nsm, other, sizeof other, &error));
    assert_memory_not_equal(one, other, sizeof one);
    for (size_t i = 0; i < sizeof one; i += 100)
        assert_false(grille_bytes_all_zero(grille_bytes_of(one + i, 100)));
    nsm->functions->close(nsm);
}

static void any_bytes_get_a_well_formed_answer(void **state) {
    static const struct {
        const char *hex, *error_name;
    } rows[] = {
        {"", "InvalidOperation"},
        {"00", "InvalidOperation"},
        {"6b44657363726962654e53", "InvalidOperation"},
        {"a1674c6f636b504352a165696e64657820", "InvalidOperation"},
        {"a1674c6f636b504352a165696e64657800", "ReadOnlyIndex"},
        {"a1674c6f636b504352a165696e6465781820", "InvalidIndex"},
    };
    static uint8_t oversize[GRILLE_NSM_REQUEST_MAX + 1], response[GRILLE_NSM_RESPONSE_MAX];
    grille_nsm_simulated_module *module = NULL;
    grille_nsm_answer answer;
    grille_error error;
    size_t len;
    (void)state;
    assert_reason(OK, grille_nsm_simulated_module_open_insecure(NULL, &module, &error));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes request = from_hex(rows[i].hex);
        len = grille_nsm_simulated_module_process(module, view(&request), response);
        assert_reason(OK, grille_nsm_answer_decode(grille_bytes_of(response, len), &answer));
        assert_true(grille_bytes_equal(grille_bytes_of_text(rows[i].error_name), answer.error_name));
    }
    len = grille_nsm_simulated_module_process(module, grille_bytes_of(oversize, sizeof oversize), response);
    assert_reason(OK, grille_nsm_answer_decode(grille_bytes_of(response, len), &answer));
    assert_true(grille_bytes_equal(grille_bytes_of_text("InputTooLarge"), answer.error_name));
    grille_nsm_simulated_module_close(module);
}

/* A field of 1,025 bytes, which the seam would not send. */
static void a_field_over_its_limit_is_refused_by_the_module(void **state) {
    static uint8_t over[GRILLE_NSM_FIELD_MAX + 1], request[GRILLE_NSM_REQUEST_MAX], response[GRILLE_NSM_RESPONSE_MAX];
    grille_nsm_command command = {.operation = GRILLE_NSM_ATTESTATION,
                                  .attestation.nonce = grille_bytes_of(over, sizeof over)};
    grille_nsm_simulated_module *module = NULL;
    grille_nsm_answer answer;
    grille_error error;
    size_t len = 0;
    (void)state;
    assert_reason(OK, grille_nsm_simulated_module_open_insecure(NULL, &module, &error));
    assert_reason(OK, grille_nsm_command_encode(&command, request, sizeof request, &len));
    len = grille_nsm_simulated_module_process(module, grille_bytes_of(request, len), response);
    assert_reason(OK, grille_nsm_answer_decode(grille_bytes_of(response, len), &answer));
    assert_true(grille_bytes_equal(grille_bytes_of_text("InputTooLarge"), answer.error_name));
    grille_nsm_simulated_module_close(module);
}

static void bad_options_are_refused(void **state) {
    static const struct {
        const char *region, *instance_id, *executable;
    } rows[] = {
        {"", NULL, NULL},
        {"abcdefghijklmnopqrstu", NULL, NULL},
        {"US-EAST", NULL, NULL},
        {"a", "i-0123456789abcdef", NULL},
        {"a", "i-0123456789abcdef01", NULL},
        {"a", "i-0123456789abcdeF0", NULL},
        {"a", "x-0123456789abcdef0", NULL},
        {"a", NULL, "/nonexistent"},
        {"a", NULL, "/dev/null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_nsm_simulated_options options = {
            .region = rows[i].region, .instance_id = rows[i].instance_id, .executable = rows[i].executable};
        grille_nsm *nsm = NULL;
        grille_error error;
        assert_int_not_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(&options, &nsm, &error));
        assert_null(nsm);
        assert_true(strlen(error.text) > 0);
    }
}

enum { thread_count = 4, rounds = 5 };

typedef struct caller {
    grille_nsm *nsm;
    size_t good;
    taken_document taken;
} caller;

static void *call_all(void *argument) {
    caller *self = argument;
    for (int i = 0; i < rounds; i++) {
        uint8_t random[300];
        grille_nsm_description description;
        grille_error error;
        grille_nsm_request request = {.nonce = grille_bytes_of(&i, sizeof i)};
        size_t len = 0;
        self->good += self->nsm->functions->random(self->nsm, random, sizeof random, &error) == GRILLE_REASON_OK;
        self->good += self->nsm->functions->describe(self->nsm, &description, &error) == GRILLE_REASON_OK;
        self->good += self->nsm->functions->attest(self->nsm, &request, self->taken.bytes, sizeof self->taken.bytes,
                                                   &len, &error) == GRILLE_REASON_OK;
        self->taken.len = len;
    }
    return NULL;
}

static void callers_in_several_threads_take_turns(void **state) {
    static caller callers[thread_count];
    pthread_t threads[thread_count];
    grille_nsm *nsm = open_default();
    const int last = rounds - 1;
    (void)state;
    for (size_t i = 0; i < thread_count; i++) {
        callers[i].nsm = nsm;
        assert_int_equal(0, pthread_create(&threads[i], NULL, call_all, &callers[i]));
    }
    for (size_t i = 0; i < thread_count; i++) {
        read_document read;
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_int_equal(3 * rounds, callers[i].good);
        read = read_document_of(grille_bytes_of(callers[i].taken.bytes, callers[i].taken.len));
        assert_reason(OK, verify_document(&read, read.certificate));
        assert_true(grille_bytes_equal(grille_bytes_of(&last, sizeof last), read.nonce));
    }
    nsm->functions->close(nsm);
}

static void every_opening_logs_that_it_is_insecure(void **state) {
    grille_nsm *nsm;
    (void)state;
    logged.warnings = 0;
    grille_log_set(keep_log, NULL, GRILLE_LOG_WARNING);
    nsm = open_default();
    grille_log_set(NULL, NULL, GRILLE_LOG_ERROR);
    assert_int_equal(1, logged.warnings);
    assert_non_null(strstr(logged.last, "INSECURE"));
    nsm->functions->close(nsm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_has_what_was_asked_and_verifies_under_its_leaf),
        cmocka_unit_test(the_chain_has_the_shape_of_aws),
        cmocka_unit_test(two_modules_share_no_key_and_no_name),
        cmocka_unit_test(a_leaf_is_reused_and_renewed_before_its_end),
        cmocka_unit_test(pcrs_measure_program_role_and_instance),
        cmocka_unit_test(debug_mode_zeroes_the_image_and_nothing_else),
        cmocka_unit_test(chosen_pcrs_replace_measured_ones),
        cmocka_unit_test(pcrs_lock_and_extend_by_the_rules),
        cmocka_unit_test(an_extended_pcr_is_in_documents_once_locked),
        cmocka_unit_test(the_largest_document_fits),
        cmocka_unit_test(random_bytes_come_in_any_number),
        cmocka_unit_test(any_bytes_get_a_well_formed_answer),
        cmocka_unit_test(a_field_over_its_limit_is_refused_by_the_module),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(callers_in_several_threads_take_turns),
        cmocka_unit_test(every_opening_logs_that_it_is_insecure),
    };
    grille_log_set(NULL, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests_name("nsm_simulated", tests, NULL, NULL);
}
