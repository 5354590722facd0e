/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

enum { digits_of_instance = 17, hex_of_pcr = 2 * GRILLE_NSM_PCR_BYTES };

bool grille_nsm_simulated_is_region(const char *region) {
    size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && region[len] == 0 && len < GRILLE_NSM_SIMULATED_REGION_BYTES;
}

bool grille_nsm_simulated_is_instance_id(const char *id) {
    return strlen(id) == 2 + digits_of_instance && strncmp(id, "i-", 2) == 0 &&
           strspn(id + 2, "0123456789abcdef") == digits_of_instance;
}

/* A plain scalar of YAML on one line: it needs no quotes, and ends where the line does. */
static bool is_plain(const char *value) {
    size_t len = strlen(value);
    if (len == 0 || strchr(" \"'[]{}&*!|>%@`#,?:-", value[0]) != NULL || value[len - 1] == ' ') return false;
    if (strstr(value, " #") != NULL || strstr(value, ": ") != NULL || value[len - 1] == ':') return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f) return false;
    return true;
}

static bool is_role(const char *role) {
    return strncmp(role, "arn:", 4) == 0 && strchr(role, ' ') == NULL && is_plain(role) &&
           strlen(role) < GRILLE_NSM_SIMULATED_ROLE_BYTES;
}

static bool is_executable(const char *path) {
    return path[0] == '/' && is_plain(path) && strlen(path) < PATH_MAX;
}

/* PCR n is key n. */
enum { key_region = GRILLE_NSM_PCR_COUNT, key_instance_id, key_role, key_executable, key_debug, key_count };

static const char *const text_keys[] = {"region", "instance_id", "role", "executable", "debug"};

/* key_count: there is no such key. */
static unsigned key_of(const char *text) {
    unsigned key = 0;
    char pcr[8];
    for (key = 0; key < key_region; key++) {
        (void)snprintf(pcr, sizeof pcr, "pcr%u", key);
        if (strcmp(text, pcr) == 0) return key;
    }
    while (key < key_count && strcmp(text, text_keys[key - key_region]) != 0)
        key++;
    return key;
}

static const char *set_pcr(grille_nsm_simulated_settings *settings, unsigned index, const char *value) {
    grille_nsm_simulated_pcr pcr = {.index = (uint16_t)index};
    size_t len = 0;
    if (!grille_hex_decode(value, strlen(value), pcr.value, sizeof pcr.value, &len) || len != sizeof pcr.value)
        return "a PCR has 96 hex digits";
    settings->pcrs[settings->pcr_count++] = pcr;
    return NULL;
}

/* What is wrong with a value, or NULL, and then it is in the settings. Each key comes once. */
static const char *set(grille_nsm_simulated_settings *settings, unsigned key, const char *value) {
    switch (key) {
    case key_region:
        if (!grille_nsm_simulated_is_region(value)) return "a region is 1 to 20 characters of a-z, 0-9 and -";
        memcpy(settings->region, value, strlen(value) + 1);
        return NULL;
    case key_instance_id:
        if (!grille_nsm_simulated_is_instance_id(value)) return "an instance id is i- and 17 lower-case hex digits";
        memcpy(settings->instance_id, value, strlen(value) + 1);
        return NULL;
    case key_role:
        if (!is_role(value)) return "a role is an ARN of at most 2,048 characters (arn:aws:iam::ACCOUNT:role/NAME)";
        memcpy(settings->role_arn, value, strlen(value) + 1);
        return NULL;
    case key_executable:
        if (!is_executable(value)) return "an executable is an absolute path of printable characters, without \": \"";
        memcpy(settings->executable, value, strlen(value) + 1);
        return NULL;
    case key_debug:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) return "debug is true or false";
        settings->debug_mode = value[0] == 't';
        return NULL;
    default:
        return set_pcr(settings, key, value);
    }
}

grille_reason grille_nsm_simulated_settings_of(const grille_nsm_simulated_options *options,
                                               grille_nsm_simulated_settings *settings, grille_error *error) {
    const char *texts[] = {options->region, options->instance_id, options->role_arn, options->executable};
    memset(settings, 0, sizeof *settings);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *wrong = texts[i] != NULL ? set(settings, key_region + i, texts[i]) : NULL;
        if (wrong != NULL) {
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s of a simulated NSM: \"%.64s\": %s",
                                    text_keys[i], texts[i], wrong);
        }
    }
    settings->debug_mode = options->debug_mode;
    for (size_t i = 0; i < options->pcr_count; i++) {
        const grille_nsm_simulated_pcr *pcr = &options->pcrs[i];
        for (size_t j = 0; j < settings->pcr_count; j++) {
            if (settings->pcrs[j].index != pcr->index) continue;
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "PCR%u is given twice", pcr->index);
        }
        if (pcr->index >= GRILLE_NSM_PCR_COUNT) {
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "PCR%u does not exist; there are 0 to %d",
                                    pcr->index, GRILLE_NSM_PCR_COUNT - 1);
        }
        settings->pcrs[settings->pcr_count++] = *pcr;
    }
    return GRILLE_REASON_OK;
}

typedef struct text_out {
    char *text;
    size_t capacity, len;
    bool full;
} text_out;

static void GRILLE_PRINTF(2, 3) add(text_out *out, const char *format, ...) {
    va_list arguments;
    int wrote;
    va_start(arguments, format);
    wrote = vsnprintf(&out->text[out->len], out->capacity - out->len, format, arguments);
    va_end(arguments);
    out->full = out->full || wrote < 0 || (size_t)wrote >= out->capacity - out->len;
    if (!out->full) out->len += (size_t)wrote;
}

grille_reason grille_nsm_simulated_settings_write(const grille_nsm_simulated_settings *settings, char *text,
                                                  size_t capacity, size_t *len) {
    text_out out = {.text = text, .capacity = capacity};
    add(&out, "# INSECURE: what the simulated NSM of this folder says of itself, for development only.\n"
              "# Made by `grille sim init`.\n");
    if (settings->region[0] != 0) add(&out, "region: %s\n", settings->region);
    if (settings->instance_id[0] != 0) add(&out, "instance_id: %s\n", settings->instance_id);
    if (settings->role_arn[0] != 0) add(&out, "role: %s\n", settings->role_arn);
    if (settings->executable[0] != 0) add(&out, "executable: %s\n", settings->executable);
    add(&out, "debug: %s\n", settings->debug_mode ? "true" : "false");
    for (size_t i = 0; i < settings->pcr_count; i++) {
        char hex[hex_of_pcr + 1];
        grille_hex_encode(grille_bytes_of(settings->pcrs[i].value, GRILLE_NSM_PCR_BYTES), hex);
        add(&out, "pcr%u: %s\n", settings->pcrs[i].index, hex);
    }
    *len = out.full ? 0 : out.len;
    return out.full ? GRILLE_REASON_NO_SPACE : GRILLE_REASON_OK;
}

/* One line without its end; bit n of *seen: key n came already. */
static const char *read_line(grille_nsm_simulated_settings *settings, char *line, uint64_t *seen) {
    char *colon = strchr(line, ':');
    unsigned key = 0;
    if (line[0] == 0 || line[0] == '#') return NULL;
    if (colon == NULL || colon[1] != ' ' || !is_plain(&colon[2]))
        return "expected \"key: value\" on one line, without quotes";
    *colon = 0;
    key = key_of(line);
    if (key == key_count) return "the keys are region, instance_id, role, executable, debug, and pcr0 to pcr31";
    if ((*seen >> key & 1) != 0) return "this key is there twice";
    *seen |= UINT64_C(1) << key;
    return set(settings, key, &colon[2]);
}

grille_reason grille_nsm_simulated_settings_read(grille_bytes text, const char *name,
                                                 grille_nsm_simulated_settings *settings, grille_error *error) {
    char line[PATH_MAX + 32];
    uint64_t seen = 0;
    size_t number = 1;
    memset(settings, 0, sizeof *settings);
    for (size_t at = 0; at < text.len; at++, number++) {
        const char *wrong = NULL;
        size_t len = 0;
        for (; at < text.len && text.data[at] != '\n'; at++) {
            if (len == sizeof line - 1) wrong = "the line is too long";
            if (text.data[at] == 0) wrong = "there is a zero byte";
            if (wrong == NULL) line[len++] = (char)text.data[at];
        }
        line[len] = 0;
        if (wrong == NULL) wrong = read_line(settings, line, &seen);
        if (wrong != NULL) {
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s:%zu: \"%.40s\": %s", name, number, line,
                                    wrong);
        }
    }
    return GRILLE_REASON_OK;
}
