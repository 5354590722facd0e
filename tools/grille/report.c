/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "base/bytes.h"
#include "json.h"

enum { PCR_BYTES_MAX = 64 }; /* SHA-512 */

const char *report_pcr_meaning(unsigned index) {
    static const char *const meanings[] = {[0] = "image",
                                           [1] = "kernel, command line and first ramdisk",
                                           [2] = "application (further ramdisks)",
                                           [3] = "role of the parent instance",
                                           [4] = "id of the parent instance",
                                           [8] = "certificate that signed the image"};
    if (index >= 16) return "the application's own";
    return index < sizeof meanings / sizeof meanings[0] && meanings[index] != NULL ? meanings[index] : "";
}

static void print_json_pcrs(const report *result) {
    const char *separator = "";
    (void)putchar('{');
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((result->pcr_mask & UINT32_C(1) << i) == 0) continue;
        (void)printf("%s\"%u\":", separator, i);
        json_hex(stdout, result->pcrs[i]);
        separator = ",";
    }
    (void)putchar('}');
}

void report_json(const report *result) {
    (void)printf("{\"verdict\":\"%s\",\"failed\":[", result->accepted ? "accept" : "reject");
    if (!result->accepted) json_text(stdout, result->error.name);
    (void)fputs("],\"module_id\":", stdout);
    if (!result->readable) {
        (void)puts("null,\"timestamp_ms\":null,\"pcrs\":null,\"debug\":null}");
        return;
    }
    json_quoted(stdout, result->module_id);
    (void)printf(",\"timestamp_ms\":%" PRId64 ",\"pcrs\":", (int64_t)result->timestamp_ms);
    print_json_pcrs(result);
    (void)printf(",\"debug\":%s}\n", result->debug ? "true" : "false");
}

static void print_row(const char *label, const char *text) {
    (void)printf("%-12s %s\n", label, text);
}

static bool is_printable(grille_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) return false;
    }
    return true;
}

void report_bytes(const char *label, grille_bytes bytes) {
    if (bytes.len == 0) {
        print_row(label, "none");
        return;
    }
    (void)printf("%-12s %zu bytes: ", label, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        (void)printf("%02x", bytes.data[i]);
    if (is_printable(bytes)) (void)printf("  \"%.*s\"", (int)bytes.len, (const char *)bytes.data);
    (void)putchar('\n');
}

/* The last of the PCRs from `first` on that are there and all zero. */
static unsigned end_of_zeros(uint32_t mask, const grille_bytes pcrs[GRILLE_PCR_COUNT], unsigned first) {
    unsigned last = first;
    while (last + 1 < GRILLE_PCR_COUNT && (mask & UINT32_C(1) << (last + 1)) != 0 &&
           grille_bytes_all_zero(pcrs[last + 1]))
        last++;
    return last;
}

void report_pcrs(uint32_t mask, const grille_bytes pcrs[GRILLE_PCR_COUNT], bool of_enclave) {
    char hex[2 * PCR_BYTES_MAX + 1];
    char label[24];
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        unsigned last;
        if ((mask & UINT32_C(1) << i) == 0 || pcrs[i].len > PCR_BYTES_MAX) continue;
        last = grille_bytes_all_zero(pcrs[i]) ? end_of_zeros(mask, pcrs, i) : i;
        (void)snprintf(label, sizeof label, "PCR%u", i);
        if (last > i) (void)snprintf(label, sizeof label, "PCR%u-%u", i, last);
        grille_hex_encode(pcrs[i], hex);
        if (grille_bytes_all_zero(pcrs[i])) {
            (void)printf("%-12s all zero\n", label);
        } else {
            (void)printf("%-12s %s  %s\n", label, hex, of_enclave ? report_pcr_meaning(i) : "");
        }
        i = last;
    }
}

static void print_time(const char *label, grille_wall_ms wall_ms) {
    (void)printf("%-12s %s (%" PRId64 " ms)\n", label, grille_civil_format(wall_ms).text, (int64_t)wall_ms);
}

static void print_facts(const report *result) {
    (void)printf("%-12s %.*s\n", "module", (int)result->module_id.len, (const char *)result->module_id.data);
    print_time("time", result->timestamp_ms);
    if (!result->of_enclave) print_row("kind", "NitroTPM of an EC2 instance");
    if (result->of_enclave) print_row("debug", result->debug ? "YES: the parent can read this enclave's memory" : "no");
    report_bytes("public_key", result->public_key);
    report_bytes("user_data", result->user_data);
    report_bytes("nonce", result->nonce);
    report_pcrs(result->pcr_mask, result->pcrs, result->of_enclave);
}

/* A row of text up to `end`, without the blanks there. */
static void print_part(const char *label, const char *text, const char *end) {
    while (end > text && end[-1] == ' ')
        end--;
    (void)printf("%-12s %.*s\n", label, (int)(end - text), text);
}

/* "observed …, expected …. Likely CAUSE. Next: WHAT TO DO" (grille_error_set) in rows of their own. */
static void print_explanation(const char *text) {
    static const char cause[] = "Likely ", todo[] = "Next: ";
    const char *end = text + strlen(text);
    const char *next = strstr(text, todo);
    const char *before_next = next != NULL ? next : end;
    const char *likely = strstr(text, cause);
    if (likely != NULL && likely > before_next) likely = NULL;
    print_part("why", text, likely != NULL ? likely : before_next);
    if (likely != NULL) print_part("likely", likely + sizeof cause - 1, before_next);
    if (next != NULL) print_part("next", next + sizeof todo - 1, end);
}

void report_text(const report *result) {
    if (result->accepted) {
        print_row("verdict", result->insecure ? "accept, INSECURE: never in production" : "accept");
        print_row("root", result->root);
        print_row("set", result->set != NULL ? result->set : "none: without a policy no measurement was compared");
        print_facts(result);
        if (!result->nonce_compared) print_row("", "the nonce was not compared (--nonce)");
        print_time("expires", result->expires_ms);
        return;
    }
    print_row("verdict", "REJECT");
    print_row("failed", result->error.name);
    print_explanation(result->error.text);
    if (!result->readable) return;
    (void)puts("\nThe document says, which is NOT VERIFIED:");
    print_facts(result);
}
