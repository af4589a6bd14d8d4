#!/bin/sh
# Starts the service of this image. Without a provider the stack still answers, on the demo model, and says so on the page.
# The model is the service `demo-model` where the compose profile `demo` runs it; else the worker's image has a copy, which
# is kept running inside the container and ends with it.
set -eu

if [ -z "${OPENAI_API_KEY:-}${OPENAI_API_KEY_FILE:-}${OPENAI_BASE_URL:-}" ]; then
  export HOLDFAST_DEMO=1
  if getent hosts demo-model >/dev/null 2>&1; then
    export HOLDFAST_DEMO_MODEL_URL=http://demo-model:8090/v1
  elif [ -d /demo-model ]; then
    (
      cd /demo-model
      while :; do
        DEMO_MODEL_HOST=127.0.0.1 DEMO_MODEL_PORT=8090 node dist/main.js || :
        sleep 1
      done
    ) &
  fi
fi

exec node dist/main.js
