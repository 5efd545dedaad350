#!/bin/sh
# Runs the stub cloud with one listener until the script ends.
set -eu
elbstub -addr 127.0.0.1:8080 -listeners 1 >elbstub.log &
trap "kill $!" EXIT
until grep -q "Stop it with" elbstub.log; do
  sleep 1
  kill -0 $! # ends the script if the stub has ended
done

export ELBAAS_ENDPOINT=http://127.0.0.1:8080/elb
export HW_PROJECT_ID=0123456789abcdef0123456789abcdef
export HW_ACCESS_KEY=stub-access-key
export HW_SECRET_KEY=stub-secret-key

# Every run has a new listener and a new certificate. The stub prints their IDs.
TF_VAR_listener_id=$(sed -n 's/^  \([0-9a-f]*\)  https-1, .*/\1/p' elbstub.log)
TF_VAR_fallback_certificate_id=$(sed -n 's/.* which serve certificate \([0-9a-f]*\):$/\1/p' elbstub.log)
export TF_VAR_listener_id TF_VAR_fallback_certificate_id

tf=${TF:-terraform}
"$tf" init -input=false
"$tf" test
