/* SPDX-License-Identifier: Apache-2.0 */
#include "key_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "https_certificates.h"
#include "key_service_answer.h"

enum { most_connections = 4096, most_request = 131072 };

struct key_service {
    key_service_options options;
    char name[64], address[80], ca[8192];
    uint16_t port;
    https_certificates certificates;
    SSL_CTX *context;
    int listener;
    pthread_t thread;
    pthread_t threads[most_connections];
    size_t thread_count;
    pthread_mutex_t lock;
    pthread_cond_t came;
    int fds[most_connections]; /* -1: closed */
    bool stopping;
    size_t requests, busy, busiest;
    key_service_request last;
    uint8_t digests[most_connections][32]; /* of SPKIs */
};

typedef struct connection {
    key_service *service;
    SSL *ssl;
    int fd;
    size_t index;
} connection;

static void need(bool good, const char *what) {
    if (good) return;
    (void)fprintf(stderr, "key_service: %s\n", what);
    abort();
}

static long take(connection *from, void *bytes, size_t capacity) {
    return from->ssl != NULL ? SSL_read(from->ssl, bytes, (int)capacity) : recv(from->fd, bytes, capacity, 0);
}

static void say(connection *to, const char *bytes, size_t len) {
    for (size_t done = 0; done < len;) {
        const long moved = to->ssl != NULL ? SSL_write(to->ssl, bytes + done, (int)(len - done))
                                           : send(to->fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (moved <= 0) return; /* the client has gone */
        done += (size_t)moved;
    }
}

/* A whole request's bytes, or 0. */
static size_t take_request(connection *from, char *bytes) {
    size_t len = 0;
    while (len < most_request - 1) {
        const long moved = take(from, bytes + len, most_request - 1 - len);
        const char *end = NULL, *length = NULL;
        if (moved <= 0) return 0;
        len += (size_t)moved;
        bytes[len] = '\0';
        end = strstr(bytes, "\r\n\r\n");
        length = end != NULL ? strstr(bytes, "content-length: ") : NULL;
        if (length != NULL && len == (size_t)(end + 4 - bytes) + strtoul(length + 16, NULL, 10)) return len;
    }
    need(false, "a request that is too long");
    return 0;
}

/* Who waits for a request finds it decided. */
static void note(key_service *service, key_service_request *request, key_service_reply *reply) {
    (void)pthread_mutex_lock(&service->lock);
    need(service->requests < most_connections, "too many requests");
    key_service_digest(request, service->digests[service->requests]);
    request->number = ++service->requests;
    service->last = *request;
    if (++service->busy > service->busiest) service->busiest = service->busy;
    if (service->options.decide != NULL) service->options.decide(request, reply, service->options.user);
    (void)pthread_cond_broadcast(&service->came);
    (void)pthread_mutex_unlock(&service->lock);
}

static void hang(connection *held) {
    char byte;
    (void)take(held, &byte, 1);
}

static void serve_request(connection *held, char *bytes, size_t len) {
    static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"KeyId\":";
    key_service *service = held->service;
    key_service_request request;
    key_service_reply reply = {.does = KEY_SERVICE_ANSWERS};
    char answer[32768];
    key_service_read(bytes, len, &request);
    note(service, &request, &reply);
    if (reply.does == KEY_SERVICE_HANGS) hang(held);
    /* Before the client knows: what it begins next is one more only when there was none less. */
    (void)pthread_mutex_lock(&service->lock);
    service->busy--;
    (void)pthread_mutex_unlock(&service->lock);
    if (reply.does == KEY_SERVICE_CUTS) say(held, cut, sizeof cut - 1);
    if (reply.does != KEY_SERVICE_HANGS && reply.does != KEY_SERVICE_CLOSES && reply.does != KEY_SERVICE_CUTS)
        say(held, answer, key_service_write(&request, &reply, answer, sizeof answer));
}

/* OpenSSL writes to sockets whose other end has gone: a matter of these threads, never of the client's. */
static void block_sigpipe(void) {
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void *serve(void *user) {
    connection *held = user;
    key_service *service = held->service;
    char *bytes = malloc(most_request);
    size_t len = 0;
    need(bytes != NULL, "memory");
    block_sigpipe();
    if (service->context != NULL) {
        held->ssl = SSL_new(service->context);
        (void)SSL_set_fd(held->ssl, held->fd);
    }
    if (held->ssl == NULL || SSL_accept(held->ssl) == 1) len = take_request(held, bytes);
    if (len > 0) serve_request(held, bytes, len);
    if (held->ssl != NULL) {
        (void)SSL_shutdown(held->ssl);
        SSL_free(held->ssl);
    }
    (void)pthread_mutex_lock(&service->lock);
    service->fds[held->index] = -1;
    (void)close(held->fd);
    (void)pthread_mutex_unlock(&service->lock);
    free(bytes);
    free(held);
    return NULL;
}

static void *accept_all(void *user) {
    key_service *service = user;
    for (;;) {
        const int fd = accept(service->listener, NULL, NULL);
        connection *made = NULL;
        if (fd < 0) return NULL;
        made = calloc(1, sizeof *made);
        need(made != NULL && service->thread_count < most_connections, "too many connections");
        *made = (connection){.service = service, .fd = fd, .index = service->thread_count};
        (void)pthread_mutex_lock(&service->lock);
        service->fds[made->index] = fd;
        (void)pthread_mutex_unlock(&service->lock);
        need(pthread_create(&service->threads[service->thread_count++], NULL, serve, made) == 0, "a thread");
    }
}

static void set_up_tls(key_service *service) {
    BIO *pem = BIO_new(BIO_s_mem());
    const unsigned char *der = service->certificates.anchor;
    X509 *anchor = NULL;
    https_certificates_make(&service->options.certificate, &service->certificates);
    anchor = d2i_X509(NULL, &der, (long)service->certificates.anchor_len);
    need(PEM_write_bio_X509(pem, anchor) == 1, "PEM");
    X509_free(anchor);
    need(BIO_read(pem, service->ca, sizeof service->ca - 1) > 0, "PEM");
    BIO_free(pem);
    if (!service->options.tls) return;
    service->context = SSL_CTX_new(TLS_server_method());
    need(SSL_CTX_use_certificate(service->context, service->certificates.leaf) == 1, "the leaf");
    need(SSL_CTX_use_PrivateKey(service->context, service->certificates.signer) == 1, "its key");
    for (size_t i = 0; i < service->certificates.sent_count; i++)
        need(SSL_CTX_add1_chain_cert(service->context, service->certificates.sent[i]) == 1, "the chain");
}

static void bind_unix(key_service *service) {
    uint64_t drawn = 0; /* a process's number may be the same in each sandbox */
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    need(getrandom(&drawn, sizeof drawn, 0) == sizeof drawn, "random");
    (void)snprintf(service->name, sizeof service->name, "grille-key-service-%016llx", (unsigned long long)drawn);
    (void)snprintf(service->address, sizeof service->address, "unix-abstract:%s", service->name);
    memcpy(name.sun_path + 1, service->name, strlen(service->name));
    service->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(service->listener, (const struct sockaddr *)(const void *)&name,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(service->name))) == 0,
         "bind");
}

static void bind_tcp(key_service *service) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t len = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    service->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(service->listener, (const struct sockaddr *)(const void *)&name, len) == 0, "bind");
    need(getsockname(service->listener, (struct sockaddr *)(void *)&name, &len) == 0, "getsockname");
    service->port = ntohs(name.sin_port);
    (void)snprintf(service->address, sizeof service->address, "tcp:127.0.0.1:%u", service->port);
}

static void listen_at(key_service *service) {
    if (service->options.tcp) {
        bind_tcp(service);
    } else {
        bind_unix(service);
    }
    need(listen(service->listener, 256) == 0, "listen");
}

key_service *key_service_start(const key_service_options *options) {
    key_service *service = calloc(1, sizeof *service);
    need(service != NULL, "memory");
    service->options = *options;
    (void)pthread_mutex_init(&service->lock, NULL);
    (void)pthread_cond_init(&service->came, NULL);
    set_up_tls(service);
    listen_at(service);
    need(pthread_create(&service->thread, NULL, accept_all, service) == 0, "a thread");
    return service;
}

void key_service_stop(key_service *service) {
    (void)shutdown(service->listener, SHUT_RDWR);
    (void)pthread_join(service->thread, NULL);
    (void)close(service->listener);
    (void)pthread_mutex_lock(&service->lock);
    for (size_t i = 0; i < service->thread_count; i++)
        if (service->fds[i] >= 0) (void)shutdown(service->fds[i], SHUT_RDWR);
    (void)pthread_mutex_unlock(&service->lock);
    for (size_t i = 0; i < service->thread_count; i++)
        (void)pthread_join(service->threads[i], NULL);
    SSL_CTX_free(service->context);
    https_certificates_free(&service->certificates);
    (void)pthread_cond_destroy(&service->came);
    (void)pthread_mutex_destroy(&service->lock);
    free(service);
}

const char *key_service_address(const key_service *service) {
    return service->address;
}

uint16_t key_service_port(const key_service *service) {
    return service->port;
}

const char *key_service_ca(const key_service *service) {
    return service->ca;
}

static size_t look(key_service *service, const size_t *number) {
    size_t value = 0;
    (void)pthread_mutex_lock(&service->lock);
    value = *number;
    (void)pthread_mutex_unlock(&service->lock);
    return value;
}

size_t key_service_requests(key_service *service) {
    return look(service, &service->requests);
}

size_t key_service_busiest(key_service *service) {
    return look(service, &service->busiest);
}

void key_service_wait(key_service *service, size_t requests) {
    (void)pthread_mutex_lock(&service->lock);
    while (service->requests < requests)
        (void)pthread_cond_wait(&service->came, &service->lock);
    (void)pthread_mutex_unlock(&service->lock);
}

void key_service_last(key_service *service, key_service_request *request) {
    (void)pthread_mutex_lock(&service->lock);
    *request = service->last;
    (void)pthread_mutex_unlock(&service->lock);
}

size_t key_service_most_uses(key_service *service) {
    size_t most = 0;
    (void)pthread_mutex_lock(&service->lock);
    for (size_t i = 0; i < service->requests; i++) {
        size_t uses = 0;
        for (size_t j = 0; j < service->requests; j++)
            uses += memcmp(service->digests[i], service->digests[j], 32) == 0;
        if (uses > most) most = uses;
    }
    (void)pthread_mutex_unlock(&service->lock);
    return most;
}
