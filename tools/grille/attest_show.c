/* SPDX-License-Identifier: Apache-2.0
 * grille attest show. */
#include <inttypes.h>
#include <stdio.h>

#include "attest.h"
#include "attest/calendar.h"
#include "attest/x509.h"
#include "base/bytes.h"
#include "command.h"
#include "document_view.h"
#include "input.h"
#include "json.h"
#include "options.h"
#include "report.h"

static const char usage[] = "usage: grille attest show [--json] DOC\n"
                            "         everything that DOC says; nothing of it is verified\n"
                            "         exit status: 0 shown, 4 not a document, 2 usage or an unreadable file\n";

/* A certificate's place in the chain of AWS: attestation documents list them from the root on. */
static const char *place_of(size_t index, size_t count) {
    static const char *const places[] = {"root", "regional", "zonal", "instance"};
    if (index == count) return "leaf";
    return index < sizeof places / sizeof places[0] ? places[index] : "further";
}

static grille_bytes certificate_at(const document_view *view, size_t index) {
    return index < view->cabundle_count ? view->cabundle[index] : view->certificate;
}

static void print_certificate(const document_view *view, size_t index) {
    char subject[256];
    grille_bytes der = certificate_at(view, index);
    const char *place = place_of(index, view->cabundle_count);
    grille_x509 certificate;
    if (grille_x509_read(der, &certificate) != GRILLE_REASON_OK) {
        (void)printf("  %-9s %zu bytes that are no certificate in strict DER\n", place, der.len);
        return;
    }
    grille_x509_text(certificate.common_name, subject, sizeof subject);
    (void)printf("  %-9s %s to %s  CN=%s\n", place, grille_civil_format(certificate.not_before_ms).text,
                 grille_civil_format(certificate.not_after_ms).text, subject);
}

/* Text of a document goes to a terminal: what is not printable becomes '?'. */
static void print_text(const char *label, grille_bytes text) {
    char printable[512];
    grille_x509_text(text, printable, sizeof printable);
    (void)printf("%-12s %s\n", label, text.len == 0 ? "none" : printable);
}

static void print_extras(const document_view *view) {
    size_t kept = view->extra_count < VIEW_UNKNOWN_KEYS ? view->extra_count : VIEW_UNKNOWN_KEYS;
    for (size_t i = 0; i < kept; i++) {
        char key[64];
        grille_x509_text(view->extra[i].key, key, sizeof key);
        (void)printf("%-12s \"%s\" of %zu bytes, which this version does not know or which has another type\n",
                     "other key", key, view->extra[i].encoded.len);
    }
    if (view->extra_count > kept) (void)printf("%-12s %zu further\n", "other keys", view->extra_count - kept);
}

static void print_form(const document_view *view) {
    (void)printf("%-12s COSE_Sign1, %zu bytes, %s; payload of %zu bytes, %s map\n", "form", view->len,
                 view->tagged ? "tag 18" : "no tag", view->payload.len, view->indefinite ? "indefinite" : "definite");
    (void)printf("%-12s %s\n", "kind",
                 view->nitrotpm_pcrs.present ? "NitroTPM of an EC2 instance, not an enclave" : "enclave");
}

static void print_view(const document_view *view) {
    (void)puts("NOT VERIFIED: anybody can write such a document. To verify it: grille attest verify DOC");
    print_form(view);
    print_text("module", view->module_id);
    print_text("digest", view->digest);
    if (view->has_timestamp && view->timestamp_ms <= GRILLE_LATEST_WALL_MS) {
        (void)printf("%-12s %s (%" PRIu64 " ms)\n", "time",
                     grille_civil_format((grille_wall_ms)view->timestamp_ms).text, view->timestamp_ms);
    } else if (view->has_timestamp) {
        (void)printf("%-12s %" PRIu64 " ms, which is no date\n", "time", view->timestamp_ms);
    }
    if (view->pcrs.present) {
        (void)printf("%-12s %s\n", "debug",
                     document_view_is_debug(view) ? "YES: PCR0 is all zero, the parent can read this enclave's memory"
                                                  : "no");
        report_pcrs(view->pcrs.mask, view->pcrs.values, true);
    }
    if (view->nitrotpm_pcrs.present) report_pcrs(view->nitrotpm_pcrs.mask, view->nitrotpm_pcrs.values, false);
    report_bytes("public_key", view->public_key);
    report_bytes("user_data", view->user_data);
    report_bytes("nonce", view->nonce);
    (void)puts("certificates");
    for (size_t i = 0; i < view->cabundle_count + (view->certificate.len != 0); i++)
        print_certificate(view, i);
    (void)printf("%-12s protected header of %zu, signature of %zu bytes\n", "signature", view->protected_header.len,
                 view->signature.len);
    print_extras(view);
    if (view->problem.name[0] != '\0') {
        (void)printf("%-12s the verifier refuses its form: %s: %s\n", "problem", view->problem.name,
                     view->problem.text);
    }
}

static void print_json_time(const char *key, grille_wall_ms wall_ms) {
    (void)printf(",\"%s\":\"%s\"", key, grille_civil_format(wall_ms).text);
}

static void print_json_certificates(const document_view *view) {
    (void)fputs(",\"certificates\":[", stdout);
    for (size_t i = 0; i < view->cabundle_count + (view->certificate.len != 0); i++) {
        grille_bytes der = certificate_at(view, i);
        char subject[256];
        grille_x509 certificate;
        (void)printf("%s{\"place\":\"%s\",\"bytes\":%zu", i == 0 ? "" : ",", place_of(i, view->cabundle_count),
                     der.len);
        if (grille_x509_read(der, &certificate) == GRILLE_REASON_OK) {
            grille_x509_text(certificate.common_name, subject, sizeof subject);
            (void)fputs(",\"subject\":", stdout);
            json_text(stdout, subject);
            print_json_time("not_before", certificate.not_before_ms);
            print_json_time("not_after", certificate.not_after_ms);
        }
        (void)putchar('}');
    }
    (void)putchar(']');
}

static void print_json_pcrs(const char *key, const view_pcrs *pcrs) {
    const char *separator = "";
    if (!pcrs->present) return;
    (void)printf(",\"%s\":{", key);
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((pcrs->mask & UINT32_C(1) << i) == 0) continue;
        (void)printf("%s\"%u\":", separator, i);
        json_hex(stdout, pcrs->values[i]);
        separator = ",";
    }
    (void)putchar('}');
}

static void print_json_field(const char *key, grille_bytes bytes) {
    (void)printf(",\"%s\":", key);
    json_hex_or_null(stdout, bytes);
}

static void print_json(const document_view *view) {
    (void)printf("{\"verified\":false,\"kind\":\"%s\",\"bytes\":%zu,\"tag\":%s,\"payload_map\":\"%s\"",
                 view->nitrotpm_pcrs.present ? "nitrotpm" : "enclave", view->len, view->tagged ? "18" : "null",
                 view->indefinite ? "indefinite" : "definite");
    (void)fputs(",\"module_id\":", stdout);
    json_quoted(stdout, view->module_id);
    (void)fputs(",\"digest\":", stdout);
    json_quoted(stdout, view->digest);
    (void)fputs(",\"timestamp_ms\":", stdout);
    if (view->has_timestamp) {
        (void)printf("%" PRIu64, view->timestamp_ms);
    } else {
        (void)fputs("null", stdout);
    }
    if (view->pcrs.present) (void)printf(",\"debug\":%s", document_view_is_debug(view) ? "true" : "false");
    print_json_pcrs("pcrs", &view->pcrs);
    print_json_pcrs("nitrotpm_pcrs", &view->nitrotpm_pcrs);
    print_json_field("public_key", view->public_key);
    print_json_field("user_data", view->user_data);
    print_json_field("nonce", view->nonce);
    print_json_certificates(view);
    print_json_field("protected", view->protected_header);
    print_json_field("signature", view->signature);
    (void)printf(",\"other_keys\":%zu,\"problem\":", view->extra_count);
    if (view->problem.name[0] != '\0') {
        json_text(stdout, view->problem.name);
    } else {
        (void)fputs("null", stdout);
    }
    (void)puts("}");
}

static int print(const document_view *view, bool json) {
    if (json) {
        print_json(view);
    } else {
        print_view(view);
    }
    if (fflush(stdout) == 0) return EXIT_DONE;
    perror("grille: attest show: standard output");
    return EXIT_FAILED;
}

int attest_show(int argc, char **argv) {
    static input_document input;
    bool json = false;
    const char *path = NULL;
    const command_option options[] = {{"--json", &json, NULL}};
    const command_line line = {.command = "attest show",
                               .usage = usage,
                               .options = options,
                               .option_count = 1,
                               .operands = &path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "DOC"};
    document_view view;
    grille_error error;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (!input_read_document(path, &input, &error)) return usage_error(usage, "attest show: %s", error.text);
    if (input.too_long) {
        (void)input_refuse_length(&view.problem);
    } else if (document_view_read(input.document, &view)) {
        return print(&view, json);
    }
    (void)fprintf(stderr, "grille: attest show: %s: %s\n", view.problem.name, view.problem.text);
    return EXIT_REJECTED;
}
