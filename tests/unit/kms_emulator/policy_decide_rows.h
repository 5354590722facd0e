/* SPDX-License-Identifier: Apache-2.0
 * Policies, requests and what IAM decides: each rule on both sides. ' stands for ". */
#ifndef GRILLE_TESTS_POLICY_DECIDE_ROWS_H
#define GRILLE_TESTS_POLICY_DECIDE_ROWS_H

#include "kms_emulator/policy_decide.h"

typedef struct decide_row {
    const char *name;
    const char *policy;
    const char *caller; /* ARN */
    const char *action;
    const char *facts; /* "name=value|…"; "pcr0=hex" and "context:name=value" as the builder of facts makes them */
    key_policy_verdict verdict;
    size_t statement;
    const char *says; /* part of the reason */
    bool identity_policy_allows;
} decide_row;

#define TWELVE(x) x x x x x x x x x x x x
#define IMAGE     TWELVE("a1b2c3d4")
#define UPPER     TWELVE("A1B2C3D4")
#define OTHER     TWELVE("ffee0011")
#define ZEROS     TWELVE("00000000")

#define ACCOUNT      "111122223333"
#define ROLE         "arn:aws:iam::" ACCOUNT ":role/team/Enclave"
#define SESSION      "arn:aws:sts::" ACCOUNT ":assumed-role/Enclave/i-0123"
#define OTHER_ROLE   "arn:aws:sts::" ACCOUNT ":assumed-role/Enclave2/i-0123"
#define FOREIGN_ROLE "arn:aws:sts::444455556666:assumed-role/Enclave/i-0123"
#define USER         "arn:aws:iam::" ACCOUNT ":user/ann"
#define ROOT         "arn:aws:iam::" ACCOUNT ":root"
#define DECRYPT      "kms:Decrypt"

#define POLICY(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define STATEMENT(effect, principal, action, more)                                                                     \
    "{'Effect':'" effect "','Principal':" principal ",'Action':" action ",'Resource':'*'" more "}"
#define ROLE_PRINCIPAL "{'AWS':'" ROLE "'}"
#define IF(condition)  ",'Condition':{" condition "}"
/* The role may decrypt under a condition; everyone may, but is denied under a condition. */
#define ALLOW_IF(condition) POLICY(STATEMENT("Allow", ROLE_PRINCIPAL, "'kms:Decrypt'", IF(condition)))
#define DENY_IF(condition)                                                                                             \
    POLICY(STATEMENT("Allow", "'*'", "'kms:*'", "") "," STATEMENT("Deny", "'*'", "'*'", IF(condition)))
#define BY(principal)             POLICY(STATEMENT("Allow", principal, "'kms:Decrypt'", ""))
#define TO(action)                POLICY(STATEMENT("Allow", "'*'", action, ""))
#define PCR0(operator, values)    "'" operator"':{'kms:RecipientAttestation:PCR0':" values "}"
#define APP(operator, values)     "'" operator"':{'kms:EncryptionContext:App':" values "}"
#define KEYS(operator, values)    "'" operator"':{'kms:EncryptionContextKeys':" values "}"
#define SERVICE(operator, values) "'" operator"':{'kms:ViaService':" values "}"

/* By the role's session, to decrypt. */
#define ALLOWED(name, policy, facts)                                                                                   \
    { name, policy, SESSION, DECRYPT, facts, KEY_POLICY_ALLOW, 1, "statement 1", false }
#define NOT_ALLOWED(name, policy, facts, says)                                                                         \
    { name, policy, SESSION, DECRYPT, facts, KEY_POLICY_DEFAULT_DENY, 1, says, false }
#define DENIED(name, policy, facts)                                                                                    \
    { name, policy, SESSION, DECRYPT, facts, KEY_POLICY_EXPLICIT_DENY, 2, "statement 2", false }
/* Without condition keys. */
#define CALL(name, policy, caller, action, verdict, statement, says)                                                   \
    { name, policy, caller, action, "", KEY_POLICY_##verdict, statement, says, false }
#define CALL_WITH_IAM(name, policy, caller, verdict, statement, says)                                                  \
    { name, policy, caller, DECRYPT, "", KEY_POLICY_##verdict, statement, says, true }

#define ABSENT   ": the request has no such key"
#define IS_OTHER ": the request has \"" OTHER "\""
#define IS_IMAGE ": the request has \"" IMAGE "\""

static const decide_row rows[] = {
    ALLOWED("StringEquals: equal", ALLOW_IF(PCR0("StringEquals", "'" IMAGE "'")), "pcr0=" IMAGE),
    NOT_ALLOWED("StringEquals: another image", ALLOW_IF(PCR0("StringEquals", "'" IMAGE "'")), "pcr0=" OTHER, IS_OTHER),
    NOT_ALLOWED("StringEquals: no Recipient", ALLOW_IF(PCR0("StringEquals", "'" IMAGE "'")), "", ABSENT),
    NOT_ALLOWED("StringEquals: case counts", ALLOW_IF(PCR0("StringEquals", "'" UPPER "'")), "pcr0=" IMAGE, IS_IMAGE),
    ALLOWED("StringEquals: one of two", ALLOW_IF(PCR0("StringEquals", "['" OTHER "','" IMAGE "']")), "pcr0=" IMAGE),
    NOT_ALLOWED("StringEquals: none of two", ALLOW_IF(PCR0("StringEquals", "['" OTHER "','" UPPER "']")), "pcr0=" IMAGE,
                "\" and 1 more: the request has"),
    NOT_ALLOWED("StringEquals: empty is not absent", ALLOW_IF(PCR0("StringEquals", "''")), "", ABSENT),
    NOT_ALLOWED("StringEquals: no wildcards", ALLOW_IF(PCR0("StringEquals", "'a1*'")), "pcr0=" IMAGE, "\"a1*\": the"),
    ALLOWED("StringEqualsIfExists: equal", ALLOW_IF(PCR0("StringEqualsIfExists", "'" IMAGE "'")), "pcr0=" IMAGE),
    NOT_ALLOWED("StringEqualsIfExists: another", ALLOW_IF(PCR0("StringEqualsIfExists", "'" IMAGE "'")), "pcr0=" OTHER,
                IS_OTHER),
    ALLOWED("StringEqualsIfExists: absent", ALLOW_IF(PCR0("StringEqualsIfExists", "'" IMAGE "'")), ""),
    ALLOWED("StringNotEquals: another", ALLOW_IF(PCR0("StringNotEquals", "'" ZEROS "'")), "pcr0=" IMAGE),
    NOT_ALLOWED("StringNotEquals: equal", ALLOW_IF(PCR0("StringNotEquals", "'" IMAGE "'")), "pcr0=" IMAGE, IS_IMAGE),
    ALLOWED("StringNotEquals: absent", ALLOW_IF(PCR0("StringNotEquals", "'" ZEROS "'")), ""),
    ALLOWED("StringNotEquals: neither", ALLOW_IF(PCR0("StringNotEquals", "['" ZEROS "','" OTHER "']")), "pcr0=" IMAGE),
    NOT_ALLOWED("StringNotEquals: one of two", ALLOW_IF(PCR0("StringNotEquals", "['" ZEROS "','" IMAGE "']")),
                "pcr0=" IMAGE, IS_IMAGE),
    ALLOWED("StringNotEquals: case counts", ALLOW_IF(PCR0("StringNotEquals", "'" UPPER "'")), "pcr0=" IMAGE),
    ALLOWED("StringNotEqualsIfExists: absent", ALLOW_IF(PCR0("StringNotEqualsIfExists", "'" IMAGE "'")), ""),
    NOT_ALLOWED("StringNotEqualsIfExists: equal", ALLOW_IF(PCR0("StringNotEqualsIfExists", "'" IMAGE "'")),
                "pcr0=" IMAGE, IS_IMAGE),
    ALLOWED("StringEqualsIgnoreCase: other case", ALLOW_IF(PCR0("StringEqualsIgnoreCase", "'" UPPER "'")),
            "pcr0=" IMAGE),
    NOT_ALLOWED("StringEqualsIgnoreCase: another", ALLOW_IF(PCR0("StringEqualsIgnoreCase", "'" UPPER "'")),
                "pcr0=" OTHER, IS_OTHER),
    NOT_ALLOWED("StringEqualsIgnoreCase: absent", ALLOW_IF(PCR0("StringEqualsIgnoreCase", "'" UPPER "'")), "", ABSENT),
    ALLOWED("StringEqualsIgnoreCaseIfExists: absent", ALLOW_IF(PCR0("StringEqualsIgnoreCaseIfExists", "'a'")), ""),
    NOT_ALLOWED("StringNotEqualsIgnoreCase: other case", ALLOW_IF(PCR0("StringNotEqualsIgnoreCase", "'" UPPER "'")),
                "pcr0=" IMAGE, IS_IMAGE),
    ALLOWED("StringNotEqualsIgnoreCase: another", ALLOW_IF(PCR0("StringNotEqualsIgnoreCase", "'" UPPER "'")),
            "pcr0=" OTHER),
    ALLOWED("StringNotEqualsIgnoreCase: absent", ALLOW_IF(PCR0("StringNotEqualsIgnoreCase", "'" UPPER "'")), ""),
    ALLOWED("StringLike: a run", ALLOW_IF(APP("StringLike", "'V*lt'")), "context:App=Vault"),
    NOT_ALLOWED("StringLike: another", ALLOW_IF(APP("StringLike", "'V*lt'")), "context:App=Vaults", "\"V*lt\": the"),
    ALLOWED("StringLike: one character", ALLOW_IF(APP("StringLike", "'Vaul?'")), "context:App=Vault"),
    NOT_ALLOWED("StringLike: one is not none", ALLOW_IF(APP("StringLike", "'Vault?'")), "context:App=Vault",
                "\"Vault?\": the"),
    NOT_ALLOWED("StringLike: case counts", ALLOW_IF(APP("StringLike", "'v*'")), "context:App=Vault", "\"Vault\""),
    NOT_ALLOWED("StringLike: absent", ALLOW_IF(APP("StringLike", "'*'")), "", ABSENT),
    ALLOWED("StringLikeIfExists: absent", ALLOW_IF(APP("StringLikeIfExists", "'V*'")), ""),
    ALLOWED("StringLike: an asterisk itself", ALLOW_IF(APP("StringLike", "'${*}${?}${$}'")), "context:App=*?$"),
    ALLOWED("StringEquals: no variable", ALLOW_IF(APP("StringEquals", "'$x{$'")), "context:App=$x{$"),
    NOT_ALLOWED("StringLike: only an asterisk", ALLOW_IF(APP("StringLike", "'${*}'")), "context:App=x", "\"*\": the"),
    NOT_ALLOWED("StringNotLike: alike", ALLOW_IF(APP("StringNotLike", "'V*'")), "context:App=Vault", "\"Vault\""),
    ALLOWED("StringNotLike: another", ALLOW_IF(APP("StringNotLike", "'V*'")), "context:App=Mill"),
    ALLOWED("StringNotLike: absent", ALLOW_IF(APP("StringNotLike", "'V*'")), ""),

    ALLOWED("Null true: absent", ALLOW_IF(PCR0("Null", "'true'")), ""),
    NOT_ALLOWED("Null true: there", ALLOW_IF(PCR0("Null", "true")), "pcr0=" IMAGE, " true: the request has"),
    ALLOWED("Null false: there", ALLOW_IF(PCR0("Null", "['false']")), "pcr0=" IMAGE),
    NOT_ALLOWED("Null false: absent", ALLOW_IF(PCR0("Null", "false")), "", " false: the request has no such key"),
    NOT_ALLOWED("Null false: empty", ALLOW_IF(APP("Null", "false")), "context:App=", ABSENT),

    ALLOWED("ForAnyValue: one of them", ALLOW_IF(KEYS("ForAnyValue:StringEquals", "'App'")),
            "context:Zone=1|context:App=2"),
    NOT_ALLOWED("ForAnyValue: none", ALLOW_IF(KEYS("ForAnyValue:StringEquals", "'App'")),
                "context:Zone=1|context:Time=2", "has \"Zone\" and more"),
    NOT_ALLOWED("ForAnyValue: absent", ALLOW_IF(KEYS("ForAnyValue:StringEquals", "'App'")), "", ABSENT),
    ALLOWED("ForAnyValue, not: one differs", ALLOW_IF(KEYS("ForAnyValue:StringNotEquals", "'App'")),
            "context:App=1|context:Zone=2"),
    NOT_ALLOWED("ForAnyValue, not: none differs", ALLOW_IF(KEYS("ForAnyValue:StringNotEquals", "['App','Zone']")),
                "context:App=1|context:Zone=2", "and 1 more"),
    NOT_ALLOWED("ForAnyValue, not: absent", ALLOW_IF(KEYS("ForAnyValue:StringNotEquals", "'App'")), "", ABSENT),
    ALLOWED("ForAnyValue: like", ALLOW_IF(KEYS("ForAnyValue:StringLike", "'A*'")), "context:Zone=1|context:App=2"),
    ALLOWED("ForAllValues: each", ALLOW_IF(KEYS("ForAllValues:StringEquals", "['App','Zone','x']")),
            "context:App=1|context:Zone=2"),
    NOT_ALLOWED("ForAllValues: not each", ALLOW_IF(KEYS("ForAllValues:StringEquals", "'App'")),
                "context:App=1|context:Zone=2", "has \"App\" and more"),
    ALLOWED("ForAllValues: absent holds", ALLOW_IF(KEYS("ForAllValues:StringEquals", "'App'")), ""),
    ALLOWED("ForAllValues: empty holds", ALLOW_IF(APP("ForAllValues:StringEquals", "'Vault'")), "context:App="),
    NOT_ALLOWED("ForAllValues and Null false: absent",
                ALLOW_IF(KEYS("ForAllValues:StringEquals", "'App'") "," KEYS("Null", "false")), "", "Null \"kms:Enc"),
    ALLOWED("ForAllValues and Null false: there",
            ALLOW_IF(KEYS("ForAllValues:StringEquals", "'App'") "," KEYS("Null", "false")), "context:App=1"),
    ALLOWED("ForAllValues, not: each differs", ALLOW_IF(KEYS("ForAllValues:StringNotEquals", "'App'")),
            "context:Time=1|context:Zone=2"),
    NOT_ALLOWED("ForAllValues, not: one does not", ALLOW_IF(KEYS("ForAllValues:StringNotEquals", "'App'")),
                "context:App=1|context:Zone=2", "has \"App\" and more"),
    ALLOWED("ForAllValues, not: absent holds", ALLOW_IF(KEYS("ForAllValues:StringNotEquals", "'App'")), ""),
    ALLOWED("ForAllValues: any case", ALLOW_IF(KEYS("ForAllValues:StringEqualsIgnoreCase", "'APP'")), "context:app=1"),
    ALLOWED("ForAllValues, IfExists: absent", ALLOW_IF(KEYS("ForAllValues:StringLikeIfExists", "'App'")), ""),
    NOT_ALLOWED("ForAllValues, IfExists: another", ALLOW_IF(KEYS("ForAllValues:StringLikeIfExists", "'App'")),
                "context:Zone=1", "has \"Zone\""),

    ALLOWED("operators: both", ALLOW_IF(PCR0("StringEquals", "'" IMAGE "'") "," APP("StringLike", "'V*'")),
            "pcr0=" IMAGE "|context:App=Vault"),
    NOT_ALLOWED("operators: one", ALLOW_IF(PCR0("StringEquals", "'" IMAGE "'") "," APP("StringLike", "'V*'")),
                "pcr0=" IMAGE "|context:App=Mill", "StringLike \"kms:EncryptionContext:App\" \"V*\""),
    NOT_ALLOWED("keys: the value of another",
                ALLOW_IF("'StringEquals':{'kms:RecipientAttestation:PCR3':'" IMAGE
                         "','kms:RecipientAttestation:PCR8':'" OTHER "'}"),
                "pcr3=" OTHER "|pcr8=" OTHER, "\"kms:RecipientAttestation:PCR3\""),
    ALLOWED("keys: both",
            ALLOW_IF("'StringEquals':{'kms:RecipientAttestation:PCR3':'" IMAGE
                     "','kms:RecipientAttestation:PCR8':'" OTHER "'}"),
            "pcr3=" IMAGE "|pcr8=" OTHER),
    NOT_ALLOWED("keys: one",
                ALLOW_IF("'StringEquals':{'kms:RecipientAttestation:PCR3':'" IMAGE
                         "','kms:RecipientAttestation:PCR8':'" OTHER "'}"),
                "pcr3=" IMAGE "|pcr8=" ZEROS, "\"kms:RecipientAttestation:PCR8\""),
    NOT_ALLOWED("an unsigned image", ALLOW_IF("'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR8':'" IMAGE "'}"),
                "pcr0=" IMAGE, ABSENT),
    ALLOWED("ImageSha384 is PCR0", ALLOW_IF("'StringEquals':{'kms:RecipientAttestation:ImageSha384':'" IMAGE "'}"),
            "pcr0=" IMAGE),
    NOT_ALLOWED("ImageSha384 is not PCR1",
                ALLOW_IF("'StringEquals':{'kms:RecipientAttestation:ImageSha384':'" IMAGE "'}"),
                "pcr0=" ZEROS "|pcr1=" IMAGE, "has \"" ZEROS "\""),
    ALLOWED("a key's name in any case", ALLOW_IF("'StringEquals':{'KMS:recipientattestation:pcr0':'" IMAGE "'}"),
            "pcr0=" IMAGE),
    ALLOWED("the context's name in any case", ALLOW_IF(APP("StringEquals", "'Vault'")), "context:APP=Vault"),
    NOT_ALLOWED("the context's value by case", ALLOW_IF(APP("StringEquals", "'Vault'")), "context:App=VAULT",
                "\"VAULT\""),
    NOT_ALLOWED("two of a context, by case: not allowed", ALLOW_IF(APP("StringEquals", "'Vault'")),
                "context:App=Vault|context:APP=Vault", "several values need ForAnyValue:"),
    {"two of a context, by case: denied", DENY_IF(APP("StringEquals", "'Mill'")), SESSION, DECRYPT,
     "context:App=Vault|context:APP=Vault", KEY_POLICY_EXPLICIT_DENY, 2, "several values need ForAnyValue:", false},
    ALLOWED("two of a context, by case: another condition fails",
            DENY_IF(APP("StringEquals", "'Mill'") "," PCR0("Null", "false")), "context:App=Vault|context:APP=Vault"),
    NOT_ALLOWED("ViaService: absent", ALLOW_IF(SERVICE("StringEquals", "'s3.eu-central-1.amazonaws.com'")), "", ABSENT),
    ALLOWED("ViaService, not: absent", ALLOW_IF(SERVICE("StringNotEquals", "'s3.eu-central-1.amazonaws.com'")), ""),
    ALLOWED("ViaService: there", ALLOW_IF(SERVICE("StringLike", "'s3.*.amazonaws.com'")),
            "kms:ViaService=s3.eu-central-1.amazonaws.com"),

    DENIED("Deny of another image", DENY_IF(PCR0("StringNotEquals", "'" IMAGE "'")), "pcr0=" OTHER),
    ALLOWED("Deny spares the image", DENY_IF(PCR0("StringNotEquals", "'" IMAGE "'")), "pcr0=" IMAGE),
    DENIED("Deny, not equal: absent", DENY_IF(PCR0("StringNotEquals", "'" IMAGE "'")), ""),
    ALLOWED("Deny, equal: absent", DENY_IF(PCR0("StringEquals", "'" ZEROS "'")), ""),
    DENIED("Deny of a debug enclave", DENY_IF(PCR0("StringEquals", "'" ZEROS "'")), "pcr0=" ZEROS),
    DENIED("Deny, IfExists: absent", DENY_IF(PCR0("StringEqualsIfExists", "'" ZEROS "'")), ""),
    DENIED("Deny, Null true: absent", DENY_IF(PCR0("Null", "true")), ""),
    ALLOWED("Deny, Null true: there", DENY_IF(PCR0("Null", "true")), "pcr0=" IMAGE),
    CALL("Deny before Allow", POLICY(STATEMENT("Deny", "'*'", "'*'", "") "," STATEMENT("Allow", "'*'", "'*'", "")),
         SESSION, DECRYPT, EXPLICIT_DENY, 1,
         "statement 1 (line 1) denies \"kms:Decrypt\" to \"" SESSION "\": it has no"),
    CALL("Deny after Allow", POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Deny", "'*'", "'*'", "")),
         SESSION, DECRYPT, EXPLICIT_DENY, 2, "statement 2 (line 1) denies"),
    CALL("Deny of another action",
         POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Deny", "'*'", "'kms:Put*'", "")), SESSION, DECRYPT,
         ALLOW, 1, "allows \"kms:Decrypt\""),
    CALL("Deny of another caller",
         POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Deny", ROLE_PRINCIPAL, "'*'", "")), OTHER_ROLE,
         DECRYPT, ALLOW, 1, "allows \"kms:Decrypt\""),
    CALL("Deny of an account",
         POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Deny", "{'AWS':'" ACCOUNT "'}", "'*'", "")),
         SESSION, DECRYPT, EXPLICIT_DENY, 2, "statement 2"),
    CALL("only a Deny, which does not apply", POLICY(STATEMENT("Deny", ROLE_PRINCIPAL, "'*'", "")), USER, DECRYPT,
         DEFAULT_DENY, 0, "no statement of the policy allows anything"),
    CALL("a second Allow without condition",
         POLICY(STATEMENT("Allow", ROLE_PRINCIPAL, "'*'", IF(PCR0("StringEquals", "'" IMAGE "'"))) "," STATEMENT(
             "Allow", ROLE_PRINCIPAL, "'kms:Decrypt'", ",'Sid':'Left \xc3\xbcver'")),
         SESSION, DECRYPT, ALLOW, 2, "statement 2 \"Left ..ver\" (line 1) allows"),
    CALL("the first of two Allows is told",
         POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Allow", "'*'", "'*'", "")), SESSION, DECRYPT, ALLOW,
         1, "statement 1 (line 1) allows"),
    CALL("the closest Allow is told",
         POLICY(STATEMENT("Allow", "{'AWS':'" USER "'}", "'*'", "") "," STATEMENT(
             "Allow", ROLE_PRINCIPAL, "'*'", IF(PCR0("StringEquals", "'a'"))) "," STATEMENT("Allow", ROLE_PRINCIPAL,
                                                                                            "'kms:Encrypt'", "")),
         SESSION, DECRYPT, DEFAULT_DENY, 2, "closest is statement 2 (line 1): StringEquals \"kms:Rec"),

    CALL("everyone", BY("'*'"), SESSION, DECRYPT, ALLOW, 1, "it has no conditions"),
    CALL("everyone of AWS", BY("{'AWS':'*'}"), USER, DECRYPT, ALLOW, 1, "allows"),
    CALL("a role, its session", BY(ROLE_PRINCIPAL), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("a role, itself", BY(ROLE_PRINCIPAL), ROLE, DECRYPT, ALLOW, 1, "allows"),
    CALL("a role, another's session", BY(ROLE_PRINCIPAL), OTHER_ROLE, DECRYPT, DEFAULT_DENY, 1,
         "it is not for the caller \"" OTHER_ROLE "\""),
    CALL_WITH_IAM("a role, its name in another account", BY(ROLE_PRINCIPAL), FOREIGN_ROLE, DEFAULT_DENY, 1,
                  "it is not for the caller"),
    CALL("a role, a user of its name", BY("{'AWS':'arn:aws:iam::" ACCOUNT ":role/ann'}"), USER, DECRYPT, DEFAULT_DENY,
         1, "it is not for the caller"),
    CALL("names of one letter",
         BY("{'AWS':['arn:aws:iam::" ACCOUNT ":user/u','arn:aws:sts::" ACCOUNT ":assumed-role/r/s']}"),
         "arn:aws:iam::" ACCOUNT ":user/u", DECRYPT, ALLOW, 1, "allows"),
    CALL_WITH_IAM("an account of any digits", BY("{'AWS':'098765432109'}"), "arn:aws:iam::098765432109:user/ann", ALLOW,
                  1, "allows"),
    CALL("a federated user", BY("{'AWS':'arn:aws:sts::" ACCOUNT ":federated-user/bea'}"),
         "arn:aws:sts::" ACCOUNT ":federated-user/bea", DECRYPT, ALLOW, 1, "allows"),
    CALL("a session", BY("{'AWS':'" SESSION "'}"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("a session, another of the role", BY("{'AWS':'" SESSION "'}"),
         "arn:aws:sts::" ACCOUNT ":assumed-role/Enclave/i-0124", DECRYPT, DEFAULT_DENY, 1, "it is not for the caller"),
    CALL("a user", BY("{'AWS':'" USER "'}"), USER, DECRYPT, ALLOW, 1, "allows"),
    CALL("a user, another", BY("{'AWS':'" USER "'}"), USER "a", DECRYPT, DEFAULT_DENY, 1, "it is not for the caller"),
    CALL("the second of a list", BY("{'AWS':['" USER "','" ROLE "']}"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("none of a list", BY("{'AWS':['" USER "','" ROLE "']}"), OTHER_ROLE, DECRYPT, DEFAULT_DENY, 1, "caller"),
    CALL_WITH_IAM("an account, with IAM", BY("{'AWS':'" ROOT "'}"), SESSION, ALLOW, 1, "allows"),
    CALL("an account, without IAM", BY("{'AWS':'" ROOT "'}"), SESSION, DECRYPT, DEFAULT_DENY, 1,
         "it leaves the decision to IAM policies of the account"),
    CALL_WITH_IAM("an account's digits, with IAM", BY("{'AWS':'" ACCOUNT "'}"), USER, ALLOW, 1, "allows"),
    CALL_WITH_IAM("an account, another", BY("{'AWS':'" ACCOUNT "'}"), FOREIGN_ROLE, DEFAULT_DENY, 1, "caller"),
    CALL("an account and its role, without IAM", BY("{'AWS':['" ROOT "','" ROLE "']}"), SESSION, DECRYPT, ALLOW, 1,
         "allows"),
    CALL("an account, its root user", BY("{'AWS':'" ROOT "'}"), ROOT, DECRYPT, ALLOW, 1, "allows"),
    CALL("everyone, from another account without IAM", BY("'*'"), FOREIGN_ROLE, DECRYPT, DEFAULT_DENY, 1,
         "the caller's account is not the key's"),
    CALL_WITH_IAM("everyone, from another account with IAM", BY("'*'"), FOREIGN_ROLE, ALLOW, 1, "allows"),
    CALL("Deny needs no IAM",
         POLICY(STATEMENT("Allow", "'*'", "'*'", "") "," STATEMENT("Deny", "{'AWS':'444455556666'}", "'*'", "")),
         FOREIGN_ROLE, DECRYPT, EXPLICIT_DENY, 2, "denies"),

    CALL("an action", TO("'kms:Decrypt'"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("an action, another", TO("'kms:Decrypt'"), SESSION, "kms:GenerateDataKey", DEFAULT_DENY, 1,
         "it is not for \"kms:GenerateDataKey\""),
    CALL("an action, a longer one", TO("'kms:GenerateDataKey'"), SESSION, "kms:GenerateDataKeyPair", DEFAULT_DENY, 1,
         "it is not for"),
    CALL("an action in any case", TO("'KMS:decrypt'"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("actions, a run", TO("'kms:Generate*'"), SESSION, "kms:GenerateRandom", ALLOW, 1, "allows"),
    CALL("actions, a run in the middle", TO("'kms:*Key'"), SESSION, "kms:GenerateDataKey", ALLOW, 1, "allows"),
    CALL("actions, not in the run", TO("'kms:Generate*'"), SESSION, DECRYPT, DEFAULT_DENY, 1, "it is not for"),
    CALL("actions, one character", TO("'kms:?ecrypt'"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("actions, one is not two", TO("'kms:?crypt'"), SESSION, DECRYPT, DEFAULT_DENY, 1, "it is not for"),
    CALL("all of the service", TO("'kms:*'"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("all", TO("'*'"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("the second of two actions", TO("['kms:Encrypt','kms:Decrypt']"), SESSION, DECRYPT, ALLOW, 1, "allows"),
    CALL("a value is no action", POLICY(STATEMENT("Allow", "'*'", "'kms:Encrypt'", IF(APP("StringNotLike", "'*'")))),
         SESSION, DECRYPT, DEFAULT_DENY, 1, "it is not for"),
    CALL("none of two actions", TO("['kms:Encrypt','kms:Re*']"), SESSION, DECRYPT, DEFAULT_DENY, 1, "it is not for"),
};

#endif
