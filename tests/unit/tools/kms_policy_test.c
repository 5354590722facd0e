/* SPDX-License-Identifier: Apache-2.0
 * Goal: the key policies that grille kms prints are read by the emulator's own reader, and decide as they are meant:
 * the enclave gets the key, and nobody else, whatever other policies say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "kms_arn.h"
#include "kms_emulator/policy_decide.h"
#include "kms_policy_text.h"
#include "parts_tests.h"

#define ACCOUNT    "111122223333"
#define KEY        "arn:aws:kms:eu-central-1:" ACCOUNT ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define ROLE       "arn:aws:iam::" ACCOUNT ":role/team/Host"
#define SESSION    "arn:aws:sts::" ACCOUNT ":assumed-role/Host/i-0123"
#define OTHER      "arn:aws:sts::" ACCOUNT ":assumed-role/Other/i-0123"
#define PRODUCER   "arn:aws:iam::" ACCOUNT ":user/producer"
#define ADMIN      "arn:aws:iam::" ACCOUNT ":user/admin"
#define ADMIN_PATH "arn:aws:iam::" ACCOUNT ":root"
#define FOREIGN    "arn:aws:sts::444455556666:assumed-role/Host/i-0123"
#define WRONG      UINT8_C(0xee)

static key_policy *policy;
static kms_policy_text text;

static const uint8_t *pcr(uint8_t fill) {
    static uint8_t bytes[GRILLE_PCR_BYTES];
    memset(bytes, fill, sizeof bytes);
    return bytes;
}

static void begin(void) {
    text = (kms_policy_text){.role = ROLE};
    assert_true(kms_arn_read_key(KEY, &text.key));
}

/* As it is printed, read by the emulator. */
static void read_it(void) {
    char *written = NULL;
    size_t len = 0;
    grille_error error;
    FILE *out = open_memstream(&written, &len);
    assert_non_null(out);
    kms_policy_write(&text, out);
    assert_int_equal(fclose(out), 0);
    key_policy_free(policy);
    policy = key_policy_parse(grille_bytes_of(written, len), &error);
    if (policy == NULL) fail_msg("%s\n%s", error.text, written);
    free(written);
}

static int tear_down(void **state) {
    (void)state;
    key_policy_free(policy);
    policy = NULL;
    return 0;
}

/* A request: PCRs 0, 3, 4 and 8 by what fills them; -1: no Recipient, or that PCR is not told. */
typedef struct asked {
    const char *caller, *action;
    int pcr0, pcr3, pcr4, pcr8;
    const char *context;
    bool iam;
} asked;

static key_policy_verdict decide(asked request) {
    static key_policy_facts facts;
    static const unsigned numbers[] = {0, 3, 4, 8};
    const int fills[] = {request.pcr0, request.pcr3, request.pcr4, request.pcr8};
    const char *account = strstr(request.caller, "::");
    key_policy_decision decision;
    assert_non_null(account);
    key_policy_facts_init(&facts);
    facts.caller_arn = grille_bytes_of_text(request.caller);
    facts.caller_account = grille_bytes_of(account + 2, 12);
    facts.action = grille_bytes_of_text(request.action);
    facts.key_arn = grille_bytes_of_text(KEY);
    facts.identity_policy_allows = request.iam;
    for (size_t i = 0; i < 4; i++)
        if (fills[i] >= 0)
            assert_true(key_policy_facts_add_pcr(&facts, numbers[i],
                                                 grille_bytes_of(pcr((uint8_t)fills[i]), GRILLE_PCR_BYTES)));
    if (request.context != NULL)
        assert_true(
            key_policy_facts_add_context(&facts, grille_bytes_of_text("App"), grille_bytes_of_text(request.context)));
    key_policy_decide(policy, &facts, &decision);
    return decision.verdict;
}

#define EXPECT(verdict, ...)     assert_int_equal(decide((asked){__VA_ARGS__}), KEY_POLICY_##verdict)
#define NO_DOCUMENT              .pcr0 = -1, .pcr3 = -1, .pcr4 = -1, .pcr8 = -1
#define DOCUMENT(p0, p3, p4, p8) .pcr0 = p0, .pcr3 = p3, .pcr4 = p4, .pcr8 = p8

static void an_image(void **state) {
    (void)state;
    begin();
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    assert_true(kms_policy_pin_add(&text.image, pcr(0x12)));
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    assert_int_equal(text.image.count, 2);
    read_it();
    assert_int_equal(policy->statement_count, 4);
    for (uint8_t image = 0x11; image <= 0x12; image++) {
        EXPECT(ALLOW, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(image, 3, 4, 0));
        EXPECT(ALLOW, .caller = SESSION, .action = "kms:GenerateDataKey", DOCUMENT(image, 3, 4, 0));
    }
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(WRONG, 3, 4, 0));
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0, 3, 4, 0));
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", NO_DOCUMENT);
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", NO_DOCUMENT, .iam = true);
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:ReEncryptFrom", NO_DOCUMENT, .iam = true);
    EXPECT(DEFAULT_DENY, .caller = SESSION, .action = "kms:GenerateDataKey", NO_DOCUMENT);
    EXPECT(DEFAULT_DENY, .caller = OTHER, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 0));
    EXPECT(DEFAULT_DENY, .caller = FOREIGN, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 0), .iam = true);
}

static void all_pins(void **state) {
    (void)state;
    begin();
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    assert_true(kms_policy_pin_add(&text.host, pcr(3)));
    assert_true(kms_policy_pin_add(&text.instance, pcr(4)));
    assert_true(kms_policy_pin_add(&text.signer, pcr(8)));
    text.context[0] = "App=cards";
    text.context_count = 1;
    read_it();
    EXPECT(ALLOW, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 8), .context = "cards");
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, WRONG, 4, 8), .context = "cards");
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, WRONG, 8), .context = "cards");
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, WRONG), .context = "cards");
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, -1), .context = "cards");
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 0), .context = "cards");
    EXPECT(DEFAULT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 8), .context = "other");
    EXPECT(DEFAULT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 8));
}

static void a_signer_survives_builds(void **state) {
    (void)state;
    begin();
    assert_true(kms_policy_pin_add(&text.signer, pcr(8)));
    read_it();
    EXPECT(ALLOW, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 8));
    EXPECT(ALLOW, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(WRONG, 3, 4, 8));
    EXPECT(EXPLICIT_DENY, .caller = SESSION, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 0));
}

static void who_encrypts_opens_nothing(void **state) {
    (void)state;
    begin();
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    read_it();
    EXPECT(ALLOW, .caller = SESSION, .action = "kms:Encrypt", NO_DOCUMENT);
    EXPECT(ALLOW, .caller = SESSION, .action = "kms:GenerateDataKeyWithoutPlaintext", NO_DOCUMENT);
    EXPECT(DEFAULT_DENY, .caller = PRODUCER, .action = "kms:Encrypt", NO_DOCUMENT);
    /* With a producer the parent makes no data. */
    begin();
    text.producer = PRODUCER;
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    read_it();
    EXPECT(DEFAULT_DENY, .caller = SESSION, .action = "kms:Encrypt", NO_DOCUMENT);
    EXPECT(DEFAULT_DENY, .caller = SESSION, .action = "kms:GenerateDataKeyWithoutPlaintext", NO_DOCUMENT);
    EXPECT(ALLOW, .caller = PRODUCER, .action = "kms:Encrypt", NO_DOCUMENT);
    EXPECT(ALLOW, .caller = PRODUCER, .action = "kms:GenerateDataKey", NO_DOCUMENT);
    EXPECT(EXPLICIT_DENY, .caller = PRODUCER, .action = "kms:Decrypt", NO_DOCUMENT, .iam = true);
    EXPECT(DEFAULT_DENY, .caller = PRODUCER, .action = "kms:Decrypt", DOCUMENT(0x11, 3, 4, 0), .iam = true);
    EXPECT(DEFAULT_DENY, .caller = OTHER, .action = "kms:Encrypt", NO_DOCUMENT, .iam = true);
}

static void who_manages_opens_nothing(void **state) {
    (void)state;
    begin();
    assert_true(kms_policy_pin_add(&text.image, pcr(0x11)));
    read_it();
    EXPECT(ALLOW, .caller = ADMIN, .action = "kms:PutKeyPolicy", NO_DOCUMENT, .iam = true);
    EXPECT(DEFAULT_DENY, .caller = ADMIN, .action = "kms:PutKeyPolicy", NO_DOCUMENT);
    EXPECT(DEFAULT_DENY, .caller = ADMIN, .action = "kms:CreateGrant", NO_DOCUMENT, .iam = true);
    EXPECT(DEFAULT_DENY, .caller = ADMIN, .action = "kms:Encrypt", NO_DOCUMENT, .iam = true);
    EXPECT(EXPLICIT_DENY, .caller = ADMIN, .action = "kms:Decrypt", NO_DOCUMENT, .iam = true);
    text.admin = ADMIN;
    read_it();
    EXPECT(ALLOW, .caller = ADMIN, .action = "kms:PutKeyPolicy", NO_DOCUMENT);
    EXPECT(DEFAULT_DENY, .caller = OTHER, .action = "kms:PutKeyPolicy", NO_DOCUMENT, .iam = true);
    EXPECT(EXPLICIT_DENY, .caller = ADMIN, .action = "kms:Decrypt", NO_DOCUMENT);
}

static void values_have_a_limit(void **state) {
    kms_policy_pin pin = {.count = 0};
    (void)state;
    for (uint8_t i = 0; i < KMS_POLICY_VALUES; i++)
        assert_true(kms_policy_pin_add(&pin, pcr((uint8_t)(i + 1))));
    assert_true(kms_policy_pin_add(&pin, pcr(1)));
    assert_false(kms_policy_pin_add(&pin, pcr(0xff)));
}

static void arns(void **state) {
    static const char *const keys[] = {KEY, "arn:aws-cn:kms:cn-north-1:" ACCOUNT ":key/mrk-1",
                                       "arn:aws-us-gov:kms:us-gov-west-1:" ACCOUNT ":key/x"};
    static const char *const others[] = {"",
                                         "arn",
                                         "arn:aws:kms:eu-central-1:" ACCOUNT ":key/",
                                         "arn:aws:kms:eu-central-1:" ACCOUNT ":alias/a",
                                         "arn:aws:kms::" ACCOUNT ":key/a",
                                         "arn:aws:kms:eu-central-1:11112222333:key/a",
                                         "arn:aws:kms:eu-central-1:1111222233334:key/a",
                                         "arn:aws:kms:eu-central-1:11112222333x:key/a",
                                         "arn:other:kms:eu-central-1:" ACCOUNT ":key/a",
                                         "arn:aws:s3:eu-central-1:" ACCOUNT ":key/a",
                                         "arn:aws:kms:eu_central:" ACCOUNT ":key/a",
                                         "arn:aws:kms:eu-central-1:" ACCOUNT ":key/a\"b",
                                         "arn:aws:kms:eu-central-1:" ACCOUNT ":key/a/b",
                                         "ARN:aws:kms:eu-central-1:" ACCOUNT ":key/a"};
    kms_arn arn;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_true(kms_arn_read_key(keys[i], &arn));
        assert_true(grille_bytes_equal(arn.account, grille_bytes_of_text(ACCOUNT)));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (kms_arn_read_key(others[i], &arn)) fail_msg("%s", others[i]);
    assert_true(kms_arn_read_role(ROLE, &arn));
    assert_false(kms_arn_read_role(ROLE "/", &arn));
    assert_false(kms_arn_read_role("arn:aws:iam::" ACCOUNT ":role/", &arn));
    assert_false(kms_arn_read_role("arn:aws:iam:eu:" ACCOUNT ":role/a", &arn));
    assert_false(kms_arn_read_role("arn:aws:iam::" ACCOUNT ":role/a*", &arn));
    assert_false(kms_arn_read_role(SESSION, &arn));
    assert_false(kms_arn_read_role(ADMIN, &arn));
    assert_true(kms_arn_read_principal(ROLE, &arn));
    assert_true(kms_arn_read_principal(ADMIN, &arn));
    assert_true(kms_arn_read_principal(ADMIN_PATH, &arn));
    assert_false(kms_arn_read_principal(ADMIN_PATH "x", &arn));
    assert_false(kms_arn_read_principal("*", &arn));
}

int kms_policy_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image),
        cmocka_unit_test(all_pins),
        cmocka_unit_test(a_signer_survives_builds),
        cmocka_unit_test(who_encrypts_opens_nothing),
        cmocka_unit_test(who_manages_opens_nothing),
        cmocka_unit_test(values_have_a_limit),
        cmocka_unit_test(arns),
    };
    return cmocka_run_group_tests_name("kms_policy", tests, NULL, tear_down);
}
