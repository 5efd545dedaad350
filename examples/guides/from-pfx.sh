umask 077 # only you can read the key
openssl pkcs12 -in www.example.com.pfx -passin env:PFX_PASSWORD -nokeys -out www.example.com.crt
openssl pkcs12 -in www.example.com.pfx -passin env:PFX_PASSWORD -nocerts -nodes -out www.example.com.key
