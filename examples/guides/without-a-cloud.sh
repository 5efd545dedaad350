#!/bin/sh
# Starts the stub cloud, and ends it when the script ends. What follows may plan and
# apply: the provider finds the stub in its environment.
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
"$tf" plan -input=false -detailed-exitcode # fails when the plan is not empty
