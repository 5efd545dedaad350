variable "serial" {
  description = "Change this to fetch the files again."
  type        = string
}

resource "terraform_data" "files" {
  input            = path.module
  triggers_replace = [var.serial]

  provisioner "local-exec" {
    command = "sh fetch.sh" # writes www.example.com.crt and www.example.com.key
  }
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${terraform_data.files.output}/www.example.com.crt")
  private_key_wo = file("${terraform_data.files.output}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}
