"""Checks a proof of Cardea's audit, or a signed head, without Cardea: a second implementation for its tests.

Usage: verify_proof.py KEY_ID FILE...      a line for each: right, or wrong with the reason
Needs the standard library and `cryptography`. Formats: RFC 6962 (tree), RFC 8785 (canonical JSON), RFC 8037 (Ed25519).
"""
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    """RFC 8785 for objects, lists, texts, booleans, null and whole numbers, which are all that an entry has."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(one) for name, one in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(one) for one in value) + "]"
    if isinstance(value, float):
        raise ValueError("numbers with a fraction are not read by this program")
    return json.dumps(value, ensure_ascii=False)


def sha256(data):
    return hashlib.sha256(data).digest()


def split(size):
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def root_from_inclusion(leaf, index, size, path):
    """RFC 6962 section 2.1.1: the path goes from the leaf to the root."""
    if size == 1:
        if path or index != 0:
            raise ValueError("the path is too long, or the place is none of a leaf")
        return leaf
    if not path:
        raise ValueError("the path is too short")
    half = split(size)
    if index < half:
        return sha256(b"\x01" + root_from_inclusion(leaf, index, half, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] + root_from_inclusion(leaf, index - half, size - half, path[:-1]))


def roots_from_consistency(old_size, new_size, path, old_root, whole=True):
    """RFC 6962 section 2.1.2: both roots, the old and the new one."""
    if old_size == new_size:
        return (old_root, old_root, path) if whole else (path[0], path[0], path[1:])
    half = split(new_size)
    if old_size <= half:
        old, new, rest = roots_from_consistency(old_size, half, path, old_root, whole)
        return old, sha256(b"\x01" + new + rest[0]), rest[1:]
    old, new, rest = roots_from_consistency(old_size - half, new_size - half, path, old_root, False)
    return sha256(b"\x01" + rest[0] + old), sha256(b"\x01" + rest[0] + new), rest[1:]


def thumbprint(key):
    own = b64url(sha256(canonical({name: key[name] for name in ("crv", "kty", "x")}).encode()))
    if key["kid"] != own:
        raise ValueError("another id")
    return own


def assert_signed(value, signature, key):
    Ed25519PublicKey.from_public_bytes(b64(key["x"])).verify(b64(signature), canonical(value).encode())


def keys_of(proof, key_id):
    """Each key with the sizes of the trees that it has signed. Both keys sign that one replaces the other."""
    keys, start = [], 0
    if not isinstance(proof["successions"], list):
        raise ValueError("no list")
    for one in proof["successions"]:
        said = one["succession"]
        if said["type"] != "cardea-audit-succession" or said["tree_size"] < start:
            raise ValueError("no succession")
        if keys and thumbprint(said["previous_key"]) != thumbprint(following):
            raise ValueError("keys that do not follow from each other")
        assert_signed(said, one["signature"], said["previous_key"])
        assert_signed(said, one["own_signature"], said["key"])
        keys.append((said["previous_key"], start, said["tree_size"]))
        start, following = said["tree_size"], said["key"]
    if keys and thumbprint(following) != thumbprint(proof["key"]):
        raise ValueError("another newest key")
    keys.append((proof["key"], start, float("inf")))
    if key_id not in [thumbprint(key) for key, _, _ in keys]:
        raise ValueError("another key")
    return keys


def check_head(signed, keys):
    head = signed["head"]
    if head["type"] != "cardea-audit-head":
        raise ValueError("no head")
    for key, least, most in keys:
        if thumbprint(key) == head["key_id"] and least <= head["tree_size"] <= most:
            assert_signed(head, signed["signature"], key)
            return head
    raise ValueError("a key that has signed no such head")


def check(proof, key_id):
    if proof["version"] != 1 or proof["type"] not in ("cardea-audit-proof", "cardea-audit-consistency"):
        raise ValueError("no proof")
    path, keys = [b64(one) for one in proof["path"]], keys_of(proof, key_id)
    if proof["type"] == "cardea-audit-consistency":
        old, new = check_head(proof["from"], keys), check_head(proof["to"], keys)
        roots = roots_from_consistency(old["tree_size"], new["tree_size"], path, b64(old["root_hash"]))
        if roots[0] != b64(old["root_hash"]) or roots[1] != b64(new["root_hash"]) or roots[2]:
            raise ValueError("not a continuation")
        return
    head = check_head(proof, keys)
    leaf = sha256(b"\x00" + canonical(proof["event"]).encode())
    if root_from_inclusion(leaf, proof["leaf_index"], head["tree_size"], path) != b64(head["root_hash"]):
        raise ValueError("not in the log")


def verdict(name, key_id):
    try:
        with open(name, encoding="utf-8") as file:
            check(json.load(file), key_id)
        return "right"
    except (OSError, ValueError, KeyError, IndexError, TypeError, InvalidSignature) as error:
        return f"wrong: {error or type(error).__name__}"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    verdicts = [verdict(name, sys.argv[1]) for name in sys.argv[2:]]
    print("\n".join(verdicts))
    sys.exit(any(one != "right" for one in verdicts))
