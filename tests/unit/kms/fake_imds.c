/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_imds.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"

#define TOKEN "AQAEAJ3kl2b0Qm3qJ8f-4T2bH1a=="

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* What this request is answered with; under the lock. */
static unsigned choose(fake_imds *imds, const char *request, const char **body) {
    static const char roles[] = "GET /latest/meta-data/iam/security-credentials/";
    const fake_imds_way *way = &imds->way;
    unsigned status = 404;
    if (begins_with(request, "PUT /latest/api/token ")) {
        *body = TOKEN;
        return way->token_status != 0 ? way->token_status : 200;
    }
    if (strstr(request, "\r\nx-aws-ec2-metadata-token: " TOKEN "\r\n") == NULL) {
        imds->unauthorized++;
        return 401;
    }
    if (begins_with(request, "GET /latest/meta-data/placement/region ")) {
        *body = "eu-central-1";
        status = way->region_status != 0 ? way->region_status : 200;
    } else if (begins_with(request, roles) && request[sizeof roles - 1] == ' ') {
        *body = FAKE_IMDS_ROLE;
        status = way->role_status != 0 ? way->role_status : 200;
    } else if (begins_with(request, roles) && begins_with(request + sizeof roles - 1, FAKE_IMDS_ROLE " ")) {
        *body = way->credentials;
        status = way->credentials_status != 0 ? way->credentials_status : 200;
    }
    return status;
}

/* Up to the empty line. */
static bool read_request(int connection, char *request, size_t capacity) {
    size_t len = 0;
    while (len + 1 < capacity) {
        const ssize_t got = read(connection, request + len, capacity - len - 1);
        if (got <= 0) return false;
        len += (size_t)got;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) return true;
    }
    return false;
}

static void note(fake_imds *imds, const char *request) {
    const char *host = strstr(request, "\r\nhost: ");
    imds->requests++;
    if (host != NULL) (void)sscanf(host, "\r\nhost: %63[^\r]", imds->last_host);
    pthread_cond_broadcast(&imds->changed);
}

static void serve(fake_imds *imds, int connection) {
    char request[2048], answer[2048];
    const char *body = "";
    int len;
    if (!read_request(connection, request, sizeof request)) {
        (void)close(connection);
        return;
    }
    pthread_mutex_lock(&imds->lock);
    const unsigned status = choose(imds, request, &body);
    len = snprintf(answer, sizeof answer, "HTTP/1.1 %u Told\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                   status, strlen(body), body);
    const fake_imds_mood mood = imds->way.mood;
    if (mood == FAKE_IMDS_HANGS) {
        if (imds->hanging >= 0) (void)close(imds->hanging);
        imds->hanging = connection;
    }
    note(imds, request);
    pthread_mutex_unlock(&imds->lock);
    if (mood == FAKE_IMDS_HANGS) return;
    if (mood == FAKE_IMDS_CUTS) len /= 2;
    (void)send(connection, answer, (size_t)len, MSG_NOSIGNAL);
    (void)close(connection);
}

static void *run(void *user) {
    fake_imds *imds = user;
    for (;;) {
        struct pollfd descriptors[2] = {{.fd = imds->listener, .events = POLLIN},
                                        {.fd = imds->stop[0], .events = POLLIN}};
        if (poll(descriptors, 2, -1) < 0) continue;
        if (descriptors[1].revents != 0) return NULL;
        const int connection = accept(imds->listener, NULL, NULL);
        if (connection >= 0) serve(imds, connection);
    }
}

void fake_imds_open(fake_imds *imds) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    memset(imds, 0, sizeof *imds);
    imds->hanging = -1;
    imds->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(imds->listener >= 0);
    assert_int_equal(bind(imds->listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(imds->listener, 16), 0);
    assert_int_equal(getsockname(imds->listener, (struct sockaddr *)&name, &len), 0);
    (void)snprintf(imds->address, sizeof imds->address, "tcp:127.0.0.1:%u", (unsigned)ntohs(name.sin_port));
    assert_int_equal(pipe(imds->stop), 0);
    pthread_mutex_init(&imds->lock, NULL);
    pthread_cond_init(&imds->changed, NULL);
    fake_imds_set(imds, "ASIAFIRST", "2126-01-01T18:00:00Z");
    assert_int_equal(pthread_create(&imds->thread, NULL, run, imds), 0);
}

void fake_imds_close(fake_imds *imds) {
    assert_int_equal(write(imds->stop[1], "", 1), 1);
    assert_int_equal(pthread_join(imds->thread, NULL), 0);
    if (imds->hanging >= 0) (void)close(imds->hanging);
    (void)close(imds->listener);
    (void)close(imds->stop[0]);
    (void)close(imds->stop[1]);
    pthread_cond_destroy(&imds->changed);
    pthread_mutex_destroy(&imds->lock);
}

void fake_imds_set(fake_imds *imds, const char *access_key_id, const char *expiration) {
    fake_imds_way way = {.mood = FAKE_IMDS_ANSWERS};
    (void)snprintf(way.credentials, sizeof way.credentials,
                   "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"of-%s\","
                   "\"Token\":\"token-of-%s\",\"Expiration\":\"%s\"}",
                   access_key_id, access_key_id, access_key_id, expiration);
    fake_imds_set_way(imds, way);
}

void fake_imds_set_way(fake_imds *imds, fake_imds_way way) {
    pthread_mutex_lock(&imds->lock);
    if (way.credentials[0] == '\0') memcpy(way.credentials, imds->way.credentials, sizeof way.credentials);
    imds->way = way;
    pthread_mutex_unlock(&imds->lock);
}

void fake_imds_wait(fake_imds *imds, unsigned requests) {
    pthread_mutex_lock(&imds->lock);
    while (imds->requests < requests)
        pthread_cond_wait(&imds->changed, &imds->lock);
    pthread_mutex_unlock(&imds->lock);
}
