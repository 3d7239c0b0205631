"""Ansible Vault: decrypting what ``ansible-vault`` has encrypted, without Ansible.

The format (ansible-core's documentation, "Format of files encrypted with Ansible Vault"): a header
``$ANSIBLE_VAULT;VERSION;AES256[;ID]``, then the hexadecimal digits of three hexadecimal numbers, a line each: salt, HMAC and
ciphertext. PBKDF2-HMAC-SHA256 with 10000 rounds makes of password and salt an AES key, an HMAC key and an IV; the text is
AES-256 in counter mode, padded as PKCS 7 says.
"""

from __future__ import annotations

import binascii
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from podstead.document.values import Origin
from podstead.document.yaml_document import read_text
from podstead.errors import InputError

HEADER: Final = "$ANSIBLE_VAULT;"
_ROUNDS: Final = 10_000
_IS_ENCRYPTED: Final = "is encrypted with Ansible Vault"
_HINT: Final = "give its password with --vault-password-file FILE, --vault-id ID@FILE or --ask-vault-pass"
_PROGRAM_SECONDS: Final = 60


def is_encrypted(text: str) -> bool:
    """Whether a whole file is encrypted."""
    return text.startswith(HEADER)


@dataclass(slots=True)
class Vault:
    """The passwords of a run, each with its vault ID (``default`` where none was given)."""

    passwords: Sequence[tuple[str, SecretStr]] = ()
    _decrypted: dict[str, str] = field(default_factory=dict)

    def open(self, ciphertext: str, origin: Origin, key: str = "") -> str:
        """Return the text. Raises InputError: no password, a wrong one, or not Ansible Vault's format."""
        if ciphertext not in self._decrypted:
            try:
                self._decrypted[ciphertext] = self._open(ciphertext)
            except ValueError as error:
                raise InputError.single(str(error), where=origin.where, key=key) from None
        return self._decrypted[ciphertext]

    def _open(self, ciphertext: str) -> str:
        header, _, body = ciphertext.strip().partition("\n")
        fields = header.strip().split(";")
        if len(fields) not in (3, 4) or fields[1] not in ("1.1", "1.2") or fields[2] != "AES256":
            raise ValueError(f"is not Ansible Vault's format 1.1 or 1.2 with AES256 (header {header[:40]!r})")
        try:
            salt, mac, text = (
                binascii.unhexlify(part) for part in binascii.unhexlify("".join(body.split())).split(b"\n", 2)
            )
        except ValueError:
            raise ValueError(
                "is truncated or altered: what follows the header is not in Ansible Vault's format"
            ) from None
        if not self.passwords:
            raise ValueError(f"{_IS_ENCRYPTED}: {_HINT}")
        wanted = fields[3] if len(fields) == 4 else ""
        for _, password in sorted(self.passwords, key=lambda entry: entry[0] != wanted):
            plaintext = _decrypt(password.get_secret_value().encode(), salt, mac, text)
            if plaintext is not None:
                return plaintext
        tried = ", ".join(dict.fromkeys(name for name, _ in self.passwords))
        named = f" (its vault ID is {wanted[:40]!r})" if wanted else ""
        raise ValueError(f"{_IS_ENCRYPTED}{named}, and none of the given passwords opens it (tried: {tried})")


def _decrypt(password: bytes, salt: bytes, mac: bytes, text: bytes) -> str | None:
    # imported late: cryptography costs time that an inventory without secrets must not pay
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, padding  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415
    from cryptography.hazmat.primitives.hmac import HMAC  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC  # noqa: PLC0415

    keys = PBKDF2HMAC(hashes.SHA256(), length=80, salt=salt, iterations=_ROUNDS).derive(password)
    signature = HMAC(keys[32:64], hashes.SHA256())
    signature.update(text)
    try:
        signature.verify(mac)
    except InvalidSignature:
        return None
    opener = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[64:])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    padded = opener.update(text) + opener.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def _cannot_ask(_prompt: str) -> SecretStr:
    raise InputError.single("cannot ask for a vault password here")


def passwords(
    files: Sequence[str],
    vault_ids: Sequence[str] = (),
    *,
    ask: bool = False,
    prompt: Callable[[str], SecretStr] = _cannot_ask,
    option: str = "--vault-password-file",
) -> tuple[tuple[str, SecretStr], ...]:
    """Collect passwords: from files (or programs that print them), from ``ID@FILE``, ``ID@prompt``, and by asking.

    Raises InputError for a file that cannot be read, is empty, or is a program that fails; ``option`` is what named the files.
    """
    found = [("default", _named_by(option, file, "")) for file in files]
    for vault_id in vault_ids:
        label, at, source = vault_id.rpartition("@")
        label = label or "default"
        prompted = source == "prompt" and at
        found.append(
            (
                label,
                prompt(f"Vault password ({label}): ") if prompted else _named_by("--vault-id", source, label),
            )
        )
    if ask:
        found.append(("default", prompt("Vault password: ")))
    return tuple(found)


def _named_by(option: str, name: str, label: str) -> SecretStr:
    """Read a password; what is wrong is said with the option before the file."""
    try:
        return _from_file(name, label)
    except InputError as error:
        raise InputError(
            replace(problem, where=f"{option}: {problem.where}") for problem in error.problems
        ) from error


def _from_file(name: str, label: str) -> SecretStr:
    # Path's own raise for a user that there is not, and in a folder that may not be searched
    path = Path(os.path.expanduser(name))  # noqa: PTH111
    is_program = os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113
    text = _from_program(path, label) if is_program else read_text(path)
    if not text.strip():
        raise InputError.single("contains no vault password", where=name)
    return SecretStr(text.strip("\r\n ").strip())


def _from_program(path: Path, label: str) -> str:
    """A password file that can be run is run; one called NAME-client is told which password is wanted, as in Ansible."""
    arguments = ["--vault-id", label] if label and path.stem.endswith("-client") else []
    try:
        done = subprocess.run(
            [path.resolve(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or f"did not finish within {_PROGRAM_SECONDS} s"
        raise InputError.single(f"cannot be run for the vault password: {reason}", where=str(path)) from error
    if done.returncode:
        raise InputError.single(
            f"exited with code {done.returncode} instead of printing a password", where=str(path)
        )
    return done.stdout.decode(errors="replace")
