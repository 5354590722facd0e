/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif_measure.h"

#include "base/bytes.h"
#include "nsm/measure.h"

/* X(d) = SHA384(0^48 ‖ SHA384(d)). */
static grille_reason measure_parts(const grille_crypto *crypto, const grille_bytes *parts, size_t count,
                                   uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    uint8_t digest[GRILLE_SHA384_BYTES];
    const grille_reason reason = crypto->hash(GRILLE_SHA384, parts, count, digest);
    return reason == GRILLE_REASON_OK ? grille_measure_pcr(crypto, grille_bytes_of(digest, sizeof digest), pcr)
                                      : reason;
}

grille_reason eif_measure(const grille_crypto *crypto, const eif *image, eif_measurements *measured) {
    enum { boot_parts = 3 }; /* kernel, command line, first ramdisk */
    grille_bytes parts[EIF_SECTIONS_MAX] = {eif_section_of(image, EIF_KERNEL), eif_section_of(image, EIF_CMDLINE)};
    const size_t ramdisks = eif_ramdisk_count(image);
    eif_measurements m = {.is_signed = false};
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; i < ramdisks; i++)
        parts[boot_parts - 1 + i] = eif_ramdisk(image, i);
    reason = measure_parts(crypto, parts, boot_parts - 1 + ramdisks, m.pcr0);
    if (reason == GRILLE_REASON_OK) reason = measure_parts(crypto, parts, boot_parts, m.pcr1);
    if (reason == GRILLE_REASON_OK) reason = measure_parts(crypto, &parts[boot_parts], ramdisks - 1, m.pcr2);
    if (reason == GRILLE_REASON_OK) *measured = m;
    return reason;
}

static void print_pcr(const char *name, const uint8_t pcr[GRILLE_NSM_PCR_BYTES], const char *end, FILE *out) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    (void)fprintf(out, "    \"%s\": \"%s\"%s\n", name, hex, end);
}

void eif_print_measurements(const eif_measurements *measured, FILE *out) {
    (void)fputs("  \"Measurements\": {\n    \"HashAlgorithm\": \"Sha384 { ... }\",\n", out);
    print_pcr("PCR0", measured->pcr0, ",", out);
    print_pcr("PCR1", measured->pcr1, ",", out);
    print_pcr("PCR2", measured->pcr2, measured->is_signed ? "," : "", out);
    if (measured->is_signed) print_pcr("PCR8", measured->pcr8, "", out);
    (void)fputs("  }", out);
}
