# /// script
# dependencies = ["rivet-cli==0.32.2"]
# ///
"""rivet, one export of the whole table into Parquet.

It asks MySQL for a time limit by a variable that MariaDB doesn't have. For MariaDB a copy of the
program is run in which that variable's name is replaced by MariaDB's own, of the same length.
"""

import os
import sys
from pathlib import Path

table, directory = sys.argv[1:]
config = Path("rivet.yaml")
program = Path(sys.executable).parent / "rivet"
kind = "postgres" if os.environ["SOURCE_URL"].startswith("postgres") else "mysql"
if kind == "mysql":
    patched = program.with_name("rivet-for-mariadb")
    if not patched.exists():
        code = program.read_bytes().replace(b"max_execution_time", b"max_statement_time")
        patched.write_bytes(code)
        patched.chmod(0o755)
    program = patched
config.write_text(f"""\
source:
  type: {kind}
  url_env: SOURCE_URL
exports:
  - name: {table}
    query: "SELECT * FROM {table}"
    mode: full
    format: parquet
    compression: zstd
    destination:
      type: local
      path: {directory}
""")
os.execv(program, [str(program), "run", "--config", str(config), "--no-notify"])
