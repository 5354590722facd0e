/* SPDX-License-Identifier: Apache-2.0
 * Certificate paths: a byte that chooses profile, purpose and RSA (of a server), then certificates with a u16 length
 * each; every signature is taken for good. */
#include "accept_any.h"
#include "attest/path_server.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "no_heap.h"

static grille_path_cache *cache;

static void check(const uint8_t *data, size_t size) {
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    uint8_t choice = grille_read_u8(&reader);
    grille_bytes certificates[GRILLE_PATH_MAX + 1];
    grille_path_request request = {.profile = (choice & 1) != 0 ? GRILLE_PATH_PEER : GRILLE_PATH_NITRO,
                                   .purpose = (choice & 2) != 0 ? GRILLE_PATH_SERVER : GRILLE_PATH_CLIENT,
                                   .certificates = certificates,
                                   .now_ms = INT64_C(1780315200000),
                                   .leeway_ms = 60000,
                                   .rsa = rsa_that_accepts_any_signature()}; /* which neither profile looks at */
    grille_server_path_request server = {.anchors = certificates,
                                         .anchor_count = 1,
                                         .sent = &certificates[1],
                                         .dns_name = grille_bytes_of_text("parent.example"),
                                         .now_ms = INT64_C(1780315200000),
                                         .leeway_ms = 60000,
                                         .rsa = (choice & 4) != 0 ? rsa_that_accepts_any_signature() : NULL};
    grille_path path;
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason;
    while (reader.left > 0 && request.count <= GRILLE_PATH_MAX) {
        certificates[request.count++] = grille_read_block_u16(&reader);
    }
    reason = grille_path_verify(crypto_that_accepts_any_signature(), &request, &path, &error);
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    /* What a cache knows changes no verdict. */
    request.cache = cache;
    FUZZ_CHECK(grille_path_verify(crypto_that_accepts_any_signature(), &request, &path, &error) == reason);
    if (reason == GRILLE_REASON_OK)
        FUZZ_CHECK(path.expires_ms >= request.now_ms && !path.leaf.is_ca && path.leaf.has_ec_key);
    /* The first for an anchor, the others as a server sends them. */
    server.sent_count = request.count > 0 ? request.count - 1 : 0;
    error = (grille_error){.code = GRILLE_OK};
    reason = grille_path_verify_server(crypto_that_accepts_any_signature(), &server, &path, &error);
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    if (reason == GRILLE_REASON_OK) FUZZ_CHECK(grille_x509_has_name(&path.leaf, GRILLE_X509_DNS, server.dns_name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (cache == NULL) FUZZ_CHECK(grille_path_cache_new(&cache) == GRILLE_REASON_OK);
    no_heap_begin();
    check(data, size);
    no_heap_end();
    return 0;
}
