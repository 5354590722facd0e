// A C++17 program that calls through the real runtime: client with protobuf-c, server with nanopb, the gate between
// them.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include <unistd.h>

#include "acme/v1/cryptor.grille-nano.h"
#include "acme/v1/cryptor.grille-pb.h"
#include "grille/grille.h"

namespace {

int failures = 0;

void expect(bool condition, const char *what, const std::string &why = "") {
    std::printf("[ RUN      ] %s\n%s\n%s %s\n", what, condition ? "" : why.c_str(),
                condition ? "[       OK ]" : "[  FAILED  ]", what);
    failures += !condition;
}

grille_code decrypt(grille_call *call, const acme_v1_DecryptRequest *request, acme_v1_DecryptResponse *response,
                    void *user) {
    ++*static_cast<int *>(user);
    if (request->blob.len == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "the blob is %s", "empty");
    response->plain = request->blob;
    return GRILLE_OK;
}

// A folder with a CA and an identity each, made by the grille command; removed in the end.
struct World {
    std::string folder, grille;

    explicit World(const char *program) : grille(program) {
        char name[] = "/tmp/call-XXXXXX";
        folder = mkdtemp(name);
        run("new ca " + folder + "/ca");
        run("new x509 " + folder + "/server --ca " + folder + "/ca --name spiffe://test/server");
        run("new x509 " + folder + "/client --ca " + folder + "/ca --name spiffe://test/client");
    }
    ~World() {
        if (std::system(("rm -rf " + folder).c_str()) != 0) std::perror("rm");
    }

    void run(const std::string &arguments) const {
        if (std::system((grille + " identity " + arguments + " >/dev/null").c_str()) != 0) std::abort();
    }
    grille_identity *identity(const std::string &who) const {
        grille_identity *identity = nullptr;
        grille_error error;
        const std::string base = folder + "/" + who + "/identity";
        if (grille_identity_load_x509((base + ".pem").c_str(), (base + ".key").c_str(), &identity, &error) != GRILLE_OK)
            std::abort();
        return identity;
    }
    grille_policy *policy(const std::string &trusted) const {
        const std::string text =
            "peers:\n  - name: them\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"spiffe://test/" + trusted +
            "\"]\n    may_call: [\"/acme.v1.Cryptor/*\"]\n";
        grille_policy *policy = nullptr;
        grille_error error;
        const grille_bytes bytes = {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
        if (grille_policy_parse(bytes, "policy", folder.c_str(), &policy, &error) != GRILLE_OK) {
            std::fprintf(stderr, "%s\n", error.text);
            std::abort();
        }
        return policy;
    }
};

// Waits for the one callback.
struct Answer {
    std::mutex mutex;
    std::condition_variable changed;
    bool there = false;
    std::string text;

    std::string wait() {
        std::unique_lock<std::mutex> lock(mutex);
        while (!there)
            changed.wait(lock);
        return text;
    }
};

void on_reply(const acme_v1_cryptor_decrypt_reply *reply, void *user) {
    Answer *answer = static_cast<Answer *>(user);
    const std::lock_guard<std::mutex> lock(answer->mutex);
    answer->text = reply->message;
    if (reply->code == GRILLE_OK)
        answer->text.assign(reinterpret_cast<const char *>(reply->response->plain.data), reply->response->plain.len);
    answer->there = true;
    answer->changed.notify_one();
}

void call_all(grille_channel *channel, int *served) {
    unsigned char blob[] = {'a', 'b', 'c'};
    Acme__V1__DecryptRequest request;
    acme__v1__decrypt_request__init(&request);
    grille_call_options options = grille_call_options_default();
    options.timeout_ms = 10000;
    options.wait_for_ready = true;
    acme_v1_cryptor_decrypt_reply reply;

    grille_code code = acme_v1_cryptor_decrypt(channel, &request, &options, &reply);
    expect(code == GRILLE_INVALID_ARGUMENT && std::strcmp(reply.message, "the blob is empty") == 0,
           "a call that fails with the handler's words", reply.message);
    acme_v1_cryptor_decrypt_reply_free(&reply);

    request.blob.data = blob;
    request.blob.len = sizeof blob;
    code = acme_v1_cryptor_decrypt(channel, &request, &options, &reply);
    expect(code == GRILLE_OK && reply.response->plain.len == 3 && std::memcmp(reply.response->plain.data, blob, 3) == 0,
           "a blocking call", reply.message);
    acme_v1_cryptor_decrypt_reply_free(&reply);

    Answer answer;
    code = acme_v1_cryptor_decrypt_async(channel, &request, &options, on_reply, &answer, nullptr);
    expect(code == GRILLE_OK && answer.wait() == "abc", "an asynchronous call");
    expect(*served == 3, "the handler ran for each of them");

    Google__Protobuf__Empty empty;
    google__protobuf__empty__init(&empty);
    acme_v1_cryptor_forget_reply forgotten;
    code = acme_v1_cryptor_forget(channel, &empty, &options, &forgotten);
    expect(code == GRILLE_UNIMPLEMENTED, "a method whose handler is NULL", forgotten.message);
    acme_v1_cryptor_forget_reply_free(&forgotten);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    const World world(argv[1]);
    const std::string address = "unix:" + world.folder + "/socket";
    grille_error error;
    int served = 0;

    enclave_acme_v1_cryptor_handlers handlers = {};
    handlers.decrypt = decrypt;
    grille_server_options server_options = grille_server_options_default();
    grille_identity *server_identity = world.identity("server"), *client_identity = world.identity("client");
    server_options.identity = server_identity;
    server_options.policy = world.policy("client");
    grille_server *server = nullptr;
    const bool serving = grille_server_new(&server_options, &server, &error) == GRILLE_OK &&
                         enclave_acme_v1_cryptor_register(server, &handlers, &served) == GRILLE_OK &&
                         grille_server_listen(server, address.c_str(), &error) == GRILLE_OK &&
                         grille_server_start(server, &error) == GRILLE_OK;
    expect(serving, "a server with handlers", error.text);

    grille_channel_options channel_options = grille_channel_options_default();
    channel_options.identity = client_identity;
    channel_options.policy = world.policy("server");
    grille_channel *channel = nullptr;
    const bool open = grille_channel_open(address.c_str(), &channel_options, &channel, &error) == GRILLE_OK;
    expect(open, "a channel", error.text);
    if (serving && open) call_all(channel, &served);

    grille_channel_close(channel);
    grille_server_free(server);
    grille_policy_free(server_options.policy);
    grille_policy_free(channel_options.policy);
    grille_identity_free(server_identity);
    grille_identity_free(client_identity);
    return failures != 0;
}
