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
#include "enclave.h"
#include "enclave_parts.h"
#include "image/eif_write.h"
#include "image/file.h"
#include "image/metadata.h"

/* Those of nitro-cli: 1 GiB and two processors, unless run-enclave says otherwise. */
#define DEFAULT_MEMORY (UINT64_C(1) << 30)
#define DEFAULT_CPUS   2u

enum { METADATA_MAX = 1 << 20 };

/* nitro-cli's (enclave_build): no PCI, log on the serial port, the processor's randomness trusted. */
static const char cmdline_x86_64[] = "reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux "
                                     "i8042.nopnp i8042.dumbkbd random.trust_cpu=on";
static const char cmdline_aarch64[] =
    "reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0";

void enclave_add_section(enclave_parts *b, eif_type type, grille_bytes content) {
    b->image.sections[b->image.section_count++] = (eif_section){type, content};
}

bool enclave_refuse_part(enclave_parts *b, const char *what, const char *path) {
    (void)grille_error_set(&b->error, GRILLE_REASON_BAD_ARGUMENT, "%.200s: %s", path, what);
    return false;
}

/* ---- Kernel ---- */

/* Linux Documentation/arch/x86/boot.rst: "HdrS" at 0x202; Documentation/arch/arm64/booting.rst: "ARM\x64" at 56. */
static bool is_kernel(grille_bytes file, bool aarch64) {
    const size_t at = aarch64 ? 56 : 0x202;
    return file.len >= at + 4 && memcmp(&file.data[at], aarch64 ? "ARM\x64" : "HdrS", 4) == 0;
}

static bool add_kernel(enclave_parts *b) {
    const enclave_request *r = &b->request;
    const char *cmdline = r->cmdline;
    if (!image_file_map(r->kernel, &b->kernel, &b->error)) return false;
    if (!is_kernel(b->kernel, r->is_aarch64)) {
        return enclave_refuse_part(b, r->is_aarch64 ? "no Image of an aarch64 kernel" : "no bzImage of an x86 kernel",
                                   r->kernel);
    }
    if (cmdline == NULL) cmdline = r->is_aarch64 ? cmdline_aarch64 : cmdline_x86_64;
    enclave_add_section(b, EIF_KERNEL, b->kernel);
    enclave_add_section(b, EIF_CMDLINE, grille_bytes_of_text(cmdline));
    return true;
}

/* ---- What is said of it ---- */

static bool build_time(enclave_parts *b, grille_wall_ms *wall_ms) {
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    unsigned long long seconds = 0;
    *wall_ms = 0;
    if (text == NULL || text[0] == '\0') return true;
    errno = 0;
    seconds = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] == '-' || seconds > (unsigned long long)GRILLE_LATEST_WALL_MS / 1000) {
        return enclave_refuse_part(b, "SOURCE_DATE_EPOCH is no number of seconds since 1970", text);
    }
    *wall_ms = (grille_wall_ms)seconds * 1000;
    return true;
}

static bool add_metadata(enclave_parts *b) {
    const enclave_request *r = &b->request;
    grille_bytes custom = {.data = NULL};
    grille_wall_ms time_ms = 0;
    bool good = build_time(b, &time_ms) && (r->metadata == NULL || image_file_map(r->metadata, &custom, &b->error));
    if (good && custom.len > METADATA_MAX) good = enclave_refuse_part(b, "metadata of more than 1 MiB", r->metadata);
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
    if (good) enclave_add_section(b, EIF_METADATA, grille_bytes_of_text(b->metadata));
    return good;
}

/* ---- Writing ---- */

static bool write_new(const enclave_parts *b, FILE *file) {
    return eif_write(&b->image, file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* Whole or not at all: a new file beside takes the name. */
static bool write_image(enclave_parts *b) {
    char beside[PATH_MAX];
    int fd = -1;
    FILE *file = NULL;
    bool good = false;
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", b->request.output) >= (int)sizeof beside) {
        return enclave_refuse_part(b, "the path is too long", b->request.output);
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

static bool collect(enclave_parts *b) {
    b->image = (eif){.version = EIF_VERSION,
                     .flags = b->request.is_aarch64 ? EIF_FLAG_AARCH64 : 0,
                     .default_memory = DEFAULT_MEMORY,
                     .default_cpus = DEFAULT_CPUS};
    return add_kernel(b) && add_metadata(b) && enclave_add_ramdisks(b) &&
           eif_measure(grille_crypto_wolf(), &b->image, &b->measured) == GRILLE_REASON_OK && enclave_add_signature(b);
}

static int make(enclave_parts *b) {
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
    static enclave_parts b;
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
