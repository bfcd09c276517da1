#!/usr/bin/env bash
# Detectron2 comes last: its installation needs the environment's own torch and setuptools.
set -euo pipefail
python "$(dirname "${BASH_SOURCE[0]}")/install_detectron2.py"
