"""True, False and None, recognised by the hash of their pickle, so that no byte of user data is unpickled for them."""

_BY_SHA: dict[str, bool | None] = {
    "868436778cb011a1c6230bc12534683ab0b7f1c3": True,  # pickle protocol 4
    "69e77141c3eb7a8c9ce864251d70c02723f29332": True,  # pickle protocol 2
    "2473d4676d5b2aba674167293142f8031ada401b": False,
    "caa40ab420354941d2127f64360105b8548b8802": False,
    "dbc1aaddc8b7343d6d33b34edcf608b8f8801918": None,
    "f3627f46179fdd95bf0e83101840fd1d71b60e40": None,
}


VALUE_BY_HASH = frozenset(_BY_SHA)
"""The hashes that :func:`known_bool` knows; a rarer pickle protocol makes others."""


def is_none(sha: str) -> bool:
    """Tell whether this is the hash of the pickle of None."""
    return sha in _BY_SHA and _BY_SHA[sha] is None


def known_bool(sha: str) -> bool | None:
    """Return the value whose pickle has this hash; None also for any other hash."""
    return _BY_SHA.get(sha)
