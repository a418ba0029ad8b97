#!/usr/bin/env bash
# Installs what test:clients runs, pinned, where nothing of ours depends on it: the generators, Flask for its example, and
# a parser of Prometheus.
set -euo pipefail
cd "$(dirname "$0")/../../"

python3 -m venv node_modules/.cache/openapi-python-client
node_modules/.cache/openapi-python-client/bin/pip install --quiet openapi-python-client==0.29.1

python3 -m venv node_modules/.cache/flask
node_modules/.cache/flask/bin/pip install --quiet flask==3.1.3

python3 -m venv node_modules/.cache/prometheus
node_modules/.cache/prometheus/bin/pip install --quiet prometheus_client==0.26.0

mkdir -p node_modules/.cache/openapi-typescript
npm install --prefix node_modules/.cache/openapi-typescript --silent openapi-typescript@7.13.0 typescript@5.9.3
