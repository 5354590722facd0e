/* SPDX-License-Identifier: Apache-2.0
 * Runs in a virtual machine, as an enclave's program: the production code for /dev/nsm, over the ioctl of a real
 * kernel. The device behind it is a stand-in, which plays the faults of the real one when it is asked to. Prints cases
 * as cmocka does; nsm_in_guest PCR0 compares what the device says of the image. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cases.h"
#include "fault_file.h"
#include "nsm/device.h"

static grille_nsm *nsm;

/* The next requests meet this fault. */
static bool ask_for(const char *fault) {
    FILE *file = fopen(NSM_DEVICE_FAULT, "w");
    return file != NULL && fputs(fault, file) >= 0 && fclose(file) == 0;
}

static bool module_describes_itself(void) {
    grille_nsm_description said;
    CHECK(nsm->functions->describe(nsm, &said, &vm_error) == GRILLE_REASON_OK);
    CHECK(said.max_pcrs == GRILLE_NSM_PCR_COUNT && said.locked_pcrs == 0xffff && said.module_id[0] != '\0');
    return true;
}

static bool randomness_differs(void) {
    uint8_t first[GRILLE_NSM_RANDOM_MAX], second[GRILLE_NSM_RANDOM_MAX];
    CHECK(nsm->functions->random(nsm, first, sizeof first, &vm_error) == GRILLE_REASON_OK);
    CHECK(nsm->functions->random(nsm, second, sizeof second, &vm_error) == GRILLE_REASON_OK);
    CHECK(memcmp(first, second, sizeof first) != 0);
    return true;
}

static bool documents_take_the_longest_fields(void) {
    static uint8_t field[GRILLE_NSM_FIELD_MAX], document[GRILLE_NSM_RESPONSE_MAX];
    const grille_bytes bytes = grille_bytes_of(field, sizeof field);
    const grille_nsm_request request = {.user_data = bytes, .nonce = bytes, .public_key = bytes};
    size_t len = 0;
    memset(field, 0xa5, sizeof field);
    CHECK(nsm->functions->attest(nsm, &request, document, sizeof document, &len, &vm_error) == GRILLE_REASON_OK);
    CHECK(len > 3 * sizeof field && (document[0] == 0x84 || document[0] == 0xd2));
    return true;
}

static bool registers_are_extended_and_locked(void) {
    uint8_t value[GRILLE_NSM_PCR_BYTES], read[GRILLE_NSM_PCR_BYTES];
    bool locked = true;
    const grille_bytes data = grille_bytes_of_text("extended");
    CHECK(nsm->functions->extend_pcr(nsm, 16, data, value, &vm_error) == GRILLE_REASON_OK);
    CHECK(nsm->functions->describe_pcr(nsm, 16, read, &locked, &vm_error) == GRILLE_REASON_OK);
    CHECK(!locked && memcmp(value, read, sizeof read) == 0);
    CHECK(nsm->functions->lock_pcr(nsm, 16, &vm_error) == GRILLE_REASON_OK);
    CHECK(nsm->functions->extend_pcr(nsm, 16, data, value, &vm_error) == GRILLE_REASON_NSM_READ_ONLY_INDEX);
    CHECK(nsm->functions->extend_pcr(nsm, 0, data, value, &vm_error) == GRILLE_REASON_NSM_READ_ONLY_INDEX);
    CHECK(nsm->functions->lock_pcrs(nsm, GRILLE_NSM_PCR_COUNT, &vm_error) == GRILLE_REASON_OK);
    CHECK(nsm->functions->lock_pcrs(nsm, GRILLE_NSM_PCR_COUNT + 1, &vm_error) != GRILLE_REASON_OK);
    CHECK(nsm->functions->describe_pcr(nsm, GRILLE_NSM_PCR_COUNT, read, &locked, &vm_error) ==
          GRILLE_REASON_NSM_INVALID_INDEX);
    return true;
}

/* ---- Below the seam ---- */

static int raw_ioctl(unsigned long command, size_t request_len, size_t room, grille_nsm_raw *raw) {
    static uint8_t request[GRILLE_NSM_REQUEST_MAX + 1], response[GRILLE_NSM_RESPONSE_MAX];
    const int fd = open(GRILLE_NSM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
    int status = -1;
    memset(request, 0xff, sizeof request);
    *raw = (grille_nsm_raw){.request = {(uint64_t)(uintptr_t)request, request_len},
                            .response = {(uint64_t)(uintptr_t)response, room}};
    if (fd >= 0) status = ioctl(fd, (int)command, raw);
    status = status == 0 ? 0 : errno;
    if (fd >= 0) (void)close(fd);
    return status;
}

static bool the_ioctl_is_the_drivers(void) {
    grille_nsm_raw raw;
    CHECK(raw_ioctl(GRILLE_NSM_IOCTL_RAW, GRILLE_NSM_REQUEST_MAX + 1, GRILLE_NSM_RESPONSE_MAX, &raw) == EMSGSIZE);
    CHECK(raw_ioctl(GRILLE_NSM_IOCTL_RAW + 1, 1, GRILLE_NSM_RESPONSE_MAX, &raw) == ENOTTY);
    /* An answer that is longer than the room: cut, and its whole length told. */
    CHECK(raw_ioctl(GRILLE_NSM_IOCTL_RAW, 1, 4, &raw) == 0 && raw.response.len > 4);
    return true;
}

static bool other_devices_are_named(void) {
    grille_nsm *other = NULL;
    uint8_t byte = 0;
    CHECK(grille_nsm_open_device("/dev/nsm-of-others", &other, &vm_error) == GRILLE_REASON_SYSTEM);
    CHECK(strstr(vm_error.text, "run it in one") != NULL);
    CHECK(grille_nsm_open_device("/dev/zero", &other, &vm_error) == GRILLE_REASON_OK);
    CHECK(other->functions->random(other, &byte, 1, &vm_error) == GRILLE_REASON_NSM_FAILED);
    CHECK(strstr(vm_error.text, "not an NSM device") != NULL);
    other->functions->close(other);
    return true;
}

/* ---- Faults ---- */

static bool faults_have_their_names(void) {
    static const struct {
        const char *fault;
        grille_reason expected;
    } cases[] = {{"truncated", GRILLE_REASON_NSM_MALFORMED},
                 {"oversize", GRILLE_REASON_NSM_MALFORMED},
                 {"garbage", GRILLE_REASON_NSM_MALFORMED},
                 {"empty", GRILLE_REASON_NSM_MALFORMED},
                 {"invalid-argument", GRILLE_REASON_NSM_INVALID_ARGUMENT},
                 {"internal-error", GRILLE_REASON_NSM_INTERNAL_ERROR},
                 {"gone", GRILLE_REASON_NSM_FAILED},
                 {"timed-out", GRILLE_REASON_NSM_FAILED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static uint8_t document[GRILLE_NSM_RESPONSE_MAX];
        const grille_nsm_request request = {.user_data = {.data = NULL}};
        uint8_t byte = 0;
        size_t len = 0;
        grille_reason drawn, attested;
        CHECK(ask_for(cases[i].fault));
        drawn = nsm->functions->random(nsm, &byte, 1, &vm_error);
        attested = nsm->functions->attest(nsm, &request, document, sizeof document, &len, &vm_error);
        CHECK(ask_for("none"));
        if (drawn != cases[i].expected || attested != cases[i].expected) {
            (void)snprintf(vm_problem, sizeof vm_problem, "%s: %s and %s, %s", cases[i].fault,
                           grille_reason_name(drawn), grille_reason_name(attested), vm_error.text);
            return false;
        }
        /* And then it is well again. */
        CHECK(nsm->functions->random(nsm, &byte, 1, &vm_error) == GRILLE_REASON_OK);
    }
    return true;
}

static bool a_slow_module_is_waited_for(void) {
    uint8_t byte = 0;
    struct timespec before, after;
    CHECK(ask_for("slow"));
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(nsm->functions->random(nsm, &byte, 1, &vm_error) == GRILLE_REASON_OK);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(ask_for("none"));
    CHECK(after.tv_sec > before.tv_sec);
    return true;
}

int main(void) {
    static const vm_case cases[] = {
        {"the module describes itself", module_describes_itself},
        {"randomness differs", randomness_differs},
        {"documents take the longest fields", documents_take_the_longest_fields},
        {"registers are extended and locked", registers_are_extended_and_locked},
        {"the ioctl is the driver's", the_ioctl_is_the_drivers},
        {"other devices are named", other_devices_are_named},
        {"faults have their names", faults_have_their_names},
        {"a slow module is waited for", a_slow_module_is_waited_for},
    };
    if (grille_nsm_open_device(GRILLE_NSM_DEVICE_PATH, &nsm, &vm_error) != GRILLE_REASON_OK) {
        (void)printf("[  FAILED  ] open: %s\n", vm_error.text);
        return 1;
    }
    const bool good = vm_run_cases(cases, sizeof cases / sizeof cases[0]);
    nsm->functions->close(nsm);
    return good ? 0 : 1;
}
