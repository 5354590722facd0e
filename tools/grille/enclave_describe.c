/* SPDX-License-Identifier: Apache-2.0
 * grille enclave describe. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "base/bytes.h"
#include "command.h"
#include "enclave.h"
#include "image/eif_write.h"
#include "image/metadata.h"
#include "json.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave describe [--json] IMAGE\n"
    "         what IMAGE holds: sections, measurements, metadata, who signed it. Both ways of reading its sections "
    "must\n"
    "         agree, and its parts written again must be the same bytes\n"
    "         exit status: 0 described, 4 malformed or wrongly signed, 2 usage or an unreadable file\n";

enum { TEXT_BYTES = 1024 };

static void printable(grille_bytes text, char out[TEXT_BYTES]) {
    grille_x509_text(text, out, TEXT_BYTES);
}

/* ---- For people ---- */

static void print_sections(const eif *parts) {
    size_t offset = EIF_HEADER_BYTES;
    (void)puts("sections     type           offset         bytes");
    for (size_t i = 0; i < parts->section_count; i++) {
        const size_t bytes = parts->sections[i].content.len;
        (void)printf("             %-10s %10zu %13zu\n", eif_type_name(parts->sections[i].type), offset, bytes);
        offset += EIF_SECTION_HEADER_BYTES + bytes;
    }
}

static void print_pcr(const char *label, const uint8_t pcr[GRILLE_NSM_PCR_BYTES], const char *meaning) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    (void)printf("%-12s %s  %s\n", label, hex, meaning);
}

static void print_signer(const enclave_image *image) {
    char subject[TEXT_BYTES];
    if (!image->measured.is_signed) {
        (void)puts("signature    none: PCR8 will be zero");
        return;
    }
    printable(image->signer.x509.common_name, subject);
    (void)printf("signature    holds; CN=%s, %s to %s\n", subject,
                 grille_civil_format(image->signer.x509.not_before_ms).text,
                 grille_civil_format(image->signer.x509.not_after_ms).text);
}

static void print_metadata(grille_bytes section) {
    char name[TEXT_BYTES], version[TEXT_BYTES], tool[TEXT_BYTES], time[TEXT_BYTES];
    if (section.data == NULL) return;
    image_metadata_text(section, "ImageName", NULL, name, sizeof name);
    image_metadata_text(section, "ImageVersion", NULL, version, sizeof version);
    image_metadata_text(section, "BuildMetadata", "BuildTool", tool, sizeof tool);
    image_metadata_text(section, "BuildMetadata", "BuildTime", time, sizeof time);
    (void)printf("metadata     not measured: %s%s%s, built by %s at %s\n", name[0] == '\0' ? "(no name)" : name,
                 version[0] == '\0' ? "" : " ", version, tool[0] == '\0' ? "(not said)" : tool,
                 time[0] == '\0' ? "(not said)" : time);
}

static void print_text(const enclave_image *image) {
    char cmdline[TEXT_BYTES];
    const eif *parts = &image->parts;
    printable(eif_section_of(parts, EIF_CMDLINE), cmdline);
    (void)printf("format       EIF version %u, %s, %zu bytes, checksum %08" PRIx32 " holds\n", parts->version,
                 (parts->flags & EIF_FLAG_AARCH64) != 0 ? "aarch64" : "x86_64", image->file.len, parts->crc);
    (void)printf("defaults     %" PRIu64 " CPUs, %" PRIu64 " MiB\n", parts->default_cpus, parts->default_memory >> 20);
    print_sections(parts);
    (void)printf("cmdline      %s\n", cmdline);
    print_metadata(eif_section_of(parts, EIF_METADATA));
    print_signer(image);
    print_pcr("PCR0", image->measured.pcr0, "image");
    print_pcr("PCR1", image->measured.pcr1, "kernel and boot ramdisk");
    print_pcr("PCR2", image->measured.pcr2, "application");
    if (image->measured.is_signed) print_pcr("PCR8", image->measured.pcr8, "signing certificate");
}

/* ---- For programs: the keys of nitro-cli describe-eif, and sections ---- */

static void print_json_sections(const eif *parts) {
    size_t offset = EIF_HEADER_BYTES;
    (void)fputs("  \"Sections\": [", stdout);
    for (size_t i = 0; i < parts->section_count; i++) {
        const size_t bytes = parts->sections[i].content.len;
        (void)printf("%s\n    {\"Type\": \"%s\", \"Offset\": %zu, \"Bytes\": %zu}", i == 0 ? "" : ",",
                     eif_type_name(parts->sections[i].type), offset, bytes);
        offset += EIF_SECTION_HEADER_BYTES + bytes;
    }
    (void)fputs("\n  ]", stdout);
}

static void print_json_signer(const enclave_image *image) {
    if (!image->measured.is_signed) return;
    (void)fputs(",\n  \"SigningCertificate\": {\"Subject\": ", stdout);
    json_quoted(stdout, image->signer.x509.common_name);
    (void)printf(", \"NotBefore\": \"%s\", \"NotAfter\": \"%s\"}",
                 grille_civil_format(image->signer.x509.not_before_ms).text,
                 grille_civil_format(image->signer.x509.not_after_ms).text);
}

static void print_json_metadata(grille_bytes section) {
    char name[TEXT_BYTES], version[TEXT_BYTES];
    if (section.data == NULL) return;
    image_metadata_text(section, "ImageName", NULL, name, sizeof name);
    image_metadata_text(section, "ImageVersion", NULL, version, sizeof version);
    (void)fputs(",\n  \"ImageName\": ", stdout);
    json_text(stdout, name);
    (void)fputs(",\n  \"ImageVersion\": ", stdout);
    json_text(stdout, version);
    (void)printf(",\n  \"Metadata\": %.*s", (int)section.len, (const char *)section.data);
}

static void print_json(const enclave_image *image) {
    (void)printf("{\n  \"EifVersion\": %u,\n", image->parts.version);
    eif_print_measurements(&image->measured, stdout);
    (void)printf(",\n  \"IsSigned\": %s,\n  \"CheckCRC\": true,\n", image->measured.is_signed ? "true" : "false");
    (void)fputs("  \"Cmdline\": ", stdout);
    json_quoted(stdout, eif_section_of(&image->parts, EIF_CMDLINE));
    (void)fputs(",\n", stdout);
    print_json_sections(&image->parts);
    print_json_signer(image);
    print_json_metadata(eif_section_of(&image->parts, EIF_METADATA));
    (void)puts("\n}");
}

int enclave_describe(int argc, char **argv) {
    static enclave_image image;
    const char *path = NULL;
    bool as_json = false;
    const command_option options[] = {{.name = "--json", .flag = &as_json}};
    const command_line line = {.command = "enclave describe",
                               .usage = usage,
                               .options = options,
                               .option_count = 1,
                               .operands = &path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "IMAGE"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = enclave_image_open("enclave describe", path, &image);
    if (status != EXIT_DONE) return status;
    if (as_json) {
        print_json(&image);
    } else {
        print_text(&image);
    }
    enclave_image_close(&image);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
