#!/bin/sh
# Writes the bytecode of all that lies in directories: image/compile.sh PYTHON DIRECTORY…
#
# Whatever is not compiled is compiled again at each cold start. The files never change, so Python
# does not have to look whether they have.
set -eu
python=$1
shift
exec "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$@"
