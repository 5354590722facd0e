/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/nitro_answer.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "wire/limits.h"

/* One object of the array: what is of interest here. */
typedef struct described {
    grille_json_token name, state;
    uint64_t cid;
    unsigned names, states, cids; /* how often each is there */
} described;

/* What was found so far. */
typedef struct search {
    grille_bytes name;
    unsigned found;
    uint32_t cid;
    char others[160]; /* names that are there */
} search;

static bool read_member(grille_json *json, grille_json_token key, described *one) {
    const bool is_name = grille_json_is(key, "EnclaveName"), is_state = grille_json_is(key, "State");
    if (!is_name && !is_state && !grille_json_is(key, "EnclaveCID")) return grille_json_skip(json, key);
    const grille_json_token value = grille_json_next(json);
    if (is_name || is_state) {
        *(is_name ? &one->name : &one->state) = value;
        *(is_name ? &one->names : &one->states) += 1;
        return value.kind == GRILLE_JSON_TEXT;
    }
    one->cids++;
    return grille_json_number(value, UINT32_MAX - 1, &one->cid);
}

static bool read_one(grille_json *json, described *one) {
    grille_json_token token = grille_json_next(json);
    for (; token.kind == GRILLE_JSON_KEY; token = grille_json_next(json)) {
        if (!read_member(json, token, one)) return false;
    }
    return token.kind == GRILLE_JSON_OBJECT_END && one->names == 1 && one->states == 1 && one->cids == 1;
}

static void note_other(search *wanted, grille_bytes name) {
    const size_t used = strlen(wanted->others);
    if (name.len > GRILLE_LIMIT_ENCLAVE_NAME_BYTES) return;
    (void)snprintf(wanted->others + used, sizeof wanted->others - used, "%s%.*s", used == 0 ? "" : ", ", (int)name.len,
                   (const char *)name.data);
}

static void compare(search *wanted, const described *one) {
    if (!grille_json_is(one->state, "RUNNING")) return;
    if (!grille_bytes_equal(one->name.raw, wanted->name)) {
        note_other(wanted, one->name.raw);
        return;
    }
    wanted->found++;
    wanted->cid = (uint32_t)one->cid;
}

static bool search_all(grille_bytes output, search *wanted) {
    grille_json json = grille_json_of(output);
    grille_json_token token = grille_json_next(&json);
    if (token.kind != GRILLE_JSON_ARRAY) return false;
    for (token = grille_json_next(&json); token.kind == GRILLE_JSON_OBJECT; token = grille_json_next(&json)) {
        described one = {.cid = 0};
        if (!read_one(&json, &one)) return false;
        compare(wanted, &one);
    }
    return token.kind == GRILLE_JSON_ARRAY_END && grille_json_next(&json).kind == GRILLE_JSON_END;
}

grille_reason grille_nitro_answer_find(grille_bytes output, grille_bytes name, uint32_t *cid, grille_error *error) {
    search wanted = {.name = name};
    if (!search_all(output, &wanted)) {
        return grille_error_set(error, GRILLE_REASON_LOOP_NITRO_CLI,
                                "`nitro-cli describe-enclaves` printed %zu bytes that are no list of enclaves with "
                                "EnclaveName, EnclaveCID and State",
                                output.len);
    }
    if (wanted.found > 1) {
        return grille_error_set(error, GRILLE_REASON_LOOP_NITRO_CLI,
                                "%u enclaves \"%.*s\" run here: write vsock:CID:PORT to choose one", wanted.found,
                                (int)name.len, (const char *)name.data);
    }
    if (wanted.found == 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN,
                                "no enclave \"%.*s\" runs here; nitro-cli knows: %s", (int)name.len,
                                (const char *)name.data, wanted.others[0] == '\0' ? "none" : wanted.others);
    }
    *cid = wanted.cid;
    return GRILLE_REASON_OK;
}
