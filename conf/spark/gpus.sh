#!/usr/bin/env bash
# The GPUs of this machine, as Spark asks for them: {"name": "gpu", "addresses": ["0", "1"]}.
# Spark runs it on each worker or executor: spark.{worker,executor}.resource.gpu.discoveryScript.
set -euo pipefail
addresses=$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/[^0-9]//g; s/.*/"&"/' | paste -sd, -)
echo "{\"name\": \"gpu\", \"addresses\": [$addresses]}"
