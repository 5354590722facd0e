// Hard names, as C++17.
#include <cstdio>

#include "fake_runtime.h"
#ifdef CODEC_NANO
#include "keywords.grille-nano.h"
#include "no_package.grille-nano.h"
#include "services.grille-nano.h"
using word = namespace_operator_class;
#else
#include "keywords.grille-pb.h"
#include "no_package.grille-pb.h"
#include "services.grille-pb.h"
using word = Namespace__Operator__Class;
#endif

static grille_code answer(grille_call *, const word *request, word *response, void *) {
    response->int_ = request->int_ + 1;
    return GRILLE_OK;
}

int main() {
    fake_reset();
    namespace_operator_try_handlers handlers = {};
    handlers.delete_ = answer;
    word request = {};
#ifndef CODEC_NANO
    namespace__operator__class__init(&request);
#endif
    request.int_ = 41;
    namespace_operator_try_delete_reply reply = {};
    bool ok = namespace_operator_try_register(fake_server(), &handlers, nullptr) == GRILLE_OK &&
              namespace_operator_try_delete(fake_channel(), &request, nullptr, &reply) == GRILLE_OK &&
              reply.response->int_ == 42;
    namespace_operator_try_delete_reply_free(&reply);
    fake_reset();
    std::printf("[ RUN      ] a word of C++\n%s a word of C++\n", ok ? "[       OK ]" : "[  FAILED  ]");
    return !ok;
}
