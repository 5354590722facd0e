/* SPDX-License-Identifier: Apache-2.0
 * grille enclave: images of enclaves, and enclaves that run. */
#include "enclave.h"

#include <stdio.h>

#include "command.h"
#include "image/file.h"
#include "image/metadata.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave build [options] --output IMAGE [-- COMMAND…]   an image from files\n"
    "       grille enclave describe [--json] IMAGE                      what an image holds\n"
    "       grille enclave measure IMAGE                                what Nitro measures of it\n"
    "       grille enclave run --name NAME --image IMAGE … [options]    starts it, on Nitro or in a virtual machine\n"
    "       grille enclave list [--json]                                what runs here\n"
    "       grille enclave console NAME                                 what a debug enclave prints\n"
    "       grille enclave terminate NAME|--all                         ends it\n";

static bool check(enclave_image *image, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const grille_bytes metadata = eif_section_of(&image->parts, EIF_METADATA);
    const grille_bytes signature = eif_section_of(&image->parts, EIF_SIGNATURE);
    if (metadata.data != NULL && !image_metadata_check(metadata, error)) return false;
    if (eif_measure(crypto, &image->parts, &image->measured) != GRILLE_REASON_OK) return false;
    return signature.data == NULL || eif_signature_check(crypto, signature, &image->signer, &image->measured, error);
}

int enclave_image_open(const char *command, const char *path, enclave_image *image) {
    grille_error error = {.code = GRILLE_OK};
    if (!image_file_map(path, &image->file, &error)) {
        (void)fprintf(stderr, "grille: %s: %s\n", command, error.text);
        return EXIT_USAGE;
    }
    if (eif_read(image->file, &image->parts, &error) && check(image, &error)) return EXIT_DONE;
    (void)fprintf(stderr, "grille: %s: %s: %s: %s\n", command, path, error.name, error.text);
    image_file_unmap(image->file);
    return EXIT_REJECTED;
}

void enclave_image_close(enclave_image *image) {
    image_file_unmap(image->file);
}

int command_enclave(int argc, char **argv) {
    static const command_verb verbs[] = {
        {"build", enclave_build}, {"describe", enclave_describe}, {"measure", enclave_measure},    {"run", enclave_run},
        {"list", enclave_list},   {"console", enclave_console},   {"terminate", enclave_terminate}};
    return command_verb_run(usage, verbs, sizeof verbs / sizeof verbs[0], argc, argv);
}
