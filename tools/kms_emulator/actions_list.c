/* SPDX-License-Identifier: Apache-2.0
 * Lists, in parts: AWS KMS API reference, ListKeys, ListAliases. A marker is what the last part ended with. */
#include <stdlib.h>
#include <string.h>

#include "kms_emulator/call.h"

/* Of an answer. One row more than is shown says whether there are more. */
static bool input_page(kms_call *call, int64_t most, int64_t *limit, const char **marker) {
    if (!kms_input_number(call, "Limit", KMS_OPTIONAL, 1, most, limit) ||
        !kms_input_text(call, "Marker", KMS_OPTIONAL, 1, 1024, marker))
        return false;
    if (*marker == NULL) *marker = "";
    return true;
}

static bool output_page(kms_call *call, const char *name, json_t *list, const char *next) {
    return kms_output(call, name, list) && kms_output(call, "Truncated", json_boolean(next != NULL)) &&
           (next == NULL || kms_output_text(call, "NextMarker", next));
}

static bool output_keys(kms_call *call, char (*ids)[KMS_KEY_ID_BYTES], size_t count, size_t limit) {
    json_t *list = json_array();
    const size_t shown = count > limit ? limit : count;
    int failed = list == NULL;
    for (size_t i = 0; i < shown; i++) {
        failed |= json_array_append_new(list, json_pack("{s:s, s:s+++++}", "KeyId", ids[i], "KeyArn",
                                                        "arn:aws:kms:", call->service->region, ":",
                                                        call->caller->account, ":key/", ids[i]));
    }
    if (failed == 0) return output_page(call, "Keys", list, count > limit ? ids[shown - 1] : NULL);
    json_decref(list);
    return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
}

bool kms_serve_list_keys(kms_call *call) {
    char(*ids)[KMS_KEY_ID_BYTES];
    const char *marker;
    int64_t limit = 100;
    size_t count;
    bool done;
    if (!input_page(call, KMS_LISTED_KEYS, &limit, &marker) || !kms_authorize_identity(call)) return false;
    if (marker[0] != '\0') {
        uint8_t uuid[KMS_UUID_BYTES];
        if (!kms_uuid_read(marker, uuid)) return kms_fail_plainly(call, KMS_ERROR_INVALID_MARKER);
    }
    ids = calloc((size_t)limit + 1, sizeof *ids);
    if (ids == NULL) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    done = kms_check_store(call, kms_store_list_keys(call->service->store, call->caller->account, marker, ids,
                                                     (size_t)limit + 1, &count)) &&
           output_keys(call, ids, count, (size_t)limit);
    free(ids);
    return done;
}

static bool output_aliases(kms_call *call, const kms_alias *aliases, size_t count, size_t limit) {
    json_t *list = json_array();
    const size_t shown = count > limit ? limit : count;
    int failed = list == NULL;
    for (size_t i = 0; i < shown; i++) {
        failed |= json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "AliasName", aliases[i].name,
                                                        "AliasArn", aliases[i].arn, "TargetKeyId", aliases[i].key_id,
                                                        "CreationDate", kms_time(aliases[i].created_ms),
                                                        "LastUpdatedDate", kms_time(aliases[i].created_ms)));
    }
    if (failed == 0) return output_page(call, "Aliases", list, count > limit ? aliases[shown - 1].name : NULL);
    json_decref(list);
    return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
}

bool kms_serve_list_aliases(kms_call *call) {
    kms_alias *aliases;
    const char *key;
    const char *marker;
    int64_t limit = 50;
    size_t count;
    bool done;
    if (!input_page(call, KMS_LISTED_ALIASES, &limit, &marker) ||
        !kms_input_text(call, "KeyId", KMS_OPTIONAL, 1, 2048, &key) || !kms_authorize_identity(call) ||
        (key != NULL && !kms_find_key(call, key, KMS_BY_KEY)))
        return false;
    if (marker[0] != '\0' && strncmp(marker, "alias/", sizeof "alias/" - 1) != 0)
        return kms_fail_plainly(call, KMS_ERROR_INVALID_MARKER);
    aliases = calloc((size_t)limit + 1, sizeof *aliases);
    if (aliases == NULL) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    done = kms_check_store(call, kms_store_list_aliases(call->service->store, call->caller->account,
                                                        call->service->region, key == NULL ? NULL : call->key.id,
                                                        marker, aliases, (size_t)limit + 1, &count)) &&
           output_aliases(call, aliases, count, (size_t)limit);
    free(aliases);
    return done;
}
