// A C++17 program that calls through generated code, blocking and not.
#include <cassert>
#include <cstdio>
#include <cstring>

#include "acme/v1/cryptor.grille-pb.h"
#include "fake_runtime.h"

namespace {

grille_code decrypt(grille_call *call, const Acme__V1__DecryptRequest *request, Acme__V1__DecryptResponse *response,
                    void *) {
    if (request->blob.len == 0) return grille_fail(call, GRILLE_NOT_FOUND, "%s", "nothing there");
    response->plain = request->blob;
    return GRILLE_OK;
}

int failures = 0;

void expect(bool condition, const char *what) {
    std::printf("[ RUN      ] %s\n%s %s\n", what, condition ? "[       OK ]" : "[  FAILED  ]", what);
    failures += !condition;
}

void count(const acme_v1_cryptor_decrypt_reply *reply, void *user) {
    *static_cast<int *>(user) += reply->code == GRILLE_OK && reply->response->plain.len == 3;
}

} // namespace

int main() {
    fake_reset();
    acme_v1_cryptor_handlers handlers = {};
    handlers.decrypt = decrypt;
    expect(acme_v1_cryptor_register(fake_server(), &handlers, nullptr) == GRILLE_OK, "registers handlers");

    Acme__V1__DecryptRequest request;
    acme__v1__decrypt_request__init(&request);
    grille_call_options options = grille_call_options_default();
    options.timeout_ms = 500;
    acme_v1_cryptor_decrypt_reply reply;
    grille_code code = acme_v1_cryptor_decrypt(fake_channel(), &request, &options, &reply);
    expect(code == GRILLE_NOT_FOUND && std::strcmp(reply.message, "nothing there") == 0, "a call that fails");
    acme_v1_cryptor_decrypt_reply_free(&reply);

    unsigned char blob[] = {'a', 'b', 'c'};
    request.blob.data = blob;
    request.blob.len = sizeof blob;
    code = acme_v1_cryptor_decrypt(fake_channel(), &request, &options, &reply);
    expect(code == GRILLE_OK && std::memcmp(reply.response->plain.data, blob, sizeof blob) == 0, "a blocking call");
    acme_v1_cryptor_decrypt_reply_free(&reply);

    int delivered = 0;
    code = acme_v1_cryptor_decrypt_async(fake_channel(), &request, &options, count, &delivered, nullptr);
    fake_run();
    expect(code == GRILLE_OK && delivered == 1, "an asynchronous call");
    fake_reset();
    return failures != 0;
}
