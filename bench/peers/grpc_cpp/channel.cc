/* SPDX-License-Identifier: Apache-2.0 */
#include "channel.h"

#include <filesystem>
#include <fstream>
#include <sstream>

/* build.sh writes the certificates beside the program. */
static std::string pem(const std::string &name) {
    std::filesystem::path path =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "certificates" / (name + ".pem");
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty()) fail(kFailed, "cannot read the certificate or key " + path.string());
    return text.str();
}

std::string target_of(const std::string &address) {
    if (address.rfind("unix:", 0) == 0 || address.rfind("unix-abstract:", 0) == 0) return address;
    if (address.rfind("tcp:", 0) == 0) return address.substr(4);
    fail(kUnsupported, "gRPC C++ takes unix:PATH, unix-abstract:NAME and tcp:HOST:PORT only, not " + address);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials() {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = pem("ca");
    options.pem_key_cert_pairs.push_back({pem("server.key"), pem("server")});
    return grpc::SslServerCredentials(options);
}

Dialer::Dialer(const Spec &spec) : target_(target_of(spec.address)) {
    credentials_ = grpc::SslCredentials({pem("ca"), pem("client.key"), pem("client")});
    arguments_.SetSslTargetNameOverride("server.peers.bench");
    arguments_.SetMaxReceiveMessageSize(-1);
    arguments_.SetMaxSendMessageSize(-1);
    // Their bookkeeping costs a tenth of a call, and nothing is retried here.
    arguments_.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // Else channels to one address would share a connection.
    arguments_.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
}

std::shared_ptr<grpc::Channel> Dialer::dial() const {
    return grpc::CreateCustomChannel(target_, credentials_, arguments_);
}
