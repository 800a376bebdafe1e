#!/usr/bin/env bash
# Makes what the image holds: image/build.sh DIRECTORY. The Dockerfile runs it, and the tests do.
#
# The directory becomes a virtual environment without pip: the packages of requirements-cloud.lock,
# Headrace with its decoders compiled, the functions, and the command `serve`, all in bytecode. It
# works only where it was made, since its commands name their interpreter.
set -euo pipefail

target=$(realpath --canonicalize-missing "$1")
cd "$(dirname "$0")/.."
work=$(mktemp --directory)
python=${PYTHON:-python3}
trap 'rm -rf "$work"' EXIT

"$python" -m venv --clear --without-pip "$target"
"$python" -m venv "$work/tools"
pip() { "$work/tools/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
into_target() { pip --python "$target" install --no-deps --no-compile "$@"; }

# Wheels alone, whose hashes are known: nothing that is downloaded runs here.
into_target --only-binary :all: --require-hashes --requirement requirements-cloud.lock &
packages=$!

# What compiles the decoders has the versions of development.
awk '/^(cython|setuptools)==/, !/\\$/' requirements-dev.lock >"$work/build.lock"
pip install --no-deps --only-binary :all: --require-hashes --requirement "$work/build.lock"

mkdir --parents "$work/headrace/web" # without the page, which lies in a bucket
tar --create --exclude='*.so' --exclude='*.egg-info' --exclude=__pycache__ \
  pyproject.toml setup.py README.md LICENSE src | tar --extract --directory "$work/headrace"
pip wheel --no-deps --no-build-isolation --no-index --wheel-dir "$work" "$work/headrace"

wait "$packages"
into_target --no-index "$work"/headrace-*.whl

# Headers and tests of the packages are half of their files.
find "$target/lib" -type d \( -name include -o -name tests \) -prune -exec rm -r {} +

for main in functions/*/main.py; do
  install -D --mode 644 "$main" "$target/$main"
done
install --mode 755 image/serve.sh "$target/bin/serve"
image/compile.sh "$target/bin/python" "$target/lib" "$target/functions"
