/* SPDX-License-Identifier: Apache-2.0
 * grille policy add. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/calendar.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "command.h"
#include "files.h"
#include "input.h"
#include "lines.h"
#include "measurements.h"
#include "options.h"
#include "policy.h"
#include "policy_changes.h"
#include "policy_facts.h"
#include "policy_insert.h"
#include "wire/limits.h"

static const char usage[] =
    "usage: grille policy add FILE --name NAME --measurements JSON [--not-after TIME] [--may-call METHODS]\n"
    "         adds a set of kind nitro to the policy FILE that pins PCR0, 1 and 2 (and 8 of a signed image)\n"
    "         --measurements JSON  what nitro-cli build-enclave printed for the build; never a live enclave's "
    "document\n"
    "         --not-after TIME     when the set ends, like 2027-01-31T00:00:00Z\n"
    "         --may-call METHODS   what such a peer may call: /package.Service/Method or /package.Service/*, between\n"
    "                              commas\n"
    "         exit status: 0 added, 2 usage or a file that can't be used; FILE is as it was then\n";

typedef struct request {
    const char *path, *name, *measurements_path, *not_after, *may_call;
    measurements measured;
    uint8_t text[GRILLE_LIMIT_POLICY_FILE_BYTES]; /* of FILE */
    size_t len;
    grille_policy *before, *after; /* owned: FILE, and what becomes of it */
} request;

/* YAML's double quotes: a name is printable ASCII (which the parser checks). */
static void add_quoted(lines *set, size_t indent, const char *key, const char *text) {
    char quoted[2 * GRILLE_NAME_MAX + 3];
    size_t used = 0;
    quoted[used++] = '"';
    for (; *text != '\0' && used < sizeof quoted - 4; text++) {
        if (*text == '"' || *text == '\\') quoted[used++] = '\\';
        quoted[used++] = *text;
    }
    quoted[used++] = '"';
    quoted[used] = '\0';
    lines_add(set, "%*s- %s: %s", (int)indent, "", key, quoted);
}

static void add_methods(lines *set, size_t indent, const char *methods) {
    lines_add(set, "%*s  may_call:", (int)indent, "");
    for (const char *at = methods; *at != '\0'; at += strspn(at, ",")) {
        int len = (int)strcspn(at, ",");
        lines_add(set, "%*s    - \"%.*s\"", (int)indent, "", len, at);
        at += len;
    }
}

static void write_set(const request *r, size_t indent, lines *set) {
    char hex[2 * GRILLE_PCR_BYTES + 1];
    add_quoted(set, indent, "name", r->name);
    lines_add(set, "%*s  kind: nitro", (int)indent, "");
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((r->measured.mask & UINT32_C(1) << i) == 0) continue;
        grille_hex_encode(grille_bytes_of(r->measured.pcrs[i], GRILLE_PCR_BYTES), hex);
        lines_add(set, "%*s  pcr%u: %s", (int)indent, "", i, hex);
    }
    if (r->not_after != NULL) lines_add(set, "%*s  not_after: %s", (int)indent, "", r->not_after);
    if (r->may_call != NULL) add_methods(set, indent, r->may_call);
}

/* The new text, owned; NULL when there is no memory. */
static char *splice(const request *r, const policy_place *place, const lines *set, size_t *len) {
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (out == NULL) return NULL;
    (void)fwrite(r->text, 1, place->offset, out);
    if (place->needs_newline) (void)fputc('\n', out);
    for (size_t i = 0; i < set->count; i++)
        (void)fprintf(out, "%s\n", set->text[i]);
    (void)fwrite(r->text + place->offset, 1, r->len - place->offset, out);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

/* The folder of a path, owned. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Nothing replaces the file that says anything but the same and one set more. */
static bool says_one_set_more(const request *r) {
    size_t count = r->before->set_count, expected;
    const grille_policy_set *last = &r->after->sets[r->after->set_count - 1];
    lines facts = {.text = NULL};
    policy_facts_of_set(r->after, last, &facts);
    expected = facts.count;
    lines_free(&facts);
    return r->after->set_count == count + 1 && strcmp(last->name, r->name) == 0 &&
           policy_changes(r->before, r->after, NULL) == expected;
}

static bool check(request *r, const char *text, size_t len, grille_error *error) {
    char *folder = folder_of(r->path);
    bool good = folder != NULL &&
                grille_policy_parse(grille_bytes_of(text, len), r->path, folder, &r->after, error) == GRILLE_OK;
    if (folder == NULL) (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    if (good && !says_one_set_more(r)) {
        (void)grille_error_set(error, GRILLE_REASON_POLICY_STRUCTURE,
                               "%s is written in a way that no set can be added to by this command: add it by hand",
                               r->path);
        good = false;
    }
    free(folder);
    return good;
}

static bool add(request *r, grille_error *error) {
    policy_place place = {.offset = 0};
    lines set = {.text = NULL};
    size_t len = 0;
    char *text = NULL;
    bool added = policy_place_find(grille_bytes_of(r->text, r->len), r->path, &place, error);
    if (added) {
        write_set(r, place.indent, &set);
        text = splice(r, &place, &set, &len);
        added = text != NULL;
        if (!added) (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    added = added && check(r, text, len, error) && file_replace(r->path, grille_bytes_of(text, len), error);
    lines_free(&set);
    free(text);
    return added;
}

static int check_words(const request *r) {
    static const char in_methods[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./*,";
    grille_wall_ms not_after_ms = 0;
    if (r->name == NULL || r->measurements_path == NULL) {
        return usage_error(usage, "policy add: --name and --measurements are needed");
    }
    if (r->not_after != NULL && !grille_civil_parse_rfc3339(grille_bytes_of_text(r->not_after), &not_after_ms)) {
        return usage_error(usage, "policy add: --not-after is a time like 2027-01-31T00:00:00Z");
    }
    if (strpbrk(r->name, "\r\n") != NULL || strlen(r->name) >= GRILLE_NAME_MAX) {
        return usage_error(usage, "policy add: --name has 1 to %d printable ASCII characters", GRILLE_NAME_MAX - 1);
    }
    if (r->may_call != NULL && r->may_call[strspn(r->may_call, in_methods)] != '\0') {
        return usage_error(usage, "policy add: --may-call is methods between commas");
    }
    return EXIT_DONE;
}

/* What the new set leaves open. */
static void print_warnings(const request *r) {
    char name[GRILLE_NAME_MAX + 16];
    (void)snprintf(name, sizeof name, "set \"%s\"", r->name);
    for (size_t i = 0; i < grille_policy_warning_count(r->after); i++) {
        const char *warning = grille_policy_warning(r->after, i);
        if (strstr(warning, name) != NULL) (void)fprintf(stderr, "warning: %s\n", warning);
    }
}

static int run(request *r) {
    grille_error error = {.code = GRILLE_OK};
    bool more = false;
    int status = check_words(r);
    if (status == EXIT_DONE) status = policy_open("policy add", usage, r->path, &r->before);
    if (status != EXIT_DONE) return status;
    if (!measurements_read(r->measurements_path, &r->measured, &error)) {
        return usage_error(usage, "policy add: %s", error.text);
    }
    if (!input_read(r->path, r->text, sizeof r->text, &r->len, &more, &error) || more) {
        return usage_error(usage, "policy add: %s", more ? "the policy is too long" : error.text);
    }
    if (add(r, &error)) {
        (void)printf("set \"%s\" added to %s\n", r->name, r->path);
        print_warnings(r);
        return EXIT_DONE;
    }
    (void)fprintf(stderr, "grille: policy add: %s: %s\n", error.name, error.text);
    return strcmp(error.name, "SYSTEM") == 0 ? EXIT_FAILED : EXIT_USAGE;
}

int policy_add(int argc, char **argv) {
    static request r;
    const command_option options[] = {{.name = "--name", .value = &r.name},
                                      {.name = "--measurements", .value = &r.measurements_path},
                                      {.name = "--not-after", .value = &r.not_after},
                                      {.name = "--may-call", .value = &r.may_call}};
    const command_line line = {.command = "policy add",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &r.path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FILE"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = run(&r);
    grille_policy_free(r.before);
    grille_policy_free(r.after);
    return status;
}
