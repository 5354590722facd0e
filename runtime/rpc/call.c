/* SPDX-License-Identifier: Apache-2.0
 * The functions of a call that both sides have. */
#include "rpc/call.h"

#define OP(call, name) ((call) != NULL && (call)->ops != NULL ? (call)->ops->name : NULL)

grille_code grille_call_send(grille_call *call, const void *message) {
    return OP(call, send) != NULL ? call->ops->send(call, message) : GRILLE_FAILED_PRECONDITION;
}

grille_code grille_call_write(grille_call *call, const void *message) {
    return OP(call, write) != NULL ? call->ops->write(call, message) : GRILLE_FAILED_PRECONDITION;
}

grille_code grille_call_read(grille_call *call, const void **message) {
    *message = NULL;
    return OP(call, read) != NULL ? call->ops->read(call, message) : GRILLE_FAILED_PRECONDITION;
}

grille_code grille_call_half_close(grille_call *call) {
    return OP(call, half_close) != NULL ? call->ops->half_close(call) : GRILLE_FAILED_PRECONDITION;
}

grille_code grille_call_send_headers(grille_call *call) {
    return OP(call, send_headers) != NULL ? call->ops->send_headers(call) : GRILLE_FAILED_PRECONDITION;
}

void grille_call_pause(grille_call *call) {
    if (OP(call, pause) != NULL) call->ops->pause(call);
}

void grille_call_resume(grille_call *call) {
    if (OP(call, resume) != NULL) call->ops->resume(call);
}

grille_call *grille_call_ref(grille_call *call) {
    if (OP(call, ref) != NULL) call->ops->ref(call);
    return call;
}

void grille_call_unref(grille_call *call) {
    if (OP(call, unref) != NULL) call->ops->unref(call);
}

void grille_call_set_data(grille_call *call, void *data) {
    if (call != NULL) call->data = data;
}

void *grille_call_data(const grille_call *call) {
    return call != NULL ? call->data : NULL;
}
