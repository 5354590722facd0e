/* SPDX-License-Identifier: Apache-2.0 */
#include "counted.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

counted_calls counted;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED

/* A sanitizer has a heap of its own, and tells of it. */
void __sanitizer_malloc_hook(const volatile void *memory, size_t size);
void __sanitizer_free_hook(const volatile void *memory);

void __sanitizer_malloc_hook(const volatile void *memory, size_t size) {
    (void)memory;
    (void)size;
    atomic_fetch_add(&counted.heap, 1);
}

void __sanitizer_free_hook(const volatile void *memory) {
    (void)memory;
}

#else

/* glibc's own names, so that nothing has to be looked up (which would allocate). */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    atomic_fetch_add(&counted.heap, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    atomic_fetch_add(&counted.heap, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    atomic_fetch_add(&counted.heap, 1);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size) {
    atomic_fetch_add(&counted.heap, 1);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}

#endif

/* Counted before they are made: what one end has written counts when the other end has read it. */

static ssize_t note_empty(ssize_t moved) {
    if (moved < 0 && errno == EAGAIN) atomic_fetch_add(&counted.empty_reads, 1);
    return moved;
}

static size_t bytes_of(const struct msghdr *message) {
    size_t bytes = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++)
        bytes += message->msg_iov[i].iov_len;
    return bytes;
}

static void note_write(size_t bytes) {
    atomic_fetch_add(&counted.writes, 1);
    atomic_fetch_add(&counted.written_bytes, bytes);
}

/* What did not go after all. */
static ssize_t note_rest(ssize_t moved, size_t bytes) {
    atomic_fetch_sub(&counted.written_bytes, moved < 0 ? bytes : bytes - (size_t)moved);
    return moved;
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    atomic_fetch_add(&counted.watches, 1);
    return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

ssize_t recv(int fd, void *buffer, size_t len, int flags) {
    atomic_fetch_add(&counted.reads, 1);
    return note_empty(syscall(SYS_recvfrom, fd, buffer, len, flags, NULL, NULL));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    atomic_fetch_add(&counted.reads, 1);
    return note_empty(syscall(SYS_recvmsg, fd, message, flags));
}

ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    note_write(len);
    return note_rest(syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0), len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    const size_t len = bytes_of(message);
    note_write(len);
    return note_rest(syscall(SYS_sendmsg, fd, message, flags), len);
}

ssize_t read(int fd, void *buffer, size_t len) {
    atomic_fetch_add(&counted.others, 1);
    return syscall(SYS_read, fd, buffer, len);
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
    atomic_fetch_add(&counted.others, 1);
    return syscall(SYS_readv, fd, parts, count);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    atomic_fetch_add(&counted.others, 1);
    return syscall(SYS_write, fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    atomic_fetch_add(&counted.others, 1);
    return syscall(SYS_writev, fd, parts, count);
}
