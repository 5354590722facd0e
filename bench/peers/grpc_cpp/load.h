/* SPDX-License-Identifier: Apache-2.0
 * The load: one thread and one completion queue (open-loop: one more thread that keeps the time). Each returns when the
 * measured part is over and nothing is under way any more. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_LOAD_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_LOAD_H

#include "channel.h"
#include "recorder.h"
#include "spec.h"

void load_unary(const Spec &spec, const Dialer &dialer, Recorder *recorder); // ping-pong, in-flight, bulk
void load_open_loop(const Spec &spec, const Dialer &dialer, Recorder *recorder);
void load_connect(const Spec &spec, const Dialer &dialer, Recorder *recorder);
void load_idle(const Spec &spec, const Dialer &dialer, Recorder *recorder);
void load_streams(const Spec &spec, const Dialer &dialer, Recorder *recorder); // stream-up, stream-down, stream-both

#endif
