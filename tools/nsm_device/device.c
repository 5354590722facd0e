/* SPDX-License-Identifier: Apache-2.0 */
#define FUSE_USE_VERSION 31
#include "device.h"

#include <cuse_lowlevel.h>
#include <errno.h>
#include <fuse_opt.h>
#include <string.h>

#include "base/bytes.h"
#include "nsm/device.h"

/* The ioctl's structure, and behind it the answer. */
typedef struct answered {
    grille_nsm_raw raw;
    uint8_t bytes[GRILLE_NSM_RESPONSE_MAX];
} answered;

static void open_device(fuse_req_t request, struct fuse_file_info *file) {
    (void)fuse_reply_open(request, file);
}

/* The kernel copies what it is told of: at first the structure, then what that points at. */
static void ask_for_structure(fuse_req_t request, void *argument) {
    const struct iovec in = {.iov_base = argument, .iov_len = sizeof(grille_nsm_raw)};
    (void)fuse_reply_ioctl_retry(request, &in, 1, NULL, 0);
}

static size_t room_of(const grille_nsm_raw *raw) {
    return raw->response.len > GRILLE_NSM_RESPONSE_MAX ? GRILLE_NSM_RESPONSE_MAX : (size_t)raw->response.len;
}

static void ask_for_request(fuse_req_t request, void *argument, const grille_nsm_raw *raw) {
    const struct iovec structure = {.iov_base = argument, .iov_len = sizeof *raw};
    const struct iovec in[] = {structure,
                               {.iov_base = (void *)(uintptr_t)raw->request.addr, .iov_len = (size_t)raw->request.len}};
    const struct iovec out[] = {structure,
                                {.iov_base = (void *)(uintptr_t)raw->response.addr, .iov_len = room_of(raw)}};
    (void)fuse_reply_ioctl_retry(request, in, 2, out, 2);
}

static void answer(fuse_req_t request, const grille_nsm_raw *raw, grille_bytes asked) {
    static nsm_reply reply;
    static answered whole;
    nsm_exchange_answer(fuse_req_userdata(request), asked, room_of(raw), &reply);
    if (reply.system_error != 0) {
        (void)fuse_reply_err(request, reply.system_error);
        return;
    }
    whole.raw = *raw;
    whole.raw.response.len = reply.told_len;
    memcpy(whole.bytes, reply.bytes, reply.len);
    (void)fuse_reply_ioctl(request, 0, &whole, sizeof whole.raw + reply.len);
}

static void device_ioctl(fuse_req_t request, int command, void *argument, struct fuse_file_info *file, unsigned flags,
                         const void *in, size_t in_len, size_t out_len) {
    grille_nsm_raw raw;
    (void)file;
    (void)flags;
    if ((unsigned)command != GRILLE_NSM_IOCTL_RAW) {
        (void)fuse_reply_err(request, ENOTTY);
    } else if (in_len < sizeof raw) {
        ask_for_structure(request, argument);
    } else {
        memcpy(&raw, in, sizeof raw);
        if (raw.request.len > GRILLE_NSM_REQUEST_MAX) {
            (void)fuse_reply_err(request, EMSGSIZE);
        } else if (out_len == 0) {
            ask_for_request(request, argument, &raw);
        } else {
            const uint8_t *bytes = in;
            answer(request, &raw, grille_bytes_of(&bytes[sizeof raw], in_len - sizeof raw));
        }
    }
}

int nsm_device_serve(nsm_exchange *exchange) {
    static const char *const info[] = {"DEVNAME=nsm"};
    static const struct cuse_lowlevel_ops operations = {.open = open_device, .ioctl = device_ioctl};
    char *arguments[] = {(char[]){"nsm"}, (char[]){"-f"}, (char[]){"-s"}, NULL};
    const struct cuse_info device = {
        .dev_info_argc = 1, .dev_info_argv = (const char **)(uintptr_t)info, .flags = CUSE_UNRESTRICTED_IOCTL};
    return cuse_lowlevel_main(3, arguments, &device, &operations, exchange) == 0 ? 0 : 1;
}
