/* SPDX-License-Identifier: Apache-2.0
 * grille sim show. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/calendar.h"
#include "attest/x509.h"
#include "base/bytes.h"
#include "command.h"
#include "json.h"
#include "nsm/simulated.h"
#include "options.h"
#include "sim.h"

static const char usage[] = "usage: grille sim show [--json] DIR\n"
                            "         the root of the simulated NSM in DIR and the PCRs of its documents\n"
                            "         exit status: 0 shown, 1 not a simulated NSM that may be used, 2 usage\n";

typedef struct shown {
    const char *folder;
    grille_sim_view view;
    uint8_t fingerprint[GRILLE_SHA256_BYTES];
    grille_wall_ms not_after_ms;
} shown;

static grille_bytes pcr_of(const shown *what, unsigned index) {
    return grille_bytes_of(what->view.pcrs[index], GRILLE_NSM_PCR_BYTES);
}

static bool is_of_program(const shown *what, unsigned index) {
    return (what->view.of_program >> index & 1) != 0;
}

static const char *or_none(const char *text) {
    return text[0] != '\0' ? text : "none";
}

static void print_pcr(const shown *what, unsigned index) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(pcr_of(what, index), hex);
    (void)printf("PCR%-9u %s\n", index, is_of_program(what, index) ? "of the program that opens the folder" : hex);
}

/* PCRs that mean nothing in an enclave are left out while they are zero. */
static void print(const shown *what) {
    char fingerprint[2 * GRILLE_SHA256_BYTES + 1];
    grille_hex_encode(grille_bytes_of(what->fingerprint, sizeof what->fingerprint), fingerprint);
    (void)printf("%-12s %s/%s\n", "root", what->folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    (void)printf("%-12s %s\n", "  SHA-256", fingerprint);
    (void)printf("%-12s %s\n", "  until", grille_civil_format(what->not_after_ms).text);
    (void)printf("%-12s %s\n", "region", what->view.region);
    (void)printf("%-12s %s\n", "instance", what->view.instance_id);
    (void)printf("%-12s %s\n", "role", or_none(what->view.role_arn));
    (void)printf("%-12s %s\n", "executable", or_none(what->view.executable));
    (void)printf("%-12s %s\n", "debug", what->view.debug_mode ? "yes" : "no");
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++) {
        if (i <= 4 || i == 8 || !grille_bytes_all_zero(pcr_of(what, i))) print_pcr(what, i);
    }
}

static void text_or_null(const char *name, const char *text) {
    (void)printf(",\"%s\":", name);
    if (text[0] == '\0') {
        (void)fputs("null", stdout);
    } else {
        json_text(stdout, text);
    }
}

static void print_json(const shown *what) {
    (void)fputs("{\"insecure\":true,\"folder\":", stdout);
    json_text(stdout, what->folder);
    (void)fputs(",\"root_sha256\":", stdout);
    json_hex(stdout, grille_bytes_of(what->fingerprint, sizeof what->fingerprint));
    (void)printf(",\"root_not_after_ms\":%" PRId64, what->not_after_ms);
    text_or_null("region", what->view.region);
    text_or_null("instance_id", what->view.instance_id);
    text_or_null("role", what->view.role_arn);
    text_or_null("executable", what->view.executable);
    (void)printf(",\"debug\":%s,\"pcrs\":{", what->view.debug_mode ? "true" : "false");
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++) {
        (void)printf("%s\"%u\":", i == 0 ? "" : ",", i);
        json_hex_or_null(stdout, is_of_program(what, i) ? grille_bytes_of(NULL, 0) : pcr_of(what, i));
    }
    (void)puts("}}");
}

static grille_reason read(shown *what, grille_error *error) {
    grille_x509 certificate;
    grille_bytes root;
    grille_reason reason = grille_sim_read_insecure(what->folder, &what->view, error);
    if (reason != GRILLE_REASON_OK) return reason;
    root = grille_bytes_of(what->view.root, what->view.root_len);
    reason = grille_x509_read(root, &certificate);
    if (reason != GRILLE_REASON_OK) return reason;
    what->not_after_ms = certificate.not_after_ms;
    return grille_crypto_wolf()->hash(GRILLE_SHA256, &root, 1, what->fingerprint);
}

int sim_show(int argc, char **argv) {
    static shown what;
    bool json = false;
    const command_option options[] = {{"--json", &json, NULL}};
    const command_line line = {.command = "sim show",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &what.folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "DIR"};
    grille_error error = {0};
    grille_reason reason;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    reason = read(&what, &error);
    if (reason != GRILLE_REASON_OK) {
        (void)fprintf(stderr, "grille: sim show: %s: %s\n", grille_reason_name(reason),
                      error.text[0] != '\0' ? error.text : grille_reason_text(reason));
        return EXIT_FAILED;
    }
    if (json) {
        print_json(&what);
    } else {
        print(&what);
    }
    return EXIT_DONE;
}
