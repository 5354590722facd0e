#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: grille attest judges documents as the verifier does, says so in exactly the promised JSON and exit status, and
shows what hostile files hold without being hurt by them. Real documents are those of GRILLE_TESTDATA, where it is set."""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

GRILLE = "tools/grille/grille"
SYNTHETIC = Path("tests/attest/synthetic")
ROOT = str(SYNTHETIC / "test_root.der")
AT_MS = 1767268800000
# The clock at which a document is wrong, where it is not that of all.
OTHER_AT_MS = {"bad_not_yet.cose": 1767261600000}
KEYS = ["verdict", "failed", "module_id", "timestamp_ms", "pcrs", "debug"]

failures = 0


def case(function):
    global failures
    name = function.__name__.replace("_", " ")
    print("[ RUN      ] " + name, flush=True)
    try:
        function()
        print("[       OK ] " + name, flush=True)
    except AssertionError as error:
        failures += 1
        print("  %s\n[  FAILED  ] %s" % (error, name), flush=True)


def run(*arguments, stdin=b""):
    done = subprocess.run([GRILLE, "attest", *map(str, arguments)], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=20)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def same(observed, expected, what):
    assert observed == expected, "%s: observed %r, expected %r" % (what, observed, expected)


def verify(*arguments, status, stdin=b""):
    """Runs verify --json; the one line as a dictionary."""
    got, out, err = run("verify", "--json", *arguments, stdin=stdin)
    same(got, status, "status of %s, which says %s" % (arguments, err))
    assert out.endswith("}\n") and out.count("\n") == 1, "not one line: %r" % out
    assert ": " not in re.sub(r'"[^"]*"', '""', out), "blanks between values: %r" % out
    answer = json.loads(out)
    same(list(answer), KEYS, "keys")
    same(answer["verdict"], "accept" if status == 0 else "reject", "verdict")
    same(bool(answer["failed"]), status != 0, "whether something failed")
    return answer


def synthetic(name, *more, status):
    return verify("--root", ROOT, "--at", OTHER_AT_MS.get(name, AT_MS), *more, SYNTHETIC / name, status=status)


def policy(folder, text):
    path = Path(folder) / "policy.yaml"
    path.write_text(text)
    return path


def synthetic_documents():
    names = sorted(path.name for path in SYNTHETIC.glob("*.cose"))
    assert len(names) > 30, names
    for name in names:
        accepted = name.startswith("ok_") or name == "pol_userdata_600.cose"
        answer = synthetic(name, status=0 if accepted else 4)
        for failed in answer["failed"]:
            assert re.fullmatch(r"ATTEST(-[A-Z0-9]+)+", failed), failed
        same(len(answer["failed"]), 0 if accepted else 1, name)


def values_of_an_accepted_one():
    answer = synthetic("ok_untagged.cose", status=0)
    same(answer["module_id"], "i-0123456789abcdef0-enc0123456789abcdef", "module id")
    same(answer["timestamp_ms"], AT_MS, "time")
    same(list(answer["pcrs"]), [str(index) for index in range(16)], "PCRs")
    same({len(pcr) for pcr in answer["pcrs"].values()}, {96}, "digits")
    same(answer["debug"], False, "debug")


def what_cannot_be_read_has_no_values():
    answer = synthetic("bad_truncated.cose", status=4)
    same([answer[key] for key in KEYS[2:]], [None] * 4, "values")


def a_rejected_one_has_what_it_says():
    answer = synthetic("bad_sig_flip.cose", status=4)
    same(answer["failed"], ["ATTEST-COSE-SIGNATURE"], "failed")
    same(answer["timestamp_ms"], AT_MS, "time")


def debug_needs_its_option():
    answer = synthetic("pol_debug.cose", status=4)
    same((answer["failed"], answer["debug"]), (["ATTEST-DEBUG"], True), "without")
    same(synthetic("pol_debug.cose", "--insecure-allow-debug", status=0)["debug"], True, "with")


def times_are_rfc_3339_or_milliseconds():
    document = SYNTHETIC / "ok_untagged.cose"
    for at in ["2026-01-01T12:00:00Z", "2026-01-01T14:00:00+02:00", "2026-01-01T12:00:00.000z", str(AT_MS)]:
        verify("--root", ROOT, "--at", at, document, status=0)
    same(verify("--root", ROOT, "--at", "2026-01-02T12:00:00Z", document, status=4)["failed"], ["ATTEST-CERT-EXPIRED"],
         "a day later")
    for at in ["", "now", "2026-01-01", "2026-01-01 12:00:00Z", "2026-02-30T12:00:00Z", "-1", "1e12",
               "99999999999999999999", "253402300800000"]:
        status, out, err = run("verify", "--at=" + at, document)
        same((status, out, "usage:" in err), (2, "", True), at)
    assert "1970s" in run("verify", "--at", "1767268800", document)[2]


def without_a_time_it_is_now():
    same(verify("--root", ROOT, SYNTHETIC / "ok_untagged.cose", status=4)["failed"], ["ATTEST-CERT-EXPIRED"], "now")


def the_default_root_is_that_of_aws():
    answer = verify("--at", AT_MS, SYNTHETIC / "ok_untagged.cose", status=4)
    same(answer["failed"], ["ATTEST-ROOT-MISMATCH"], "failed")


def roots_are_pem_or_der():
    with tempfile.TemporaryDirectory() as folder:
        pem = pem_of(Path(ROOT).read_bytes(), Path(folder) / "root.pem")
        block = pem.read_text()
        verify("--root", pem, "--at", AT_MS, SYNTHETIC / "ok_untagged.cose", status=0)
        bad = {"two": block * 2, "none": "", "text": "root", "cut": block[:200]}
        for name, content in bad.items():
            pem.write_text(content)
            status, out, err = run("verify", "--root", pem, SYNTHETIC / "ok_untagged.cose")
            same((status, out, "is not one certificate" in err), (2, "", True), name)
        pem.write_bytes(bytes(100000))
        same(run("verify", "--root", pem, SYNTHETIC / "ok_untagged.cose")[0], 2, "a long file")


def nonces_are_compared():
    same(synthetic("ok_untagged.cose", "--nonce", "6e" * 32, status=0)["failed"], [], "the same")
    same(synthetic("ok_untagged.cose", "--nonce", "6e" * 31, status=4)["failed"], ["ATTEST-NONCE-MISMATCH"], "cut")
    for nonce in ["6", "xx", "00" * 1025, ""]:
        status, _, err = run("verify", "--nonce=" + nonce, SYNTHETIC / "ok_untagged.cose")
        same((status, "usage:" in err), (2, True), nonce)


def a_policy_compares_measurements():
    pcr0 = synthetic("ok_untagged.cose", status=0)["pcrs"]["0"]
    with tempfile.TemporaryDirectory() as folder:
        text = "peers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n"
        good = policy(folder, text % pcr0)
        answer = synthetic("ok_untagged.cose", "--policy", good, status=0)
        same(answer["failed"], [], "the same build")
        assert "e" in run("verify", "--root", ROOT, "--at", AT_MS, "--policy", good, SYNTHETIC / "ok_untagged.cose")[1]
        other = policy(folder, text % ("12" * 48))
        same(synthetic("ok_untagged.cose", "--policy", other, status=4)["failed"], ["ATTEST-PCR-MISMATCH"], "another")
        status, out, err = run("verify", "--root", ROOT, "--at", AT_MS, "--policy", other, SYNTHETIC / "ok_untagged.cose")
        same(status, 4, "status")
        for part in ["REJECT", "ATTEST-PCR-MISMATCH", "observed " + pcr0, "expected " + "12" * 48, "\nlikely ",
                     "\nnext         ", "grille policy add", "NOT VERIFIED"]:
            assert part in out, "%r lacks %r" % (out, part)
        rooted = policy(folder, "insecure_development_root: %s\n" % Path(ROOT).absolute().with_suffix(".pem") + text % pcr0)
        same(run("verify", "--policy", rooted, SYNTHETIC / "ok_untagged.cose")[0], 2, "a root that is not there")


def pem_of(der, path):
    text = base64.b64encode(der).decode()
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    path.write_text("\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]))
    return path


def a_root_stands_in_the_policy_or_beside_it():
    answer = synthetic("ok_untagged.cose", status=0)
    with tempfile.TemporaryDirectory() as folder:
        root = pem_of(Path(ROOT).read_bytes(), Path(folder) / "root.pem")
        rooted = policy(folder, "insecure_development_root: root.pem\npeers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n"
                        % answer["pcrs"]["0"])
        document = SYNTHETIC / "ok_untagged.cose"
        same(verify("--at", AT_MS, "--policy", rooted, document, status=0), answer, "in it")
        same(verify("--at", AT_MS, "--policy", rooted, "--root", root, document, status=0), answer, "in both")
        subprocess.run([GRILLE, "sim", "init", folder + "/nsm"], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        status, out, err = run("verify", "--at", AT_MS, "--policy", rooted, "--root", folder + "/nsm/insecure-root.pem",
                               document)
        same((status, out, "another insecure_development_root" in err), (2, "", True), "two of them")


def live_documents_are_judged_now():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        subprocess.run([GRILLE, "sim", "init", folder + "/nsm"], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        made = subprocess.run(["tests/tools/load", "document", folder + "/nsm", "a nonce"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
        root = ["--root", folder + "/nsm/insecure-root.pem"]
        answer = verify(*root, "-", stdin=made, status=0)
        same(answer["debug"], False, "debug")
        same(verify(*root, "--nonce", b"a nonce".hex(), "-", stdin=made, status=0), answer, "with its nonce")
        same(verify(*root, "--nonce", b"b nonce".hex(), "-", stdin=made, status=4)["failed"], ["ATTEST-NONCE-MISMATCH"],
             "with another nonce")
        same(verify(*root, "--at", answer["timestamp_ms"], "-", stdin=made, status=0), answer, "as a stored one")
        same(verify("-", stdin=made, status=4)["failed"], ["ATTEST-ROOT-MISMATCH"], "for AWS")
        text = "insecure_development_root: nsm/insecure-root.pem\npeers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n"
        good = policy(folder, text % answer["pcrs"]["0"])
        same(verify("--policy", good, "-", stdin=made, status=0), answer, "by a policy")
        status, out, _ = run("verify", "--policy", good, "-", stdin=made)
        same((status, "set          e" in out, "the policy's insecure_development_root" in out), (0, True, True), "text")
        same(verify("--policy", policy(folder, "max_age: 1ms\n" + text % answer["pcrs"]["0"]), "-", stdin=made,
                    status=4)["failed"], ["ATTEST-DOCUMENT-STALE"], "too old for its policy")


def a_policy_that_cannot_be_read_is_no_verdict():
    with tempfile.TemporaryDirectory() as folder:
        bad = policy(folder, "peers:\n  - name: e\n    knd: nitro\n")
        for path, said in [(bad, "policy.yaml:2:5: "), (Path(folder) / "none", "No such file"), (folder, "regular file")]:
            status, out, err = run("verify", "--json", "--policy", path, SYNTHETIC / "ok_untagged.cose")
            same((status, out), (2, ""), path)
            assert said in err, err
        good = policy(folder, "peers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n" % ("12" * 48))
        status, _, err = run("verify", "--policy", good, "--insecure-allow-debug", SYNTHETIC / "pol_debug.cose")
        same((status, "usage:" in err), (2, True), "debug beside a policy")


def it_says_what_was_not_checked():
    _, out, err = run("verify", "--root", ROOT, "--at", AT_MS, SYNTHETIC / "ok_untagged.cose")
    assert "no measurement is compared" in err and "INSECURE" in out and "was not compared" in out, out + err


def documents_come_as_bytes_or_base64():
    raw = (SYNTHETIC / "ok_untagged.cose").read_bytes()
    text = base64.b64encode(raw)
    forms = [raw, text, text + b"\n", base64.encodebytes(raw), base64.encodebytes(raw).replace(b"\n", b"\r\n"),
             base64.urlsafe_b64encode(raw).rstrip(b"="), b"\n  " + text]
    for form in forms:
        verify("--root", ROOT, "--at", AT_MS, "-", status=0, stdin=form)
    for form in [text[:-6], text + b"!", text.replace(b"A", b"A=", 1), raw + b"\n"]:
        verify("--root", ROOT, "--at", AT_MS, "-", status=4, stdin=form)


def hostile_files_are_refused_by_their_length():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "huge"
        with open(path, "wb") as file:
            file.truncate(1 << 40)
        same(verify(path, status=4)["failed"], ["ATTEST-SIZE"], "a tebibyte")
    same(verify("/dev/zero", status=4)["failed"], ["ATTEST-SIZE"], "without end")
    same(verify("-", status=4)["failed"], ["ATTEST-SIZE"], "empty")
    same(verify("-", stdin=bytes(16385), status=4)["failed"], ["ATTEST-SIZE"], "one too many")
    for verb in ["verify", "show"]:
        for path in ["/", "/no/such/file", "/dev"]:
            status, out, err = run(verb, path)
            same((status, out, "usage:" in err), (2, "", True), path)
    same(run("show", "/dev/zero")[0], 4, "show without end")


def wrong_words():
    for line in [[], ["verfy", "x"], ["verify"], ["verify", "a", "b"], ["verify", "--jsn", "a"], ["verify", "--json"],
                 ["verify", "--json", "--json", "a"], ["verify", "--at"], ["verify", "--at", "1", "--at", "2", "a"],
                 ["verify", "--json=yes", "a"], ["verify", ""], ["show"], ["show", "a", "b"], ["show", "--at", "1", "a"],
                 ["verify", "--kind", "other", SYNTHETIC / "ok_untagged.cose"]]:
        status, out, err = run(*line)
        same((status, out, "usage:" in err), (2, "", True), line)
    assert "the nearest is --json" in run("verify", "--jsn", "a")[2]
    assert "the nearest is verify" in run("verfy", "a")[2]
    for line in [["--help"], ["help"], ["verify", "--help"], ["show", "x", "--help"]]:
        status, out, err = run(*line)
        same((status, err, "usage:" in out), (0, "", True), line)
    same(run("verify", "--", "--json")[0], 2, "a file whose name begins with dashes")


def kinds_are_never_mixed():
    same(synthetic("bad_tpm_key.cose", status=4)["failed"], ["ATTEST-DOCUMENT-NITROTPM"], "a NitroTPM's")
    answer = synthetic("ok_untagged.cose", "--kind", "nitrotpm", status=4)
    assert answer["failed"][0].startswith("ATTEST-DOCUMENT-"), answer
    synthetic("ok_untagged.cose", "--kind", "enclave", status=0)
    status, _, err = run("verify", "--kind", "nitrotpm", "--policy", "x", SYNTHETIC / "ok_untagged.cose")
    same((status, "usage:" in err), (2, True), "beside a policy")


def show_says_everything_and_verifies_nothing():
    status, out, _ = run("show", SYNTHETIC / "ok_indef_map.cose")
    same(status, 0, "status")
    for part in ["NOT VERIFIED", "i-0123456789abcdef0-enc0123456789abcdef", "2026-01-01T12:00:00Z (1767268800000 ms)",
                 "debug        no", "image", "id of the parent instance", "PCR5-15      all zero", "indefinite map",
                 "root ", "regional ", "zonal ", "instance ", "leaf ", "2026-01-01T14:30:00Z"]:
        assert part in out, "%r lacks %r" % (out, part)
    assert "YES" in run("show", SYNTHETIC / "pol_debug.cose")[1]
    answer = json.loads(run("show", "--json", SYNTHETIC / "ok_untagged.cose")[1])
    same((answer["verified"], answer["kind"], answer["payload_map"], answer["problem"]),
         (False, "enclave", "definite", None), "answer")
    same(len(answer["certificates"]), 5, "certificates")


def show_takes_what_the_verifier_refuses():
    shown = {"bad_sig_flip.cose": None, "bad_expired_reg.cose": None, "bad_module_empty.cose": "ATTEST-DOCUMENT-FIELD",
             "bad_ts_text.cose": "ATTEST-DOCUMENT-FIELD", "bad_digest_sha256.cose": "ATTEST-DOCUMENT-DIGEST",
             "bad_tpm_key.cose": "ATTEST-DOCUMENT-NITROTPM", "bad_nesting.cose": "ATTEST-CBOR-DEPTH",
             "bad_dup_pcr.cose": "ATTEST-CBOR-DUPLICATE-KEY", "bad_cabundle_trailing.cose": None}
    for name, problem in shown.items():
        status, out, err = run("show", "--json", SYNTHETIC / name)
        same((status, err), (0, ""), name)
        same(json.loads(out)["problem"], problem, name)
        status, out, _ = run("show", SYNTHETIC / name)
        same(status, 0, name)
        assert problem is None or problem in out, out
    same(json.loads(run("show", "--json", SYNTHETIC / "bad_tpm_key.cose")[1])["kind"], "nitrotpm", "kind")
    for name in ["bad_detached.cose", "bad_tag17.cose", "bad_truncated.cose"]:
        status, out, err = run("show", SYNTHETIC / name)
        assert (status == 4 and "ATTEST-" in err) or "ATTEST-" in out, name


def real_documents():
    folder = os.environ.get("GRILLE_TESTDATA")
    rows = json.loads((Path(folder) / "attestation/real.json").read_text()) if folder else []
    for row in rows:
        path = Path(folder) / "attestation" / row["file"]
        at = ["--at", row["timestamp_ms"]]
        genuine = row["cose_signature_valid"] and row["chain_valid_to_root_g1"]
        answer = verify(*at, "--insecure-allow-debug", path, status=0 if genuine else 4)
        same(answer["module_id"], row["module_id"], row["file"])
        same(answer["timestamp_ms"], row["timestamp_ms"], row["file"])
        same(answer["debug"], row["debug_mode"], row["file"])
        same(len(answer["pcrs"]), row["n_pcrs"], row["file"])
        set_ones = {index: pcr for index, pcr in answer["pcrs"].items() if pcr.strip("0")}
        same(set_ones, row["pcrs"], row["file"])
        if not genuine:
            same(answer["failed"], ["ATTEST-COSE-SIGNATURE"], row["file"])
        elif row["debug_mode"]:
            same(verify(*at, path, status=4)["failed"], ["ATTEST-DEBUG"], row["file"])
        else:
            root = Path(folder) / "attestation/root" / ("AWS_NitroEnclaves_Root-G1." + ("pem" if len(row["repo"]) % 2 else "der"))
            same(verify(*at, "--root", root, path, status=0), answer, row["file"])
        same(verify(path, status=4)["failed"], ["ATTEST-CERT-EXPIRED"], row["file"])
        shown = json.loads(run("show", "--json", path)[1])
        same((shown["pcrs"], shown["debug"], shown["payload_map"]), (answer["pcrs"], row["debug_mode"], row["payload_map"]),
             row["file"])
        for field in ["public_key", "user_data", "nonce"]:
            same(len(shown[field] or "") // 2, row[field] or 0, row["file"])
    print("  real documents: %d" % len(rows))


for function in [synthetic_documents, values_of_an_accepted_one, what_cannot_be_read_has_no_values,
                 a_rejected_one_has_what_it_says, debug_needs_its_option, times_are_rfc_3339_or_milliseconds,
                 without_a_time_it_is_now, the_default_root_is_that_of_aws, roots_are_pem_or_der, nonces_are_compared,
                 a_policy_compares_measurements, a_root_stands_in_the_policy_or_beside_it,
                 live_documents_are_judged_now, a_policy_that_cannot_be_read_is_no_verdict,
                 it_says_what_was_not_checked, kinds_are_never_mixed, documents_come_as_bytes_or_base64,
                 hostile_files_are_refused_by_their_length, wrong_words, show_says_everything_and_verifies_nothing,
                 show_takes_what_the_verifier_refuses, real_documents]:
    case(function)
sys.exit(failures != 0)
