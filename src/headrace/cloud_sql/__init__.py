"""Instances of Cloud SQL, reached by their names.

The name is looked up with Google's connector, which gives the instance's addresses and a
certificate for this service; the connection is made like any other, to an address that was judged.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

# Where an instance waits for those who show it a certificate, and where its database's protocol
# begins after that.
PORT = 3307


def installed() -> bool:
    """Whether Google's connector is there; it is not loaded for that."""
    try:
        distribution("cloud-sql-python-connector")
    except PackageNotFoundError:
        return False
    return True
