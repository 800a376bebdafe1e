# /// script
# dependencies = [
#     "sling==1.4.11",
#     "sling-linux-amd64==1.4.11",
#     "duckdb-cli==1.4.4",
#     "duckdb-extension-json==1.4.4",
#     "duckdb-extension-parquet==1.4.4",
#     "duckdb-extension-httpfs==1.4.4",
# ]
# ///
"""Sling, into a Parquet file.

Sling writes Parquet through DuckDB's program, which it would download together with extensions;
here all of these come from PyPI.
"""

import os
import sys
from pathlib import Path

import sling_linux_amd64  # type: ignore[import-not-found]

table, directory = sys.argv[1:]
schema = os.environ["SOURCE_SCHEMA"]
packages = Path(sling_linux_amd64.__file__).parent.parent
duckdb = Path(sys.executable).parent / "duckdb"
duckdb.chmod(0o755)  # the wheel leaves it without the right to be run
home = Path("home").absolute()
extensions = home / ".duckdb" / "extensions" / "v1.4.4" / "linux_amd64"
extensions.mkdir(parents=True)
for extension in packages.glob("duckdb_extension_*/extensions/*/*.duckdb_extension"):
    (extensions / extension.name).symlink_to(extension)

os.environ |= {
    "HOME": str(home),
    "SLING_HOME_DIR": str(home),
    "SLING_DISABLE_TELEMETRY": "TRUE",
    "DUCKDB_PATH": str(duckdb),
    "SOURCE": os.environ["SOURCE_URL"],
}
binary = str(packages / "sling_linux_amd64" / "bin" / "sling-linux-amd64")
os.execv(
    binary,
    [
        binary, "run", "--src-conn=SOURCE", f"--src-stream={schema}.{table}",
        f"--tgt-object=file://{directory}/rows.parquet",
        "--tgt-options={format: parquet, compression: zstd}",
    ],
)  # fmt: skip
