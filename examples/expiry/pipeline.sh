#!/bin/sh
# Fails if a check does not pass. Terraform itself only warns.
set -eu
tf=${TF:-terraform}
"$tf" plan -input=false -out=plan.tfplan
if "$tf" show -json plan.tfplan | grep -Eq '"status":"(fail|error)"'; then
  echo "A check did not pass: see the warnings above." >&2
  exit 1
fi
