#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# insecure_test.sh INSECURE_AGENT ATTESTED_AGENT COMMAND: what skips TLS and gate is in the one program that is named so,
# in place of the real end of a channel and not beside it; and nothing that is not testonly can link it.
. tests/support/cases.sh

insecure=$1 attested=$2 command=$3
has() { [ "$(nm "$1" | grep -cE " [TtDdRr] $2\$")" -eq 1 ]; }

it_replaces_the_channel() {
    has "$insecure" bench_insecure_hello || complain "no bench_insecure_hello in $insecure" || return 1
    has "$insecure" grille_secure_feed || complain "no grille_secure_feed in $insecure" || return 1
    ! has "$insecure" grille_gate_init || complain "the gate is in $insecure"
}

is_secure() {
    has "$1" main || complain "$1 has no symbols to look at" || return 1
    expect_same "symbols of bench/insecure in $1" "$(nm "$1" | grep -c bench_insecure)" 0
}

the_channel_is_in_the_other() { has "$attested" grille_gate_init || complain "no gate in $attested"; }

what_is_shipped_cannot_depend_on_it() {
    grep -q '^package(default_testonly = True)$' bench/insecure/BUILD || complain "bench/insecure is not testonly" || return 1
    ! grep -qE 'testonly *= *(False|0)|visibility:public' bench/insecure/BUILD || complain "bench/insecure makes exceptions" || return 1
    ! grep -E '^ *"//' bench/insecure/BUILD | grep -E '__subpackages__|__pkg__' | grep -vE '"//(bench|tests/unit/bench):' ||
        complain "others than bench/ and its tests see it"
}

check "the insecure end replaces the channel" it_replaces_the_channel
check "the row rpc-attested has none of it" is_secure "$attested"
check "the row rpc-attested has the gate" the_channel_is_in_the_other
check "the command has none of it" is_secure "$command"
check "what is shipped cannot depend on it" what_is_shipped_cannot_depend_on_it
finish
