"""Signed APKs against Android's own tools: apksigner and zipalign of Debian, and key stores that keytool makes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .worlds import BUILDER

pytestmark = pytest.mark.real

PASSWORDS = {"FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD": "store-pw", "FLET_ANDROID_SIGNING_KEY_PASSWORD": "key-pw"}
CONTENTS = {
    "assets/web/app.tar.gz": bytes(range(256)) * 20000,
    "assets/web/Käse.png": b"\x89PNG",
    "classes.dex": b"dex\n035",
    "lib/arm64-v8a/libx.so": b"\x7fELF",
    "resources.arsc": b"\2\0",
}
KINDS = {
    "rsa-2048": ("-keyalg", "RSA", "-keysize", "2048"),
    "rsa-4096": ("-keyalg", "RSA", "-keysize", "4096"),
    "p-256": ("-keyalg", "EC", "-groupname", "secp256r1"),
    "p-384": ("-keyalg", "EC", "-groupname", "secp384r1"),
    "p-521": ("-keyalg", "EC", "-groupname", "secp521r1"),
}

Make = Callable[..., Path]


def run(*command: str | Path, **environ: str) -> str:
    """What a program that must succeed wrote on stdout."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=environ or None)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def keytool(tool: Callable[[str], str], tmp_path: Path) -> Make:
    """Makes a key store of a kind of key and of store."""
    program = tool("keytool")

    def make(kind: str, store: str = "PKCS12", password: str = "store-pw") -> Path:
        path = tmp_path / f"{kind}.{store}.jks"
        passwords = ("-storepass", "store-pw", "-keypass", password)
        what = ("-alias", "upload", *KINDS[kind], "-validity", "9999", "-dname", "CN=Me, O=Käse")
        run(program, "-genkeypair", "-keystore", path, "-storetype", store, *passwords, *what)
        return path

    return make


@pytest.fixture
def apksigner(tool: Callable[[str], str]) -> Callable[..., str]:
    """Runs apksigner for an app of Android 7 and later."""
    program = tool("apksigner")
    return lambda verb, *rest: run(program, verb, "--min-sdk-version", "24", *rest)


@pytest.mark.parametrize("kind", KINDS)
def test_apksigner_verifies_and_rsa_is_its_own_bytes(
    kind: str, keytool: Make, apksigner: Callable[..., str], unsigned_apk: Make, tmp_path: Path
) -> None:
    """Without a warning; with EC keys apksigner draws lots, and its signature can be copied all the same."""
    keys, unsigned = keytool(kind), unsigned_apk(files=CONTENTS)
    store = {"BUILDER_HOME": str(tmp_path / "store"), **PASSWORDS, "FLET_ANDROID_SIGNING_KEY_PASSWORD": ""}
    ours = run(BUILDER, "sign", unsigned, "--key-store", keys, **store).strip()
    said = apksigner("verify", "--verbose", "--print-certs", "-Werr", ours)
    for scheme in ("v2 scheme (APK Signature Scheme v2): true", "v3 scheme (APK Signature Scheme v3): true"):
        assert f"Verified using {scheme}" in said
    theirs = tmp_path / "theirs.apk"
    secret = ("--ks", keys, "--ks-pass", "pass:store-pw", "--v1-signing-enabled", "false")
    apksigner("sign", *secret, "--v4-signing-enabled", "false", "--out", theirs, unsigned)
    if kind.startswith("rsa"):
        assert Path(ours).read_bytes() == theirs.read_bytes()
    copy = tmp_path / "copy.apk"
    run(BUILDER, "sign", unsigned, "--copy-from", theirs, "--out", copy, **store)
    assert copy.read_bytes() == theirs.read_bytes()


def test_old_java_key_store_and_debug_key_verify(
    keytool: Make, apksigner: Callable[..., str], unsigned_apk: Make, tmp_path: Path
) -> None:
    """JKS with a password of the key's own; PEM as builder makes it."""
    environ = {"BUILDER_HOME": str(tmp_path / "store"), **PASSWORDS}
    unsigned = unsigned_apk(files=CONTENTS)
    for options in (("--key-store", keytool("rsa-2048", "JKS", "key-pw")), ("--debug",)):
        signed = run(BUILDER, "sign", unsigned, *options, **environ).strip()
        assert "Verifies" in apksigner("verify", "--verbose", "-Werr", signed)


def test_zipalign_finds_nothing_to_align(tool: Callable[[str], str], unsigned_apk: Make, tmp_path: Path) -> None:
    """Neither before nor after signing, with libraries on pages."""
    unsigned = unsigned_apk(files=CONTENTS)
    signed = run(BUILDER, "sign", unsigned, "--debug", BUILDER_HOME=str(tmp_path / "store")).strip()
    for file in (unsigned, signed):
        assert run(tool("zipalign"), "-c", "-p", "4", file) == ""
