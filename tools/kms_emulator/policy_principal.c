/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_principal.h"

#include "base/bytes.h"
#include "kms_emulator/policy_source.h"

#define ACCOUNT_DIGITS 12

/* An ARN's fields: "arn", partition, service, region, account, resource; colons of the last are its own. */
typedef struct arn {
    grille_bytes fields[6];
} arn;

typedef enum arn_field { ARN, ARN_PARTITION, ARN_SERVICE, ARN_REGION, ARN_ACCOUNT, ARN_RESOURCE } arn_field;

/* What is before the mark, which is taken too; all, where there is none. */
static grille_bytes take_until(grille_reader *reader, uint8_t mark) {
    grille_reader ahead = *reader;
    size_t len = 0;
    while (ahead.left > 0 && grille_read_u8(&ahead) != mark)
        len++;
    const grille_bytes taken = grille_read_bytes(reader, len);
    if (reader->left > 0) (void)grille_read_u8(reader);
    return taken;
}

static arn arn_of(grille_bytes text) {
    arn read = {.fields = {{.len = 0}}};
    grille_reader reader = grille_reader_of(text);
    for (size_t i = ARN; i < ARN_RESOURCE; i++)
        read.fields[i] = take_until(&reader, ':');
    read.fields[ARN_RESOURCE] = grille_read_rest(&reader);
    return read;
}

static bool is(grille_bytes text, const char *expected) {
    return grille_bytes_equal(text, grille_bytes_of_text(expected));
}

static bool is_account(grille_bytes text) {
    bool well = text.len == ACCOUNT_DIGITS;
    for (size_t i = 0; well && i < text.len; i++)
        well = text.data[i] >= '0' && text.data[i] <= '9';
    return well;
}

/* The part after the last slash. */
static grille_bytes last_part(grille_bytes path) {
    grille_reader reader = grille_reader_of(path);
    grille_bytes part = {.len = 0};
    while (reader.left > 0)
        part = take_until(&reader, '/');
    return part;
}

/* Users, roles and sessions; groups can't be principals. */
static bool read_resource(key_policy_principal *principal, const arn *read) {
    const grille_bytes resource = read->fields[ARN_RESOURCE];
    grille_reader reader = grille_reader_of(resource);
    const grille_bytes kind = take_until(&reader, '/');
    const bool iam = is(read->fields[ARN_SERVICE], "iam"), sts = is(read->fields[ARN_SERVICE], "sts");
    const bool named = resource.data[resource.len - 1] != '/' && reader.left > 0;
    principal->kind = KEY_POLICY_ONE;
    if (iam && is(resource, "root")) {
        principal->kind = KEY_POLICY_ACCOUNT;
        return true;
    }
    if (iam && is(kind, "role") && named) {
        principal->kind = KEY_POLICY_ROLE;
        principal->role = last_part(resource);
        return true;
    }
    if (sts && is(kind, "assumed-role")) return take_until(&reader, '/').len > 0 && reader.left > 0;
    return named && ((iam && is(kind, "user")) || (sts && is(kind, "federated-user")));
}

/* No wildcard for a part of a name: "*" alone, or a whole ARN (IAM User Guide, page Principal). */
static bool read_arn(policy_source *source, key_policy_principal *principal) {
    const arn read = arn_of(principal->text);
    const grille_bytes partition = read.fields[ARN_PARTITION];
    for (size_t i = 0; i < principal->text.len; i++) {
        if (principal->text.data[i] == '*' || principal->text.data[i] == '?') {
            return policy_wrong(source, "a principal has no wildcards, but for \"*\" alone");
        }
    }
    principal->account = read.fields[ARN_ACCOUNT];
    if (!is(read.fields[ARN], "arn") ||
        !(is(partition, "aws") || is(partition, "aws-cn") || is(partition, "aws-us-gov")) ||
        read.fields[ARN_REGION].len > 0 || !is_account(principal->account) || read.fields[ARN_RESOURCE].len == 0 ||
        !read_resource(principal, &read)) {
        return policy_wrong(source, "\"%.*s\" is no account, user, role or session", policy_shown(principal->text.len),
                            (const char *)principal->text.data);
    }
    return true;
}

static bool read_principal(policy_source *source, void *context) {
    key_policy_statement *statement = context;
    key_policy *policy = source->policy;
    key_policy_principal principal = {.kind = KEY_POLICY_EVERYONE};
    uint8_t *text = NULL;
    size_t len = 0;
    if (source->token.kind != GRILLE_JSON_TEXT) return policy_wrong(source, "a principal is a text");
    if (!policy_text(source, false, &text, &len)) return false;
    principal.text = grille_bytes_of(text, len);
    if (is_account(principal.text)) {
        principal.kind = KEY_POLICY_ACCOUNT;
        principal.account = principal.text;
    } else if (!is(principal.text, "*") && !read_arn(source, &principal)) {
        return false;
    }
    if (policy->principal_count == KEY_POLICY_PRINCIPALS) {
        return policy_wrong(source, "more than %d principals", KEY_POLICY_PRINCIPALS);
    }
    policy->principals[policy->principal_count++] = principal;
    statement->principals.count++;
    return true;
}

static bool read_aws(policy_source *source, void *context) {
    return policy_each(source, read_principal, context);
}

bool policy_read_principals(policy_source *source, void *context) {
    static const char refusal[] = "not supported: only principals of AWS call this service";
    static const policy_element elements[] = {
        {.name = "AWS", .required = true, .value = read_aws},
        {.name = "Service", .refusal = refusal},
        {.name = "Federated", .refusal = refusal},
        {.name = "CanonicalUser", .refusal = refusal},
    };
    key_policy_statement *statement = context;
    statement->principals.first = source->policy->principal_count;
    if (!policy_next(source)) return false;
    if (grille_json_is(source->token, "*")) return read_principal(source, statement);
    if (source->token.kind != GRILLE_JSON_OBJECT) {
        return policy_wrong(source, "a Principal is \"*\" or an object with \"AWS\"");
    }
    return policy_members(source, "a Principal", elements, sizeof elements / sizeof elements[0], statement);
}

/* A session's ARN has its role's name and not its path: "assumed-role/Name/session". */
static bool is_session_of(const key_policy_principal *role, grille_bytes caller) {
    const arn read = arn_of(caller);
    grille_reader resource = grille_reader_of(read.fields[ARN_RESOURCE]);
    return is(read.fields[ARN_SERVICE], "sts") && grille_bytes_equal(read.fields[ARN_ACCOUNT], role->account) &&
           is(take_until(&resource, '/'), "assumed-role") && grille_bytes_equal(take_until(&resource, '/'), role->role);
}

bool key_policy_is_caller(const key_policy_principal *principal, const key_policy_facts *facts) {
    switch (principal->kind) {
    case KEY_POLICY_EVERYONE:
        return true;
    case KEY_POLICY_ACCOUNT:
        return grille_bytes_equal(principal->account, facts->caller_account);
    case KEY_POLICY_ROLE:
        return grille_bytes_equal(principal->text, facts->caller_arn) || is_session_of(principal, facts->caller_arn);
    case KEY_POLICY_ONE:
        return grille_bytes_equal(principal->text, facts->caller_arn);
    }
    return false;
}

const char *key_policy_needs_identity_policy(const key_policy_principal *principal, const key_policy_facts *facts) {
    const arn key = arn_of(facts->key_arn), caller = arn_of(facts->caller_arn);
    if (!grille_bytes_equal(key.fields[ARN_ACCOUNT], facts->caller_account)) {
        return "the caller's account is not the key's, and no IAM policy of the caller allows it";
    }
    if (principal->kind == KEY_POLICY_ACCOUNT && !is(caller.fields[ARN_RESOURCE], "root")) {
        return "it leaves the decision to IAM policies of the account, and none of the caller allows it";
    }
    return NULL;
}
