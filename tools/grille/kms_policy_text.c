/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_policy_text.h"

#include <string.h>

#include "base/bytes.h"
#include "json.h"

#define CONDITION "kms:RecipientAttestation:"

/* What may be done with a key without its plaintext coming out. kms:CreateGrant is none of it: a grant allows what no
 * statement here does. */
static const char *const administration[] = {
    "kms:DescribeKey",         "kms:GetKeyPolicy",       "kms:PutKeyPolicy",
    "kms:ListKeyPolicies",     "kms:ListGrants",         "kms:RevokeGrant",
    "kms:EnableKey",           "kms:DisableKey",         "kms:TagResource",
    "kms:UntagResource",       "kms:ListResourceTags",   "kms:UpdateKeyDescription",
    "kms:CreateAlias",         "kms:UpdateAlias",        "kms:DeleteAlias",
    "kms:EnableKeyRotation",   "kms:DisableKeyRotation", "kms:GetKeyRotationStatus",
    "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",  NULL};
static const char *const encryption[] = {"kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey", NULL};
static const char *const production[] = {"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
                                         "kms:DescribeKey", NULL};
static const char *const release[] = {"kms:Decrypt", "kms:GenerateDataKey", NULL};
/* What brings a plaintext out, or under another key. */
static const char *const opening[] = {"kms:Decrypt", "kms:ReEncryptFrom", NULL};

/* Condition keys in their order, and the pins that they stand for. */
enum { PIN_COUNT = 4 };

typedef struct named_pin {
    const char *key;
    const char *what;
    const kms_policy_pin *pin;
} named_pin;

static void list_pins(const kms_policy_text *policy, named_pin pins[PIN_COUNT]) {
    pins[0] = (named_pin){"ImageSha384", "Image", &policy->image};
    pins[1] = (named_pin){"PCR3", "Role", &policy->host};
    pins[2] = (named_pin){"PCR4", "Instance", &policy->instance};
    pins[3] = (named_pin){"PCR8", "Signer", &policy->signer};
}

bool kms_policy_pin_add(kms_policy_pin *pin, const uint8_t pcr[GRILLE_PCR_BYTES]) {
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_PCR_BYTES), hex);
    for (size_t i = 0; i < pin->count; i++)
        if (strcmp(pin->hex[i], hex) == 0) return true;
    if (pin->count == KMS_POLICY_VALUES) return false;
    memcpy(pin->hex[pin->count++], hex, sizeof hex);
    return true;
}

/* ---- the document ---- */

static void begin_statement(FILE *out, bool is_first, const char *sid, const char *effect) {
    (void)fprintf(out, "%s    {\n      \"Sid\": \"%s\",\n      \"Effect\": \"%s\",\n", is_first ? "" : ",\n", sid,
                  effect);
}

static void write_principal(FILE *out, const char *arn) {
    (void)fputs("      \"Principal\": {\"AWS\": ", out);
    json_text(out, arn);
    (void)fputs("},\n", out);
}

/* And the resource: in a key's policy "*" is the key. */
static void write_actions(FILE *out, const char *const *actions) {
    (void)fputs("      \"Action\": [", out);
    for (size_t i = 0; actions[i] != NULL; i++)
        (void)fprintf(out, "%s%s\"%s\"", i > 0 ? "," : "",
                      i % 3 == 0 && i > 0 ? "\n                 "
                      : i > 0             ? " "
                                          : "",
                      actions[i]);
    (void)fputs("],\n      \"Resource\": \"*\"", out);
}

static void end_statement(FILE *out) {
    (void)fputs("\n    }", out);
}

static void write_pin(FILE *out, const named_pin *one) {
    (void)fprintf(out, "          \"" CONDITION "%s\": ", one->key);
    for (size_t i = 0; i < one->pin->count; i++)
        (void)fprintf(out, "%s\"%s\"",
                      i > 0                 ? ",\n            "
                      : one->pin->count > 1 ? "[\n            "
                                            : "",
                      one->pin->hex[i]);
    if (one->pin->count > 1) (void)fputs("]", out);
}

static void write_context(const kms_policy_text *policy, FILE *out) {
    if (policy->context_count == 0) return;
    (void)fputs(",\n        \"StringEquals\": {", out);
    for (size_t i = 0; i < policy->context_count; i++) {
        const size_t len = strcspn(policy->context[i], "=");
        char key[512];
        (void)snprintf(key, sizeof key, "kms:EncryptionContext:%.*s", (int)len, policy->context[i]);
        (void)fputs(i > 0 ? ",\n          " : "\n          ", out);
        json_text(out, key);
        (void)fputs(": ", out);
        json_text(out, policy->context[i] + len + 1);
    }
    (void)fputs("\n        }", out);
}

/* All pins hold at once. */
static void write_enclave(const kms_policy_text *policy, FILE *out) {
    named_pin pins[PIN_COUNT];
    bool is_first = true;
    list_pins(policy, pins);
    begin_statement(out, false, "AttestedEnclave", "Allow");
    write_principal(out, policy->role);
    write_actions(out, release);
    (void)fputs(",\n      \"Condition\": {\n        \"StringEqualsIgnoreCase\": {", out);
    for (size_t i = 0; i < PIN_COUNT; i++) {
        if (pins[i].pin->count == 0) continue;
        (void)fputs(is_first ? "\n" : ",\n", out);
        write_pin(out, &pins[i]);
        is_first = false;
    }
    (void)fputs("\n        }", out);
    write_context(policy, out);
    (void)fputs("\n      }", out);
    end_statement(out);
}

/* One statement for each pin: conditions of one statement hold together, and one that does not fit is enough. */
static void write_denials(const kms_policy_text *policy, FILE *out) {
    named_pin pins[PIN_COUNT];
    char sid[64];
    list_pins(policy, pins);
    for (size_t i = 0; i < PIN_COUNT; i++) {
        if (pins[i].pin->count == 0) continue;
        (void)snprintf(sid, sizeof sid, "NobodyElseByIts%s", pins[i].what);
        begin_statement(out, false, sid, "Deny");
        write_principal(out, "*");
        write_actions(out, opening);
        (void)fputs(",\n      \"Condition\": {\n        \"StringNotEqualsIgnoreCase\": {\n", out);
        write_pin(out, &pins[i]);
        (void)fputs("\n        }\n      }", out);
        end_statement(out);
    }
}

void kms_policy_write(const kms_policy_text *policy, FILE *out) {
    char root[128];
    (void)snprintf(root, sizeof root, "arn:%.*s:iam::%.*s:root", (int)policy->key.partition.len,
                   (const char *)policy->key.partition.data, (int)policy->key.account.len,
                   (const char *)policy->key.account.data);
    (void)fputs("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n", out);
    begin_statement(out, true, "Administration", "Allow");
    write_principal(out, policy->admin != NULL ? policy->admin : root);
    write_actions(out, administration);
    end_statement(out);
    /* Who encrypts can make data up: the parent only where nobody else is named. */
    begin_statement(out, false, policy->producer != NULL ? "EncryptionByTheProducer" : "EncryptionByTheParent",
                    "Allow");
    write_principal(out, policy->producer != NULL ? policy->producer : policy->role);
    write_actions(out, policy->producer != NULL ? production : encryption);
    end_statement(out);
    write_enclave(policy, out);
    write_denials(policy, out);
    (void)fputs("\n  ]\n}\n", out);
}

/* ---- in words ---- */

static void explain_who(const kms_policy_text *policy, FILE *out) {
    (void)fprintf(out,
                  "Administration: %s manages the key and never opens anything with it%s\n"
                  "  Whoever may kms:PutKeyPolicy can drop every condition below: give that to few people.\n",
                  policy->admin != NULL ? policy->admin : "who the account's IAM policies let",
                  policy->admin != NULL ? "" : " (--admin ARN names one)");
    if (policy->producer != NULL)
        (void)fprintf(out, "EncryptionByTheProducer: %s makes data keys and encrypts with them; the parent does not\n",
                      policy->producer);
    else
        (void)fprintf(out,
                      "EncryptionByTheParent: %s encrypts; that opens nothing\n"
                      "  It can make data of its own, which enclaves open: --producer ARN names somebody else\n",
                      policy->role);
    (void)fprintf(out, "AttestedEnclave: with the credentials of %s, and only as Recipient of an enclave with all of\n",
                  policy->role);
}

static void explain_pin(FILE *out, const kms_policy_pin *pin, const char *is, const char *is_not) {
    (void)fprintf(out, "  %s\n", pin->count > 0 ? is : is_not);
}

void kms_policy_explain(const kms_policy_text *policy, FILE *out) {
    explain_who(policy, out);
    explain_pin(out, &policy->image, "image (PCR0): these builds and no others; each new build needs this policy anew",
                "image (PCR0): NOT pinned: every build of the signer gets the key, old ones with their faults too");
    explain_pin(out, &policy->signer, "signer (PCR8): images signed with this certificate",
                "signer (PCR8): not pinned: --pcr8 CERT, or the measurements of a signed image");
    explain_pin(out, &policy->host, "role (PCR3): on instances of this role",
                "role (PCR3): not pinned: anybody with these credentials may start the image elsewhere: --pcr3 ARN");
    explain_pin(out, &policy->instance, "instance (PCR4): on this instance",
                "instance (PCR4): not pinned: --pcr4 INSTANCE");
    if (policy->context_count > 0) (void)fputs("  encryption context: these pairs\n", out);
    (void)fputs("NobodyElse…: an explicit Deny, so that no other statement, grant or IAM policy lets anybody decrypt\n"
                "  without it. A debug enclave's PCR0 is zeros, and fits none of this.\n",
                out);
}
