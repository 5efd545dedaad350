umask 077 # the key is for you alone
openssl pkcs12 -in www.example.com.pfx -passin env:PFX_PASSWORD -nokeys -out www.example.com.crt
openssl pkcs12 -in www.example.com.pfx -passin env:PFX_PASSWORD -nocerts -nodes -out www.example.com.key
