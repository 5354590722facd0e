/* SPDX-License-Identifier: Apache-2.0
 * USDT probes (docs/observability.md): places where bpftrace, perf, SystemTap or gdb may look. Off, each is one nop; a
 * note in the section .note.stapsdt says where it is and in which registers its arguments stand. Arguments are numbers
 * that are at hand anyway: no payload, no metadata, no key, no pointer. */
#ifndef GRILLE_BASE_PROBE_H
#define GRILLE_BASE_PROBE_H

#include <sys/sdt.h>

/* Which end of a call. */
enum { GRILLE_PROBE_CALLER = 0, GRILLE_PROBE_HANDLER = 1 };

/* side, method id */
#define GRILLE_PROBE_CALL_START(side, method_id) DTRACE_PROBE2(grille, call_start, side, method_id)
/* side, method id, status code, microseconds */
#define GRILLE_PROBE_CALL_END(side, method_id, code, latency_us)                                                       \
    DTRACE_PROBE4(grille, call_end, side, method_id, code, latency_us)
/* frame type, stream id, payload bytes (docs/protocol.md) */
#define GRILLE_PROBE_FRAME_IN(type, stream, length)  DTRACE_PROBE3(grille, frame_in, type, stream, length)
#define GRILLE_PROBE_FRAME_OUT(type, stream, length) DTRACE_PROBE3(grille, frame_out, type, stream, length)
/* 1 accepted or 0 rejected, grille_reason of the rejection (0: none) */
#define GRILLE_PROBE_VERDICT(accepted, reason) DTRACE_PROBE2(grille, verdict, accepted, reason)

#endif
