"""What is told of an unsigned artifact, told of its signed copy: all that went in is the same, and so is the form.

The signature is a function of artifact and key, so the certificate is named as what the signer chose; no key is.
"""

import json
from typing import Any

from builder.plan import json_of
from builder.provenance.sbom import finished
from builder.provenance.statement import Subject


def statement(found: bytes, unsigned: Subject, signed: Subject, certificate: str) -> bytes | None:
    """The provenance of the signed copy; None where `found` is not that of the unsigned artifact.

    `certificate` is its sha256 (hex).
    """
    told = _read(found)
    try:
        if [subject["digest"] for subject in told["subject"]] != [unsigned.digests()]:
            return None
        built = told["predicate"]["buildDefinition"]
        built["externalParameters"] |= {"certificate": {"sha256": certificate}}
        built["resolvedDependencies"].insert(0, {"name": unsigned.name, "digest": unsigned.digests()})
    except (KeyError, TypeError, AttributeError):
        return None
    return json_of(told | {"subject": [{"name": signed.name, "digest": signed.digests()}]})


def materials(found: bytes, unsigned: Subject, signed: Subject) -> bytes | None:
    """The bill of materials of the signed copy; None where `found` is not that of the unsigned artifact."""
    listed = _read(found)
    try:
        if [row["content"] for row in listed["metadata"]["component"]["hashes"]] != [unsigned.digest]:
            return None
        return finished({name: listed[name] for name in listed if name != "serialNumber"}, signed)
    except (KeyError, TypeError):
        return None


def _read(found: bytes) -> Any:
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return None
