/* SPDX-License-Identifier: Apache-2.0
 * grille enclave build. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/calendar.h"
#include "attest/document.h"
#include "base/bytes.h"
#include "base/error.h"
#include "command.h"
#include "crypto/pem.h"
#include "enclave.h"
#include "enclave_request.h"
#include "image/build.h"
#include "image/cpio.h"
#include "image/eif_write.h"
#include "image/file.h"
#include "image/metadata.h"
#include "input.h"
#include "wall_time.h"

/* Those of nitro-cli: 1 GiB and two processors, unless run-enclave says otherwise. */
#define DEFAULT_MEMORY (UINT64_C(1) << 30)
#define DEFAULT_CPUS   2u

enum { PEM_FILE_MAX = 2 * EIF_CERTIFICATE_MAX, METADATA_MAX = 1 << 20 };

/* nitro-cli's (enclave_build): no PCI, log on the serial port, the processor's randomness trusted. */
static const char cmdline_x86_64[] = "reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux "
                                     "i8042.nopnp i8042.dumbkbd random.trust_cpu=on";
static const char cmdline_aarch64[] =
    "reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0";

/* Everything that the image is made of. */
typedef struct build {
    enclave_request request;
    eif image;
    grille_bytes kernel;
    uint8_t *ramdisks[2];
    char *metadata;
    uint8_t pem[PEM_FILE_MAX];
    eif_signer signer;
    uint8_t signature[EIF_SIGNATURE_MAX];
    eif_measurements measured;
    grille_error error;
} build;

static void add_section(build *b, eif_type type, grille_bytes content) {
    b->image.sections[b->image.section_count++] = (eif_section){type, content};
}

static bool refuse(build *b, const char *what, const char *path) {
    (void)grille_error_set(&b->error, GRILLE_REASON_BAD_ARGUMENT, "%.200s: %s", path, what);
    return false;
}

/* ---- Kernel and ramdisks ---- */

/* Linux Documentation/arch/x86/boot.rst: "HdrS" at 0x202; Documentation/arch/arm64/booting.rst: "ARM\x64" at 56. */
static bool is_kernel(grille_bytes file, bool aarch64) {
    const size_t at = aarch64 ? 56 : 0x202;
    return file.len >= at + 4 && memcmp(&file.data[at], aarch64 ? "ARM\x64" : "HdrS", 4) == 0;
}

static bool add_kernel(build *b) {
    const enclave_request *r = &b->request;
    const char *cmdline = r->cmdline;
    if (!image_file_map(r->kernel, &b->kernel, &b->error)) return false;
    if (!is_kernel(b->kernel, r->is_aarch64)) {
        return refuse(b, r->is_aarch64 ? "no Image of an aarch64 kernel" : "no bzImage of an x86 kernel", r->kernel);
    }
    if (cmdline == NULL) cmdline = r->is_aarch64 ? cmdline_aarch64 : cmdline_x86_64;
    add_section(b, EIF_KERNEL, b->kernel);
    add_section(b, EIF_CMDLINE, grille_bytes_of_text(cmdline));
    return true;
}

static bool put_files(build *b, image_tree *tree) {
    const enclave_request *r = &b->request;
    for (size_t i = 0; i < r->root_count; i++)
        if (!image_tree_put_folder(tree, IMAGE_ROOT_PATH, r->roots[i], &b->error)) return false;
    for (size_t i = 0; i < r->file_count; i++) {
        char guest[IMAGE_PATH_MAX];
        const char *equals = strchr(r->files[i], '=');
        if (equals == NULL || equals == r->files[i] || equals[1] == '\0') {
            return refuse(b, "--file is GUEST=HOST", r->files[i]);
        }
        if (snprintf(guest, sizeof guest, IMAGE_ROOT_PATH "/%.*s", (int)(equals - r->files[i]), r->files[i]) >=
            (int)sizeof guest) {
            return refuse(b, "the path is too long", r->files[i]);
        }
        if (!image_tree_put_file(tree, guest, &equals[1], &b->error)) return false;
    }
    return true;
}

/* The command must be there: an enclave that can't start says so on a console that nobody sees. */
static bool check_command(build *b, const image_tree *tree) {
    char path[IMAGE_PATH_MAX];
    const image_entry *found = NULL;
    if (b->request.cmd[0][0] != '/') return refuse(b, "the command needs its whole path", b->request.cmd[0]);
    (void)snprintf(path, sizeof path, IMAGE_ROOT_PATH "%s", b->request.cmd[0]);
    found = image_tree_find(tree, path);
    if (found == NULL) return refuse(b, "the command is not in the image", b->request.cmd[0]);
    if (S_ISREG(found->mode) && (found->mode & 0111) == 0) {
        return refuse(b, "the command is not executable", b->request.cmd[0]);
    }
    return true;
}

static bool fill_boot(build *b, image_tree *tree) {
    return image_boot_tree(tree, b->request.init, (image_lines){b->request.modules, b->request.module_count},
                           &b->error);
}

static bool fill_application(build *b, image_tree *tree) {
    const image_lines cmd = {b->request.cmd, b->request.cmd_count}, env = {b->request.env, b->request.env_count};
    return put_files(b, tree) && image_add_command(tree, cmd, env, &b->error) && check_command(b, tree);
}

static bool add_ramdisk(build *b, size_t number, bool (*fill)(build *b, image_tree *tree)) {
    image_tree *tree = image_tree_new();
    size_t len = 0;
    const bool good = tree != NULL && fill(b, tree) && cpio_write(tree, &b->ramdisks[number], &len, &b->error);
    image_tree_free(tree);
    if (good) add_section(b, EIF_RAMDISK, grille_bytes_of(b->ramdisks[number], len));
    return good;
}

/* ---- What is said of it ---- */

static bool build_time(build *b, grille_wall_ms *wall_ms) {
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    unsigned long long seconds = 0;
    *wall_ms = 0;
    if (text == NULL || text[0] == '\0') return true;
    errno = 0;
    seconds = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] == '-' || seconds > (unsigned long long)GRILLE_LATEST_WALL_MS / 1000) {
        return refuse(b, "SOURCE_DATE_EPOCH is no number of seconds since 1970", text);
    }
    *wall_ms = (grille_wall_ms)seconds * 1000;
    return true;
}

static bool add_metadata(build *b) {
    const enclave_request *r = &b->request;
    grille_bytes custom = {.data = NULL};
    grille_wall_ms time_ms = 0;
    bool good = build_time(b, &time_ms) && (r->metadata == NULL || image_file_map(r->metadata, &custom, &b->error));
    if (good && custom.len > METADATA_MAX) good = refuse(b, "metadata of more than 1 MiB", r->metadata);
    if (good) {
        const grille_civil_text time = grille_civil_format(time_ms);
        const image_metadata said = {.name = r->name,
                                     .version = r->version,
                                     .build_time = time.text,
                                     .operating_system = "Linux",
                                     .custom = custom};
        good = image_metadata_write(&said, &b->metadata, &b->error);
    }
    image_file_unmap(custom);
    if (good) add_section(b, EIF_METADATA, grille_bytes_of_text(b->metadata));
    return good;
}

/* ---- Signing ---- */

static bool read_pem(build *b, const char *path, uint8_t *content, size_t capacity, size_t *len) {
    bool more = false;
    if (!input_read(path, content, capacity, len, &more, &b->error)) return false;
    return !more || refuse(b, "it is too long for PEM of one key or certificate", path);
}

static grille_private_key *read_key(build *b, const char *path) {
    uint8_t text[PEM_FILE_MAX], der[PEM_FILE_MAX];
    size_t text_len = 0, der_len = 0;
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    grille_private_key *key = NULL;
    if (read_pem(b, path, text, sizeof text, &text_len)) {
        grille_reader reader = grille_reader_of(grille_bytes_of(text, text_len));
        if (!grille_pem_more(&reader) ||
            grille_pem_read(&reader, &label, der, sizeof der, &der_len) != GRILLE_REASON_OK ||
            (label != GRILLE_PEM_PRIVATE_KEY && label != GRILLE_PEM_EC_PRIVATE_KEY) ||
            grille_crypto_wolf()->key_import(grille_bytes_of(der, der_len), &key) != GRILLE_REASON_OK) {
            (void)refuse(b, "no private key of P-256 or P-384 in PEM", path);
        }
    }
    grille_wipe(text, sizeof text);
    grille_wipe(der, sizeof der);
    return key;
}

/* nitro-cli does not run an image whose certificate is not valid at that time. */
static bool check_dates(build *b) {
    const grille_wall_ms now_ms = wall_time_now();
    if (now_ms < b->signer.x509.not_before_ms || now_ms > b->signer.x509.not_after_ms) {
        return refuse(b, "the certificate is not valid now", b->request.signing_certificate);
    }
    return true;
}

static bool add_signature(build *b) {
    const grille_crypto *crypto = grille_crypto_wolf();
    size_t pem_len = 0, len = 0;
    grille_private_key *key = NULL;
    bool good = false;
    if (b->request.private_key == NULL) return true;
    if (!read_pem(b, b->request.signing_certificate, b->pem, sizeof b->pem, &pem_len) ||
        !eif_signer_read(grille_bytes_of(b->pem, pem_len), &b->signer, &b->error) || !check_dates(b)) {
        return false;
    }
    key = read_key(b, b->request.private_key);
    if (key == NULL) return false;
    good = eif_signature_write(crypto, &b->signer, grille_bytes_of(b->pem, pem_len), key, b->measured.pcr0,
                               b->signature, sizeof b->signature, &len, &b->error) &&
           eif_signer_measure(crypto, &b->signer, &b->measured) == GRILLE_REASON_OK;
    crypto->key_free(key);
    if (good) add_section(b, EIF_SIGNATURE, grille_bytes_of(b->signature, len));
    return good;
}

/* ---- Writing ---- */

static bool write_new(const build *b, FILE *file) {
    return eif_write(&b->image, file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* Whole or not at all: a new file beside takes the name. */
static bool write_image(build *b) {
    char beside[PATH_MAX];
    int fd = -1;
    FILE *file = NULL;
    bool good = false;
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", b->request.output) >= (int)sizeof beside) {
        return refuse(b, "the path is too long", b->request.output);
    }
    fd = mkostemp(beside, O_CLOEXEC);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    good = file != NULL && fchmod(fd, 0644) == 0 && write_new(b, file);
    if (file != NULL && fclose(file) != 0) good = false;
    if (good) good = rename(beside, b->request.output) == 0;
    if (!good) {
        (void)grille_error_set(&b->error, GRILLE_REASON_SYSTEM, "can't write %.200s: %s", b->request.output,
                               strerror(errno));
        if (fd >= 0) (void)unlink(beside);
    }
    return good;
}

static bool collect(build *b) {
    b->image = (eif){.version = EIF_VERSION,
                     .flags = b->request.is_aarch64 ? EIF_FLAG_AARCH64 : 0,
                     .default_memory = DEFAULT_MEMORY,
                     .default_cpus = DEFAULT_CPUS};
    return add_kernel(b) && add_metadata(b) && add_ramdisk(b, 0, fill_boot) && add_ramdisk(b, 1, fill_application) &&
           eif_measure(grille_crypto_wolf(), &b->image, &b->measured) == GRILLE_REASON_OK && add_signature(b);
}

static int make(build *b) {
    int status = EXIT_USAGE;
    if (collect(b)) status = write_image(b) ? EXIT_DONE : EXIT_FAILED;
    if (status != EXIT_DONE) {
        (void)fprintf(stderr, "grille: enclave build: %s\n", b->error.text);
        return status;
    }
    (void)puts("{");
    eif_print_measurements(&b->measured, stdout);
    (void)puts("\n}");
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

int enclave_build(int argc, char **argv) {
    static build b;
    int status = EXIT_DONE;
    if (!enclave_request_parse(&b.request, argc, argv, &status)) return status;
    if (b.request.cmd_count == 0 && b.request.image_tar == NULL) {
        return enclave_request_refuse("what should it run? End with -- COMMAND");
    }
    status = make(&b);
    free(b.metadata);
    free(b.ramdisks[0]);
    free(b.ramdisks[1]);
    image_file_unmap(b.kernel);
    return status;
}
