#!/bin/sh
# Runs the stub cloud until the script ends. The environment points the provider to it.
set -eu
elbstub -addr 127.0.0.1:8080 >elbstub.log &
trap "kill $!" EXIT
until grep -q "listens at" elbstub.log; do
  sleep 1
  kill -0 $! # ends the script if the stub has ended
done

export ELBAAS_ENDPOINT=http://127.0.0.1:8080/elb
export HW_PROJECT_ID=0123456789abcdef0123456789abcdef
export HW_AUTH_TOKEN=stub-token

tf=${TF:-terraform}
"$tf" init -input=false
"$tf" apply -input=false -auto-approve
"$tf" plan -input=false -detailed-exitcode # fails if the plan is not empty
