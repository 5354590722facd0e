/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "nsm/cbor.h"

bool nsm_fault_parse(grille_bytes word, nsm_fault *fault) {
    static const char *const words[] = {
#define X(identifier, word) word,
        NSM_FAULT_MAP(X)
#undef X
    };
    for (size_t i = 0; i < NSM_FAULT_COUNT; i++) {
        if (!grille_bytes_equal(word, grille_bytes_of_text(words[i]))) continue;
        *fault = (nsm_fault)i;
        return true;
    }
    return false;
}

/* What the file says now; without one, or with another word, nothing is wrong. */
static nsm_fault fault_of(const char *path) {
    uint8_t word[32];
    nsm_fault fault = NSM_FAULT_NONE;
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? 0 : read(fd, word, sizeof word);
    if (fd >= 0) (void)close(fd);
    if (len > 0 && !nsm_fault_parse(grille_bytes_of(word, (size_t)len - (word[len - 1] == '\n')), &fault)) {
        fault = NSM_FAULT_NONE;
    }
    return fault;
}

/* {"Error": NAME} */
static void refuse(nsm_reply *reply, const char *name) {
    grille_writer writer = grille_writer_into(reply->bytes, sizeof reply->bytes);
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_MAP, 1);
    grille_nsm_cbor_write_text(&writer, "Error");
    grille_nsm_cbor_write_text(&writer, name);
    reply->len = grille_written(&writer).len;
}

static void wait_ms(long ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static void spoil(nsm_reply *reply, nsm_fault fault) {
    enum { slow_ms = 1500 };
    switch (fault) {
    case NSM_FAULT_TRUNCATED:
        reply->len /= 2;
        break;
    case NSM_FAULT_INVALID_ARGUMENT:
        refuse(reply, "InvalidArgument");
        break;
    case NSM_FAULT_INTERNAL_ERROR:
        refuse(reply, "InternalError");
        break;
    case NSM_FAULT_GARBAGE:
        memset(reply->bytes, 0xff, reply->len);
        break;
    case NSM_FAULT_EMPTY:
        reply->len = 0;
        break;
    case NSM_FAULT_GONE:
        reply->system_error = ENODEV;
        break;
    case NSM_FAULT_TIMED_OUT:
        reply->system_error = ETIMEDOUT;
        break;
    case NSM_FAULT_SLOW:
        wait_ms(slow_ms);
        break;
    case NSM_FAULT_NONE:
    case NSM_FAULT_OVERSIZE:
    case NSM_FAULT_COUNT:
        break;
    }
}

void nsm_exchange_answer(nsm_exchange *exchange, grille_bytes request, size_t room, nsm_reply *reply) {
    const nsm_fault fault = fault_of(exchange->fault_file);
    reply->system_error = 0;
    if (request.len > GRILLE_NSM_REQUEST_MAX) {
        reply->system_error = EMSGSIZE; /* as the driver */
        return;
    }
    reply->len = grille_nsm_simulated_module_process(exchange->module, request, reply->bytes);
    spoil(reply, fault);
    /* The driver cuts an answer that is longer than the room, and tells its whole length. */
    reply->told_len = fault == NSM_FAULT_OVERSIZE ? GRILLE_NSM_RESPONSE_MAX + 1 : reply->len;
    if (reply->len > room) reply->len = room;
}
