endpoint=https://elb.eu-de.otc.t-systems.com
project_id=0123456789abcdef0123456789abcdef

# Print only the status: the response contains the private keys of the project.
curl -s -o /dev/null -w '%{http_code}\n' -H "X-Auth-Token: $OS_AUTH_TOKEN" \
  "$endpoint/v1.0/$project_id/elbaas/certificate"
