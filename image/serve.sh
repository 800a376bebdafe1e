#!/bin/sh
# Serves the function that FUNCTION_TARGET names, on PORT.
set -eu
: "${FUNCTION_TARGET:?It has to name a function.}"
cd "$(dirname "$0")/.."

# How many requests come at once is for Cloud Run to say (`concurrency` in terraform/rights.tf). By
# default there are four threads a processor, and others would wait behind a long request. A thread
# is made when one is needed.
export THREADS="${THREADS:-200}"
exec bin/functions-framework --source "functions/$FUNCTION_TARGET/main.py"
