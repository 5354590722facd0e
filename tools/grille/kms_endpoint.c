/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "input.h"

enum { PEM_BYTES = 65536 };

/* Who vouches for AWS's services (Amazon Trust Services, "Root CAs"), as Debian's ca-certificates names them. */
#define AMAZON "/etc/ssl/certs/"
static const char *const amazon[] = {AMAZON "Amazon_Root_CA_1.pem", AMAZON "Amazon_Root_CA_2.pem",
                                     AMAZON "Amazon_Root_CA_3.pem", AMAZON "Amazon_Root_CA_4.pem",
                                     AMAZON "Starfield_Services_Root_Certificate_Authority_-_G2.pem"};

/* ---- anchors ---- */

static bool fail(grille_error *error, const char *path, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s %s", path, what);
    return false;
}

/* Each is decoded behind the last. */
static bool add_anchors(kms_endpoint *endpoint, const char *path, size_t *used, grille_error *error) {
    static uint8_t text[PEM_BYTES];
    size_t len = 0;
    bool more = false;
    if (!input_read(path, text, sizeof text, &len, &more, error)) return false;
    if (more) return fail(error, path, "is longer than 64 KiB: name the CAs that the service has");
    for (grille_reader reader = grille_reader_of(grille_bytes_of(text, len)); grille_pem_more(&reader);) {
        grille_pem_label label = GRILLE_PEM_PUBLIC_KEY;
        size_t der_len = 0;
        if (endpoint->anchor_count == GRILLE_LIMIT_POLICY_AUTHORITIES) return fail(error, path, "has too many CAs");
        if (grille_pem_read(&reader, &label, endpoint->der + *used, PEM_BYTES - *used, &der_len) != GRILLE_REASON_OK ||
            label != GRILLE_PEM_CERTIFICATE)
            return fail(error, path, "is not PEM of certificates only");
        endpoint->anchors[endpoint->anchor_count++] = grille_bytes_of(endpoint->der + *used, der_len);
        *used += der_len;
    }
    return true;
}

static bool read_anchors(kms_endpoint *endpoint, const char *path, grille_error *error) {
    size_t used = 0;
    endpoint->der = malloc(PEM_BYTES);
    if (endpoint->der == NULL) {
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
        return false;
    }
    if (path != NULL) {
        if (!add_anchors(endpoint, path, &used, error)) return false;
        return endpoint->anchor_count > 0 || fail(error, path, "has no certificate");
    }
    for (size_t i = 0; i < sizeof amazon / sizeof *amazon; i++)
        if (access(amazon[i], R_OK) == 0 && !add_anchors(endpoint, amazon[i], &used, error)) return false;
    return endpoint->anchor_count > 0 ||
           fail(error, AMAZON "Amazon_Root_CA_1.pem", "is not there: install ca-certificates, or give --ca FILE");
}

/* ---- its name ---- */

static bool set_name(kms_endpoint *endpoint, const kms_service_options *said, grille_error *error) {
    kms_arn key;
    int len = -1;
    if (!kms_arn_read_key(said->key, &key)) return fail(error, said->key, "is no key's ARN");
    (void)snprintf(endpoint->region, sizeof endpoint->region, "%.*s", (int)key.region.len,
                   (const char *)key.region.data);
    if (said->host != NULL)
        len = snprintf(endpoint->host, sizeof endpoint->host, "%s", said->host);
    else
        len = snprintf(endpoint->host, sizeof endpoint->host, "kms.%s.amazonaws.com%s", endpoint->region,
                       grille_bytes_equal(key.partition, grille_bytes_of_text("aws-cn")) ? ".cn" : "");
    return (len > 0 && (size_t)len < sizeof endpoint->host) || fail(error, "--host", "is no DNS name");
}

bool kms_endpoint_open(const kms_service_options *said, kms_endpoint *endpoint, grille_error *error) {
    memset(endpoint, 0, sizeof *endpoint);
    if (said->to != NULL && grille_address_parse(said->to, &endpoint->address, error) != GRILLE_REASON_OK) return false;
    endpoint->has_address = said->to != NULL;
    return set_name(endpoint, said, error) && read_anchors(endpoint, said->ca, error);
}

void kms_endpoint_close(kms_endpoint *endpoint) {
    free(endpoint->der);
    endpoint->der = NULL;
}

/* ---- asking ---- */

/* Of the resolver; false for a family that we don't have. */
static bool set_address(const struct addrinfo *found, grille_address *address) {
    char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
    const bool is_ipv6 = found->ai_family == AF_INET6;
    if (getnameinfo(found->ai_addr, found->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) != 0) return false;
    (void)snprintf(text, sizeof text, is_ipv6 ? "tcp:[%s]:443" : "tcp:%s:443", ip);
    return grille_address_parse(text, address, NULL) == GRILLE_REASON_OK;
}

static grille_reason ask_by_name(const kms_endpoint *endpoint, grille_kms_https_request *asked,
                                 grille_kms_exchange_result *result, grille_error *error) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    grille_address address;
    grille_reason reason = GRILLE_REASON_LOOP_DIAL;
    const int status = getaddrinfo(endpoint->host, "443", &hints, &found);
    size_t tried = 0;
    if (status != 0)
        return grille_error_set(error, reason,
                                "%s has no address: %s. Likely the region is wrong or there is no resolver here: "
                                "give --to ADDRESS",
                                endpoint->host, gai_strerror(status));
    for (const struct addrinfo *at = found; at != NULL && tried < KMS_ENDPOINT_ADDRESSES; at = at->ai_next) {
        if (!set_address(at, &address)) continue;
        asked->address = &address;
        tried++;
        reason = grille_kms_https_ask(asked, result, error);
        if (reason != GRILLE_REASON_LOOP_DIAL && reason != GRILLE_REASON_LOOP_SOCKET) break;
    }
    freeaddrinfo(found);
    return tried > 0 ? reason : grille_error_set(error, reason, "%s has no address of ours", endpoint->host);
}

grille_reason kms_endpoint_ask(const kms_endpoint *endpoint, grille_bytes request, uint32_t timeout_ms, uint8_t *answer,
                               size_t capacity, grille_kms_exchange_result *result, grille_error *error) {
    grille_kms_https_request asked = {.address = &endpoint->address,
                                      .host = endpoint->host,
                                      .anchors = endpoint->anchors,
                                      .anchor_count = endpoint->anchor_count,
                                      .timeout_ms = timeout_ms,
                                      .bytes = request,
                                      .answer = answer,
                                      .answer_capacity = capacity};
    return endpoint->has_address ? grille_kms_https_ask(&asked, result, error)
                                 : ask_by_name(endpoint, &asked, result, error);
}
