/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "nsm/client.h"

_Static_assert(GRILLE_NSM_IOCTL_RAW == _IOWR(0x0A, 0x0, grille_nsm_raw), "NSM_IOCTL_RAW");

typedef struct nsm_device {
    int descriptor;
    grille_nsm_ioctl_fn *device_ioctl;
} nsm_device;

/* The kernel takes 32 bits, for which glibc declares an unsigned long and musl an int. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

static int kernel_ioctl(int descriptor, unsigned long request, grille_nsm_raw *raw) {
    return ioctl(descriptor, (ioctl_request)request, raw);
}

static const char *cause_of(int system_error) {
    switch (system_error) {
    case EMSGSIZE:
        return "the request is longer than the device takes";
    case ETIMEDOUT:
        return "the NSM did not answer within the driver's 120 s";
    case ENOTTY:
        return "this file is not an NSM device";
    default:
        return "see the kernel's log";
    }
}

/* The driver cuts an answer that is longer than the room and still reports its whole length, so the room is always the
 * largest answer, and a length above it is refused. */
static grille_reason exchange(void *channel, grille_bytes request, bool repeatable, uint8_t *response, size_t *len,
                              grille_error *error) {
    const nsm_device *device = channel;
    grille_nsm_raw raw;
    int failed;
    do {
        raw = (grille_nsm_raw){
            .request = {(uint64_t)(uintptr_t)request.data, request.len},
            .response = {(uint64_t)(uintptr_t)response, GRILLE_NSM_RESPONSE_MAX},
        };
        failed = device->device_ioctl(device->descriptor, GRILLE_NSM_IOCTL_RAW, &raw);
    } while (failed != 0 && errno == EINTR && repeatable);
    if (failed != 0)
        return grille_error_set(error, GRILLE_REASON_NSM_FAILED,
                                "the NSM device refused a request of %zu bytes: %s; %s", request.len, strerror(errno),
                                cause_of(errno));
    if (raw.response.len == 0 || raw.response.len > GRILLE_NSM_RESPONSE_MAX)
        return grille_error_set(error, GRILLE_REASON_NSM_MALFORMED,
                                "the NSM device answered %llu bytes; an answer has 1 to %d",
                                (unsigned long long)raw.response.len, GRILLE_NSM_RESPONSE_MAX);
    *len = (size_t)raw.response.len;
    return GRILLE_REASON_OK;
}

static void close_device(void *channel) {
    nsm_device *device = channel;
    (void)close(device->descriptor);
    free(device);
}

static const grille_nsm_channel_functions device_functions = {.exchange = exchange, .close = close_device};

grille_reason grille_nsm_open_device_with(int descriptor, grille_nsm_ioctl_fn *device_ioctl, grille_nsm **nsm,
                                          grille_error *error) {
    nsm_device *device = malloc(sizeof *device);
    grille_reason reason;
    *nsm = NULL;
    grille_error_clear(error);
    if (device == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    *device = (nsm_device){descriptor, device_ioctl};
    reason = grille_nsm_client_open("the NSM device", &device_functions, device, nsm, error);
    if (reason != GRILLE_REASON_OK) free(device);
    return reason;
}

grille_reason grille_nsm_open_device(const char *path, grille_nsm **nsm, grille_error *error) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    grille_reason reason;
    *nsm = NULL;
    if (descriptor < 0)
        return grille_error_set(
            error, GRILLE_REASON_SYSTEM,
            "cannot open %s: %s; this program attests itself by the NSM of a Nitro Enclave: run it in "
            "one, with the kernel's nsm driver",
            path, strerror(errno));
    reason = grille_nsm_open_device_with(descriptor, kernel_ioctl, nsm, error);
    if (reason != GRILLE_REASON_OK) (void)close(descriptor);
    return reason;
}
