/* SPDX-License-Identifier: Apache-2.0 */
#include "image/metadata.h"

#include <jansson.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "base/error.h"

static json_t *load_object(grille_bytes text, json_error_t *problem) {
    json_t *loaded = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, problem);
    if (loaded != NULL && !json_is_object(loaded)) {
        json_decref(loaded);
        return NULL;
    }
    return loaded;
}

static json_t *load_custom(grille_bytes custom, grille_error *error) {
    json_error_t problem = {.line = 1};
    json_t *loaded = custom.data == NULL ? json_object() : load_object(custom, &problem);
    if (loaded == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "custom metadata, line %d, column %d: no JSON object: %s", problem.line, problem.column,
                               problem.text);
    }
    return loaded;
}

static const char *text_of(const char *text) {
    return text == NULL ? "" : text;
}

bool image_metadata_write(const image_metadata *metadata, char **json, grille_error *error) {
    json_t *custom = load_custom(metadata->custom, error);
    json_t *all = NULL;
    if (custom == NULL) return false;
    /* The order of jansson's objects is that of their making. */
    all = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:{}, s:o}", "ImageName", text_of(metadata->name),
                    "ImageVersion", text_of(metadata->version), "BuildMetadata", "BuildTime",
                    text_of(metadata->build_time), "BuildTool", "grille", "BuildToolVersion", "1", "OperatingSystem",
                    text_of(metadata->operating_system), "KernelVersion", text_of(metadata->kernel_version),
                    "DockerInfo", "CustomMetadata", custom);
    *json = all == NULL ? NULL : json_dumps(all, JSON_COMPACT);
    json_decref(all);
    if (*json != NULL) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "a name or version of the image is no UTF-8");
    return false;
}

bool image_metadata_check(grille_bytes section, grille_error *error) {
    json_error_t problem = {.line = 1};
    json_t *loaded = load_object(section, &problem);
    if (loaded == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_EIF_MALFORMED,
                               "the metadata section, line %d, column %d: no JSON object: %s", problem.line,
                               problem.column, problem.text);
        return false;
    }
    json_decref(loaded);
    return true;
}

void image_metadata_text(grille_bytes section, const char *key, const char *inner, char *text, size_t capacity) {
    json_error_t problem;
    json_t *loaded = load_object(section, &problem);
    const json_t *found = json_object_get(loaded, key);
    if (inner != NULL) found = json_object_get(found, inner);
    text[0] = '\0';
    if (json_is_string(found)) {
        grille_x509_text(grille_bytes_of((const uint8_t *)json_string_value(found), json_string_length(found)), text,
                         capacity);
    }
    json_decref(loaded);
}
