"""Bring the page's libraries anew: `python web/vendor.py`, which needs npm.

The page has no build step, so what it imports lies in vendor/ as browsers take it: ES modules
whose bare imports are rewritten (an import map would be an inline script, which the policy of
the page refuses). Nothing else is changed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

WEB = Path(__file__).parent
VENDOR = WEB / "vendor"
PINS = WEB / "vendor.toml"
SUMS = VENDOR / "SHA256SUMS"


def main() -> None:
    pins = tomllib.loads(PINS.read_text(encoding="utf-8"))
    VENDOR.mkdir(exist_ok=True)
    for old in VENDOR.iterdir():
        old.unlink()
    for package in pins["package"]:
        for name, content in _files(package).items():
            text = content.decode("utf-8")
            (VENDOR / name).write_text(
                _for_browsers(text, pins["imports"]) if name.endswith(".js") else text,
                encoding="utf-8",
            )
    SUMS.write_text(sums(), encoding="utf-8")


def sums() -> str:
    """The digests of the files that are there, as `sha256sum` writes them."""
    files = sorted(path for path in VENDOR.iterdir() if path != SUMS)
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)


def _files(package: dict[str, Any]) -> dict[str, bytes]:
    """The files of a package, by the names that they get, out of an archive that is as pinned."""
    pinned = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["npm", "pack", "--silent", pinned], cwd=directory, check=True)
        (archive,) = Path(directory).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != package["sha512"]:
            sys.exit(f"{pinned} is not the archive that was pinned: it has {digest}")
        with tarfile.open(archive) as packed:
            return {name: _read(packed, path) for name, path in package["files"].items()}


def _read(packed: tarfile.TarFile, path: str) -> bytes:
    member = packed.extractfile(f"package/{path}")
    if member is None:
        raise ValueError(f"{path} is no file")
    return member.read()


def _for_browsers(text: str, imports: dict[str, str]) -> str:
    """With paths for bare imports, and without the maps, which are not here."""
    bare = "|".join(map(re.escape, imports))
    text = re.sub(
        rf'\b(from|import) ?"({bare})"', lambda found: f'{found[1]}"{imports[found[2]]}"', text
    )
    return re.sub(r"\n//# sourceMappingURL=\S+", "", text)


if __name__ == "__main__":
    main()
