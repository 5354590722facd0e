/* SPDX-License-Identifier: Apache-2.0
 * gRPC 1.51 has no option for the TLS version. libgrpc calls OpenSSL's SSL_do_handshake, which the dynamic linker finds
 * here first: each connection of both ends is held to TLS 1.3 and to the suite that Grille uses before its first byte,
 * and what came out is looked at. */
#include <dlfcn.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstring>

#include "channel.h"

static std::atomic<uint64_t> handshakes;

static void look_at(SSL *ssl) {
    const char *suite = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
    X509 *peer = SSL_get1_peer_certificate(ssl);
    bool good = SSL_version(ssl) == TLS1_3_VERSION && suite != nullptr &&
                strcmp(suite, "TLS_AES_128_GCM_SHA256") == 0 && peer != nullptr &&
                SSL_get_verify_result(ssl) == X509_V_OK;
    X509_free(peer);
    if (!good) fail(kFailed, std::string("not mutual TLS 1.3: ") + SSL_get_version(ssl) + " " + (suite ? suite : "?"));
    handshakes++;
}

extern "C" __attribute__((visibility("default"))) int SSL_do_handshake(SSL *ssl) {
    using Handshake = int (*)(SSL *);
    static const auto next = reinterpret_cast<Handshake>(dlsym(RTLD_NEXT, "SSL_do_handshake"));
    if (SSL_in_before(ssl) != 0 && (SSL_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 ||
                                    SSL_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256") != 1))
        fail(kFailed, "OpenSSL does not take TLS 1.3 and AES-128-GCM");
    bool finished_before = SSL_is_init_finished(ssl) != 0;
    int result = next(ssl);
    if (result == 1 && !finished_before) look_at(ssl);
    return result;
}

std::string negotiated_cipher() {
    if (handshakes == 0) fail(kFailed, "no TLS handshake was seen in this process");
    return "TLS13-AES128-GCM-SHA256";
}
