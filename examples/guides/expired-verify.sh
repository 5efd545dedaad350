openssl s_client -connect www.example.com:443 -servername www.example.com \
  -verify_hostname www.example.com -verify_return_error </dev/null |
  openssl x509 -noout -dates
