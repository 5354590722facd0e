/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/boot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/files.h"
#include "machine/runs.h"

static bool failed(grille_error *error, const char *what, const char *file) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s the machine's %s: %s", what, file, strerror(errno));
    return false;
}

static int make_file(int folder, const char *name) {
    return openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Fills *read with what the file holds; end with unmap. */
static bool map(int file, size_t len, grille_bytes *read) {
    void *mapped = mmap(NULL, len, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) return false;
    *read = grille_bytes_of(mapped, len);
    return true;
}

static void unmap(grille_bytes mapped) {
    if (mapped.data != NULL) (void)munmap((void *)(uintptr_t)mapped.data, mapped.len);
}

/* ---- Measuring ---- */

/* The image as its parts stand in the two files. */
static eif image_of(const machine_request *request, const char *cmdline, grille_bytes kernel, grille_bytes ramdisks) {
    eif image = {.section_count = 2, .sections = {{EIF_KERNEL, kernel}, {EIF_CMDLINE, grille_bytes_of_text(cmdline)}}};
    size_t at = 0;
    for (size_t i = 0; i < eif_ramdisk_count(request->image); i++) {
        const size_t len = eif_ramdisk(request->image, i).len;
        image.sections[image.section_count++] = (eif_section){EIF_RAMDISK, grille_bytes_of(&ramdisks.data[at], len)};
        at += len;
    }
    return image;
}

static bool measure(int kernel_file, int initrd_file, size_t ramdisks_len, const machine_request *request,
                    const char *cmdline, eif_measurements *measured, grille_error *error) {
    grille_bytes kernel = {.data = NULL}, ramdisks = {.data = NULL};
    grille_reason reason = GRILLE_REASON_SYSTEM;
    if (map(kernel_file, eif_section_of(request->image, EIF_KERNEL).len, &kernel) &&
        map(initrd_file, ramdisks_len, &ramdisks)) {
        const eif image = image_of(request, cmdline, kernel, ramdisks);
        reason = eif_measure(grille_crypto_wolf(), &image, measured);
    }
    unmap(kernel);
    unmap(ramdisks);
    if (reason == GRILLE_REASON_OK) return true;
    (void)grille_error_set(error, reason, "can't measure what the machine gets");
    return false;
}

/* ---- Writing ---- */

/* Zeros up to a multiple of four: a kernel finds no archive elsewhere (Linux init/initramfs.c). */
static bool write_aligned(int file, size_t *at, grille_bytes content) {
    static const uint8_t zeros[4];
    const size_t gap = (4 - *at % 4) % 4;
    *at += gap + content.len;
    return machine_write_all(file, grille_bytes_of(zeros, gap)) && machine_write_all(file, content);
}

/* The image's ramdisks, one directly behind the other. */
static bool write_ramdisks(int file, const eif *image, size_t *len) {
    *len = 0;
    for (size_t i = 0; i < eif_ramdisk_count(image); i++) {
        const grille_bytes ramdisk = eif_ramdisk(image, i);
        if (!machine_write_all(file, ramdisk)) return false;
        *len += ramdisk.len;
    }
    return true;
}

/* What is not measured: the stand-in, and then what it stands in for. */
static bool add_stand_in(int file, size_t at, const machine_request *request, const eif_measurements *measured,
                         grille_error *error) {
    grille_bytes ramdisks[EIF_SECTIONS_MAX];
    const size_t count = eif_ramdisk_count(request->image);
    uint8_t *archive = NULL;
    size_t len = 0;
    bool good = false;
    for (size_t i = 0; i < count; i++)
        ramdisks[i] = eif_ramdisk(request->image, i);
    if (!machine_stand_in_make(ramdisks, count, request->root, measured, request->debug, &archive, &len, error))
        return false;
    good = write_aligned(file, &at, request->stand_in) && write_aligned(file, &at, grille_bytes_of(archive, len));
    explicit_bzero(archive, len);
    free(archive);
    return good || failed(error, "write", MACHINE_INITRD_FILE);
}

static bool write_both(int kernel, int initrd, const machine_request *request, const char *cmdline,
                       eif_measurements *attested, grille_error *error) {
    eif_measurements measured;
    size_t ramdisks_len = 0;
    if (!machine_write_all(kernel, eif_section_of(request->image, EIF_KERNEL)))
        return failed(error, "write", MACHINE_KERNEL_FILE);
    if (!write_ramdisks(initrd, request->image, &ramdisks_len)) return failed(error, "write", MACHINE_INITRD_FILE);
    if (!measure(kernel, initrd, ramdisks_len, request, cmdline, &measured, error)) return false;
    measured.is_signed = request->measured->is_signed;
    memcpy(measured.pcr8, request->measured->pcr8, sizeof measured.pcr8);
    if (!add_stand_in(initrd, ramdisks_len, request, &measured, error)) return false;
    *attested = request->debug ? (eif_measurements){.is_signed = false} : measured;
    return true;
}

bool machine_boot_files_write(int folder, const machine_request *request, const char *cmdline,
                              eif_measurements *attested, grille_error *error) {
    const int kernel = make_file(folder, MACHINE_KERNEL_FILE);
    const int initrd = make_file(folder, MACHINE_INITRD_FILE);
    bool good = false;
    if (kernel < 0 || initrd < 0) {
        (void)failed(error, "make", kernel < 0 ? MACHINE_KERNEL_FILE : MACHINE_INITRD_FILE);
    } else {
        good = write_both(kernel, initrd, request, cmdline, attested, error);
    }
    if (kernel >= 0 && close(kernel) != 0 && good) good = failed(error, "write", MACHINE_KERNEL_FILE);
    if (initrd >= 0 && close(initrd) != 0 && good) good = failed(error, "write", MACHINE_INITRD_FILE);
    return good;
}
